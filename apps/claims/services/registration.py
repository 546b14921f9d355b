"""What the steps of a registration write down, each the moment it is known."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.claims.errors import ClaimNotFound
from apps.claims.events import ClaimRegistered
from apps.claims.models import Claim, ClaimNote, Document, Registration
from apps.claims.rules.handover import set_digest
from apps.claims.selectors.registration import handover_files
from apps.claims.services.changes import claim_lock, claim_tell
from apps.core.errors import Conflict
from apps.core.outbox import publish

NOTE_LENGTH = 2000


@transaction.atomic
def registration_note(*, claim_id: UUID, **fields: Any) -> Registration:
    """Keep what a step has learned. Raises ClaimNotFound."""
    claim = claim_lock(claim_id)
    row, _new = Registration.objects.get_or_create(claim=claim)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=[*fields, "updated_at"])
    if "ticket_number" in fields:  # it stands in the staff's list; the other steps are told by their deliveries
        claim_tell(claim, ["registration"])
    return row


def document_handed_over(*, document_id: UUID, path: str, now: datetime) -> None:
    Document.objects.filter(pk=document_id).update(handed_over_at=now, share_path=path)


@transaction.atomic
def archive_note(*, claim_id: UUID, digest: str, now: datetime, **fields: Any) -> bool:
    """Keep where the archive of the documents with `digest` is; False if the claim has other documents by now."""
    claim_lock(claim_id)
    if set_digest((one.name, one.sha256) for one in handover_files(claim_id)) != digest:
        return False
    registration_note(claim_id=claim_id, archived_at=now, **fields)
    return True


@transaction.atomic
def registration_complete(*, claim_id: UUID, now: datetime) -> None:
    """The last step: from now on the claim counts as handed over, which is told once."""
    registration_note(claim_id=claim_id)
    if Registration.objects.filter(claim=claim_id, completed_at=None).update(completed_at=now):
        publish(ClaimRegistered(claim_id=claim_id), now=now)


@transaction.atomic
def claim_note_add(*, about: str, source: str, text: str, now: datetime) -> ClaimNote:
    """Keep what another system says of the claim with this number or id. Raises ClaimNotFound, Conflict."""
    named = Q(number=about) if about.startswith("CLM-") else Q(pk=_id(about))
    claim = Claim.objects.filter(named).first()
    if claim is None:
        raise ClaimNotFound
    if not text.strip() or len(text) > NOTE_LENGTH:
        raise Conflict(_("A note has from 1 to %(most)d characters.") % {"most": NOTE_LENGTH}, code="note_invalid")
    note = ClaimNote.objects.create(claim=claim, source=source, text=text.strip(), at=now)
    claim_tell(claim, ["notes"])
    return note


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ClaimNotFound from None
