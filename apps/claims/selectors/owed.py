"""What an applicant still owes to a submitted claim, in words."""

from apps.claims.models import Claim, DocumentRequest
from apps.claims.rules import form
from apps.claims.selectors import draft_of, entries_of, form_slots, with_definition
from apps.core.fields import translated


def owed_titles(claim: Claim) -> list[str]:
    """What is missing after the submit, called as the form calls it, in the claim's language; empty if nothing is."""
    return list(_owed(claim))


def owed_slot(claim: Claim) -> str:
    """The document that alone is missing; empty if more is, or something else."""
    slots = _owed(claim).values()
    return next(iter(slots)) if len(slots) == 1 else ""


def _owed(claim: Claim) -> dict[str, str]:
    """What is missing by its title: the document's key, or nothing for a question."""
    if claim.is_draft or not claim.takes_documents:
        return {}
    with_definition(claim)
    lacking = form.missing(claim.definition.content, draft_of(claim))
    asked = claim.document_requests.filter(answered_at=None)
    papers = [one.subject for step, one in lacking if step == "documents" and one.subject]
    return {
        **{request_title(claim, one): one.slot if one.kind == "document" else "" for one in asked},
        **{translated(one["title"], claim.language): one["key"] for one in papers},
    }


def request_title(claim: Claim, request: DocumentRequest) -> str:
    """How the form calls what staff asked for; their own words for what the form does not know."""
    with_definition(claim)
    if request.kind == "question":
        items = form.questions(claim.definition.content, claim.event_type, entries_of(claim))
    else:
        items = form_slots(claim)
    item = next((one for one in items if one["key"] == request.slot), None)
    return translated(item.get("title") or item.get("label"), claim.language) if item else request.text
