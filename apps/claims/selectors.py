"""Reads of claims. Each list starts from who is asking."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.claims.errors import ClaimNotFound
from apps.claims.form_texts import MISSING_TEXTS
from apps.claims.models import Claim, Document, DocumentSlot, EventType, FormDefinition, Question, SbpBank
from apps.claims.rules import form
from apps.core.errors import Problem
from apps.core.fields import translated

Json = Mapping[str, Any]


def applicant_claims(*, contact_id: UUID, now: datetime) -> "QuerySet[Claim]":
    """A contact's own claims, the newest first; a draft past its time is gone already."""
    alive = ~Q(status=Claim.Status.DRAFT) | Q(expires_at__gt=now)
    return Claim.objects.filter(alive, contact_id=contact_id)


@lru_cache(maxsize=16)
def _published(definition_id: UUID) -> FormDefinition:
    return FormDefinition.objects.get(pk=definition_id)


def with_definition(claim: Claim) -> Claim:
    """The claim with its definition from memory: what is published never changes, and is too big to read each time."""
    claim.definition = _published(claim.definition_id)
    return claim


def unfinished_drafts(*, contact_id: UUID, now: datetime) -> "QuerySet[Claim]":
    drafts = applicant_claims(contact_id=contact_id, now=now).filter(status=Claim.Status.DRAFT)
    return drafts.order_by("-updated_at")


def applicant_claim(*, contact_id: UUID, number: str, now: datetime) -> Claim:
    """One of a contact's own claims with all that its page shows. Raises ClaimNotFound, also for another's claim."""
    claims = applicant_claims(contact_id=contact_id, now=now)
    joined = claims.select_related("contact", "policy__product", "project", "requisites")
    found = joined.prefetch_related("documents", "document_requests").filter(number=number).first()
    if found is None:
        raise ClaimNotFound
    return with_definition(found)


def applicant_claim_id(*, contact_id: UUID, number: str, now: datetime) -> UUID:
    """The id of one of a contact's own claims. Raises ClaimNotFound, also for another's claim."""
    claims = applicant_claims(contact_id=contact_id, now=now).filter(number=number)
    claim_id = claims.order_by().values_list("pk", flat=True).first()
    if claim_id is None:
        raise ClaimNotFound
    return claim_id


def claim_to_tell(claim_id: UUID) -> Claim:
    """A claim with what a message about it needs. Raises ClaimNotFound."""
    found = Claim.objects.select_related("contact", "definition").filter(pk=claim_id).first()
    if found is None:
        raise ClaimNotFound
    return found


def claim_receipt(claim: Claim) -> bytes:
    """The receipt of a submitted claim: a PDF in the claim's language."""
    from apps.claims.receipt import receipt_pdf

    return receipt_pdf(claim, claim.language)


def applicant_document(*, claim: Claim, document_id: UUID) -> Document:
    """A document of the claim. Raises ClaimNotFound."""
    found = claim.documents.filter(pk=document_id).first()
    if found is None:
        raise ClaimNotFound(_("There is no such document."))
    return found


def draft_of(claim: Claim) -> form.Draft:
    """What the form's rules need to know of a claim."""
    kept = getattr(claim, "requisites", None)
    return form.Draft(
        description=claim.description,
        event_type=claim.event_type,
        event_date=claim.event_date,
        event_place=claim.event_place,
        policy_number=claim.policy_number,
        answers=claim.answers,
        filled_slots={one.slot for one in claim.documents.all() if one.state != Document.State.REJECTED},
        requisites=kept is not None,
        requisites_confirmed=bool(kept and kept.confirmed_at),
    )


def missing_count(claim: Claim) -> int:
    """How many things the applicant still owes: of the whole form for a draft, of documents and requests afterwards."""
    lacking = form.missing(claim.definition.content, draft_of(claim))
    if claim.is_draft:
        return len(lacking)
    if not claim.takes_documents:
        return 0
    asked = claim.document_requests.filter(answered_at=None)
    named = {one.slot for one in asked}
    papers = [one for step, one in lacking if step == "documents" and one.attr.removeprefix("slots.") not in named]
    return len(papers) + len(asked)


def missing_sentences(claim: Claim, language: str) -> list[Problem]:
    """A problem for each thing that keeps the claim from being submitted, in `language`."""
    return [missing_problem(one, language) for _step, one in form.missing(claim.definition.content, draft_of(claim))]


def missing_problem(one: form.Missing, language: str) -> Problem:
    if one.subject:
        title = translated(one.subject.get("title") or one.subject.get("label"), language)
        text = MISSING_TEXTS["document_missing" if one.code == "document_missing" else "question"]
        return Problem(one.code, str(text) % {"title": title}, one.attr)
    return Problem(one.code, MISSING_TEXTS.get(one.attr if one.code == "required" else one.code) or "", one.attr)


def event_title(claim: Claim, language: str | None = None) -> str:
    chosen = form.event_type(claim.definition.content, claim.event_type)
    return translated(chosen["title"], language) if chosen else ""


def yes_no_words() -> dict[bool, str]:
    return {True: _("Yes"), False: _("No")}


def claim_answers(claim: Claim, language: str) -> list[tuple[str, str]]:
    """The answered questions that are asked of this claim, as (question, answer) for people."""
    with override(language):
        words = yes_no_words()
    asked = form.visible_questions(claim.definition.content, claim.event_type, claim.answers)
    pairs = ((one, form.answer_text(one, claim.answers.get(one["key"]), language, words)) for one in asked)
    return [(translated(one["label"], language), text) for one, text in pairs if text]


def slot_state(documents: Iterable[Document]) -> str:
    """waiting, received, accepted or rejected, of the files in one slot."""
    states = {one.state for one in documents}
    if not states:
        return "waiting"
    if states == {Document.State.REJECTED}:
        return "rejected"
    return "received" if Document.State.RECEIVED in states else "accepted"


def claim_slots(claim: Claim, language: str) -> list[dict[str, Any]]:
    """The claim's slots with texts in `language`, their state and their documents (rows)."""
    held = list(claim.documents.all())
    found = []
    for slot in form.slots(claim.definition.content, claim.event_type):
        mine = [one for one in held if one.slot == slot["key"]]
        found.append({**slot_texts(slot, language), "state": slot_state(mine), "documents": mine})
    return found


def slot_texts(slot: Json, language: str) -> dict[str, Any]:
    plain = {name: slot[name] for name in ("key", "required", "order", "max_files", "accepts")}
    return {**plain, **{name: translated(slot.get(name), language) for name in ("title", "why", "accepts_note")}}


def question_texts(question: Json, language: str) -> dict[str, Any]:
    names = ("key", "kind", "required", "order", "condition", "role", "min", "max")
    choices = [{"value": c["value"], "label": translated(c["label"], language)} for c in question.get("choices") or []]
    return {
        **{name: question.get(name) for name in names},
        "role": question.get("role") or "",
        "label": translated(question["label"], language),
        "help": translated(question.get("help"), language),
        "choices": choices,
    }


def claim_timeline(claim: Claim) -> list[dict[str, Any]]:
    """What has really happened to the claim, the oldest first: `{at, code, text}` in the active language."""
    lines = [{"at": claim.created_at, "code": "begun", "text": _("You began this claim.")}]
    if claim.is_draft:
        return lines  # nothing else has happened that its applicant did not do
    for change in claim.status_changes.all():
        text = _STATUS_LINES[Claim.Status(change.target)]()
        reason = f" {change.reason}" if change.reason else ""
        lines.append({"at": change.at, "code": f"status.{change.target}", "text": text + reason})
    received = _("We received a document: %(name)s.")
    lines.extend(
        {"at": one.created_at, "code": "document.received", "text": received % {"name": one.name}}
        for one in claim.documents.all()
    )
    refused = _("%(name)s does not fit: %(reason)s")
    lines.extend(
        {"at": one.updated_at, "code": "document.rejected", "text": refused % {"name": one.name, "reason": one.reason}}
        for one in claim.documents.all()
        if one.state == Document.State.REJECTED
    )
    asked = _("We asked for: %(text)s")
    lines.extend(
        {"at": one.at, "code": "documents.requested", "text": asked % {"text": one.text}}
        for one in claim.document_requests.all()
    )
    return sorted(lines, key=lambda line: line["at"])


_STATUS_LINES: dict[Claim.Status, Callable[[], str]] = {
    Claim.Status.SUBMITTED: lambda: _("We received your claim."),
    Claim.Status.IN_REVIEW: lambda: _("We are looking at your claim."),
    Claim.Status.NEEDS_DOCUMENTS: lambda: _("We need more documents from you."),
    Claim.Status.APPROVED: lambda: _("Your claim is approved. The payout is being prepared."),
    Claim.Status.REJECTED: lambda: _("Your claim is rejected."),
    Claim.Status.PAID: lambda: _("The payout is on its way."),
    Claim.Status.WITHDRAWN: lambda: _("The claim was withdrawn."),
}


def banks() -> "QuerySet[SbpBank]":
    """The banks that a payout by phone can go to."""
    return SbpBank.objects.filter(is_active=True)


def catalogue_content() -> dict[str, Any]:
    """The catalogue's rows as a definition, ready to be published."""
    questions = list(Question.objects.order_by("order", "key"))
    slots = list(DocumentSlot.objects.order_by("order", "key"))

    def of(event_type_id: UUID | None) -> dict[str, Any]:
        return {
            "questions": [_question_json(one) for one in questions if one.event_type_id == event_type_id],
            "slots": [_slot_json(one) for one in slots if one.event_type_id == event_type_id],
        }

    return {
        "event_types": [
            {"code": one.code, "order": one.order, "icon": one.icon, "title": one.title,
             "description": one.description, "words": one.words, **of(one.pk)}
            for one in EventType.objects.filter(is_active=True).order_by("order", "code")
        ],
        "common": of(None),
    }  # fmt: skip


def _question_json(one: Question) -> dict[str, Any]:
    wanted: Any = one.condition_value
    condition = {"question": one.condition_key, "equals": {"true": True, "false": False}.get(wanted, wanted)}
    return {
        "key": one.key, "kind": one.kind, "label": one.label, "help": one.help, "required": one.required,
        "order": one.order, "choices": one.choices, "condition": condition if one.condition_key else None,
        "role": one.role, "min": _bound(one.least), "max": _bound(one.most),
    }  # fmt: skip


def _bound(value: Any) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _slot_json(one: DocumentSlot) -> dict[str, Any]:
    names = ("key", "title", "why", "accepts_note", "accepts", "required", "max_files", "order")
    return {name: getattr(one, name) for name in names}


def definition_changes() -> dict[str, int]:
    """How the catalogue differs from what is published: counts of event types `added`, `changed` and `removed`."""
    newest = FormDefinition.objects.order_by("-version").first()
    old, new = newest.content if newest else {"event_types": [], "common": None}, catalogue_content()
    before = {one["code"]: one for one in old["event_types"]}
    after = {one["code"]: one for one in new["event_types"]}
    changed = sum(1 for code in before.keys() & after.keys() if before[code] != after[code])
    return {
        "added": len(after.keys() - before.keys()),
        "changed": changed + (old["common"] != new["common"]),
        "removed": len(before.keys() - after.keys()),
    }
