"""Showing personal data in full: by POST, with the permission for it, counted, and written down."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from apps.core import audit
from apps.core.errors import DomainError
from apps.core.quotas import Limit, QuotaExceeded, reserve

AN_HOUR = 60  # times


class TooManyReveals(DomainError):
    code = "too_many_reveals"
    status = 429
    detail = _("You have looked at many personal details within an hour. Go on a little later.")


@transaction.atomic
def reveal(*, target: models.Model, what: str, permission: str, action: str, actor: Any, now: Any) -> None:
    """Note that `actor` is shown `what` of `target`. Raises PermissionDenied, TooManyReveals; then show nothing."""
    if not actor.has_perm(permission):
        raise PermissionDenied
    try:
        reserve([Limit(f"reveal.{actor.pk}", AN_HOUR, 3600)], now=now)
    except QuotaExceeded as refused:
        raise TooManyReveals(retry_after=refused.retry_after) from None
    audit.record(action=action, target=target, actor=actor, now=now, what=what)
