"""Whose papers are read first when many wait: one applicant's many or slow ones hold up nobody else's."""

import contextlib
import math
import time
from collections.abc import Iterator

from django.utils.translation import gettext_noop

from apps.claims.models import Document
from apps.claims.selectors.reading import others_wait
from apps.core.outbox import Postponed, Work
from apps.core.quotas import Limit, is_spent, spend

SHARE, WINDOW = 90, 600  # seconds of reading for one applicant, and in what time
AGAIN = 15  # s
OTHERS_FIRST = gettext_noop("other applicants' papers are read first")


@contextlib.contextmanager
def in_turn(work: Work, document: Document) -> Iterator[None]:
    """Count the time that the body takes. Raises Postponed when the applicant has had their share and others wait."""
    share = Limit(f"reading.{document.claim.contact_id}", SHARE, WINDOW)
    if is_spent(share, now=work.clock()) and others_wait(document.claim.contact_id):
        raise Postponed(OTHERS_FIRST, AGAIN)
    began = time.monotonic()
    try:
        yield
    finally:
        spend(share, math.ceil(time.monotonic() - began), now=work.clock())
