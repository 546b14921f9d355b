"""What every change of a claim shares: lock it, keep it alive, count what is missing, tell the open pages."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from apps.claims.errors import ClaimNotEditable, ClaimNotFound
from apps.claims.models import Claim
from apps.claims.rules.reminders import first_reminder
from apps.claims.selectors import missing_count, with_definition
from apps.contacts.rules.names import folded
from apps.core.realtime import group_name, tell

REASON_MOST = 1000  # characters of why staff did it, and of what they write beside a status


def claim_lock(claim_id: UUID) -> Claim:
    """The claim with its row locked until the transaction ends. Raises ClaimNotFound.

    It is read after it is locked: a statement that waits for the lock would show what is joined as it was before.
    """
    if not Claim.objects.select_for_update().filter(pk=claim_id).values_list("pk", flat=True).first():
        raise ClaimNotFound
    rows = Claim.objects.select_related("contact", "policy__product", "project", "requisites")
    return with_definition(rows.get(pk=claim_id))


def draft_lock(claim_id: UUID, now: datetime) -> Claim:
    """A claim that may still be edited. Raises ClaimNotFound, ClaimNotEditable."""
    claim = claim_lock(claim_id)
    claim.require_editable(now)
    return claim


def require_takes_documents(claim: Claim, now: datetime) -> None:
    """Raise ClaimNotEditable unless files may be added to or taken from the claim."""
    if claim.is_draft:
        claim.require_editable(now)
    elif not claim.takes_documents:
        raise ClaimNotEditable


def claim_save(claim: Claim, *fields: str, now: datetime, what: list[str]) -> None:
    """Save `fields` with the next version, keep a draft alive, and tell open pages `what` changed."""
    claim.version += 1
    claim.missing = missing_count(claim)
    claim.updated_at = now
    names = {"version", "missing", "updated_at", *fields}
    if claim.is_draft:
        claim.expires_at = now + timedelta(hours=settings.DRAFT_HOURS)
        names.add("expires_at")
    elif claim.missing == 0 or not (claim.remind_at or claim.reminders):
        # Owes nothing any more, or begins to owe something; after the last reminder there is silence.
        claim.remind_at, claim.reminders = first_reminder(now) if claim.missing else None, 0
        names |= {"remind_at", "reminders"}
    claim.save(update_fields=sorted(names))
    claim_tell(claim, what)


def claim_tell(claim: Claim, what: list[str]) -> None:
    hint: dict[str, Any] = {"number": claim.number, "version": claim.version, "what": what}
    tell(group_name("claim", str(claim.pk)), "claim.changed", **hint)
    if not claim.is_draft:
        tell(group_name("staff.claims"), "claims.changed", **hint)


def search_text(claim: Claim) -> str:
    """What the staff's search box looks through: the number and the person's name, without case."""
    return folded(f"{claim.number} {claim.contact.full_name}")[:260]
