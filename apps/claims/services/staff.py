"""What staff do with a claim."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.claims.errors import ClaimNotEditable, IllegalTransition
from apps.claims.events import ClaimStatusChanged, DocumentsRequested
from apps.claims.models import Claim, ClaimStatusChange, DocumentRequest
from apps.claims.rules import form
from apps.claims.services.changes import claim_lock, claim_save
from apps.core import audit
from apps.core.errors import Conflict
from apps.core.outbox import publish

REASONED = (Claim.Status.REJECTED, Claim.Status.WITHDRAWN)


@transaction.atomic
def claim_move(*, claim_id: UUID, to: Claim.Status, actor: User, reason: str, now: datetime) -> Claim:
    """Move a submitted claim to another status, with a reason where it ends. Raises IllegalTransition, Conflict."""
    claim = claim_lock(claim_id)
    if claim.is_draft:  # only its applicant hands it over
        raise IllegalTransition(number=claim.number, source=claim.status, target=to)
    reason = reason.strip()
    if to in REASONED and not reason:
        raise Conflict(_("Say why: the applicant will read it."), code="reason_required")
    _move(claim, to, actor, reason, now)
    return claim


def _move(claim: Claim, to: Claim.Status, actor: User, reason: str, now: datetime) -> None:
    source = claim.status
    claim.advance(to)
    claim_save(claim, "status", now=now, what=["status"])
    change = ClaimStatusChange.objects.create(claim=claim, source=source, target=to, actor=actor, reason=reason, at=now)
    audit.record(action="claim.move", target=claim, actor=actor, now=now, reason=reason, source=source, to=to)
    publish(ClaimStatusChanged(claim_id=claim.pk, change_id=change.pk), now=now)


@transaction.atomic
def documents_request(*, claim_id: UUID, slot: str, text: str, actor: User, now: datetime) -> DocumentRequest:
    """Ask the applicant for a document of `slot` ("" for any), in words. The claim waits for it from now on.

    Raises ClaimNotEditable, Conflict.
    """
    claim = claim_lock(claim_id)
    if claim.is_draft or not claim.takes_documents:
        raise ClaimNotEditable
    keys = {one["key"] for one in form.slots(claim.definition.content, claim.event_type)}
    if (slot and slot not in keys) or not text.strip():
        raise Conflict(_("Choose a document and say what is needed."), code="request_incomplete")
    request = DocumentRequest.objects.create(claim=claim, slot=slot, text=text.strip(), actor=actor, at=now)
    if claim.status == Claim.Status.NEEDS_DOCUMENTS:
        claim_save(claim, now=now, what=["requests"])
    else:
        _move(claim, Claim.Status.NEEDS_DOCUMENTS, actor, "", now)
    audit.record(action="documents.request", target=claim, actor=actor, now=now, slot=slot)
    publish(DocumentsRequested(claim_id=claim.pk, request_id=request.pk), now=now)
    return request
