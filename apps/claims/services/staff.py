"""What staff do with a claim."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.claims.errors import IllegalTransition
from apps.claims.events import ClaimStatusChanged
from apps.claims.models import Claim, ClaimStatusChange
from apps.claims.services.changes import REASON_MOST, claim_lock, claim_save
from apps.core import audit
from apps.core.errors import Conflict
from apps.core.outbox import publish
from apps.core.texts import kept_text

REASONED = (Claim.Status.REJECTED, Claim.Status.WITHDRAWN)


@transaction.atomic
def claim_move(*, claim_id: UUID, to: Claim.Status, actor: User, reason: str, now: datetime) -> Claim:
    """Move a submitted claim to another status, with a reason where it ends.

    Raises IllegalTransition, Conflict, TextRefused.
    """
    claim = claim_lock(claim_id)
    if claim.is_draft:  # only its applicant hands it over
        raise IllegalTransition(number=claim.number, source=claim.status, target=to)
    reason = kept_text(reason, most=REASON_MOST)
    if to in REASONED and not reason:
        raise Conflict(_("Say why: the applicant will read it."), code="reason_required")
    claim_advance(claim, to, actor, reason, now)
    return claim


def claim_advance(claim: Claim, to: Claim.Status, actor: User, reason: str, now: datetime) -> None:
    """Move a locked claim, with its line of history and its event. Raises IllegalTransition."""
    source = claim.status
    claim.advance(to)
    claim_save(claim, "status", now=now, what=["status"])
    change = ClaimStatusChange.objects.create(claim=claim, source=source, target=to, actor=actor, reason=reason, at=now)
    audit.record(action="claim.move", target=claim, actor=actor, now=now, reason=reason, source=source, to=to)
    publish(ClaimStatusChanged(claim_id=claim.pk, change_id=change.pk), now=now)
