"""Reads of claims. Each list starts from who is asking."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.claims.errors import ClaimNotFound
from apps.claims.form_texts import MISSING_TEXTS
from apps.claims.models import (
    Advice,
    Claim,
    Document,
    DocumentKind,
    DocumentSlot,
    EventType,
    FormDefinition,
    Question,
    SbpBank,
)
from apps.claims.rules import form
from apps.core.errors import Problem
from apps.core.fields import translated
from apps.core.targets import parked

Json = Mapping[str, Any]
HELD = ("documents__reading", "checklist")  # what a claim's needs and their states depend on


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
    held = joined.prefetch_related(*HELD, "document_requests", "advice")
    found = held.filter(number=number).first()
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


def entries_of(claim: Claim) -> list[form.Entry]:
    """How what the claim needs differs from its form."""
    return [
        form.Entry(one.kind, one.key, one.origin, one.waived, one.title, one.reason, one.evidence)
        for one in claim.checklist.all()
    ]


def form_slots(claim: Claim) -> list[Json]:
    """The document slots of this claim, as `form.slots`."""
    return form.slots(claim.definition.content, claim.event_type, entries_of(claim))


def asked_questions(claim: Claim) -> list[Json]:
    """The questions that this claim is asked now, as `form.visible_questions`."""
    return form.visible_questions(claim.definition.content, claim.event_type, claim.answers, entries_of(claim))


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
        entries=entries_of(claim),
    )


def missing_count(claim: Claim) -> int:
    """How many things the applicant still owes: of the whole form for a draft, of documents and requests afterwards."""
    lacking = form.missing(claim.definition.content, draft_of(claim))
    if claim.is_draft:
        return len(lacking)
    if not claim.takes_documents:
        return 0
    asked = claim.document_requests.filter(answered_at=None)
    named = {f"{'slots' if one.kind == 'document' else 'answers'}.{one.slot}" for one in asked}
    return len(asked) + sum(1 for step, one in lacking if step == "documents" and one.attr not in named)


def missing_of(claim: Claim) -> list[form.Missing]:
    """What the claim's form still lacks, whoever asked for it."""
    return [one for _step, one in form.missing(claim.definition.content, draft_of(claim))]


def missing_sentences(claim: Claim, language: str) -> list[Problem]:
    """A problem for each thing that keeps the claim from being submitted, in `language`."""
    return [missing_problem(one, language) for one in missing_of(claim)]


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
    asked = asked_questions(claim)
    pairs = ((one, form.answer_text(one, claim.answers.get(one["key"]), language, words)) for one in asked)
    return [(translated(one["label"], language), text) for one, text in pairs if text]


ADVICE_IN = timedelta(seconds=60)  # after that nobody is told to wait for it
ADVISERS: Mapping[str, str] = {Advice.Backend.MODEL: "llm", Advice.Backend.N8N: "n8n"}  # the deliveries' targets


def advice_state(claim: Claim, *, now: datetime) -> dict[str, Any]:
    """`{state, event_type, event_type_advised}` for the form: is advice on its way, and what did it choose?"""
    rows = sorted(claim.advice.all(), key=lambda one: one.at)
    given = [one for one in rows if one.state == Advice.State.GIVEN]
    asked = {one.backend for one in rows if one.state == Advice.State.ASKED and one.at > now - ADVICE_IN}
    coming = asked and {ADVISERS.get(one, "") for one in asked} - parked(now)
    return {
        "state": "asked" if coming else "given" if given else "none",
        "event_type": given[-1].event_type if given else "",
        "event_type_advised": claim.event_type_advised,
    }


def slot_state(documents: Iterable[Document], waived: str = "") -> str:
    """waiting, reading, received, doubtful, accepted, rejected or waived, of the files in one slot."""
    states = {one.state for one in documents}
    if not states:
        return "waived" if waived else "waiting"
    if states == {Document.State.REJECTED}:
        return "waived" if waived else "rejected"
    unsettled = (Document.State.READING, Document.State.RECEIVED, Document.State.DOUBTFUL)
    return str(next((state for state in unsettled if state in states), Document.State.ACCEPTED).value)


def claim_slots(claim: Claim, language: str) -> list[dict[str, Any]]:
    """The claim's slots with texts in `language`, their state and their documents (rows).

    What was sent for another event type, before it was changed, stands last in slots that take no more.
    """
    held: dict[str, list[Document]] = {}
    for document in claim.documents.all():
        held.setdefault(document.slot, []).append(document)
    found = [_filled(slot, held.pop(slot["key"], []), language) for slot in form_slots(claim)]
    with override(language):
        why = _("Sent for another kind of event. If it does not belong here, remove it.")
    for key, mine in held.items():
        former = form.former_slot(claim.definition.content, key, len(mine))
        found.append({**_filled(former, mine, language), "why": why if claim.is_draft else ""})
    return found


def _filled(slot: Json, mine: list[Document], language: str) -> dict[str, Any]:
    state = slot_state(mine, slot["waived"])
    return {**slot_texts(slot, language), **provenance(slot), "state": state, "documents": mine}


def provenance(item: Json) -> dict[str, Any]:
    """Where a slot or question of a claim comes from: `origin`, `reason`, `evidence`, `waived`."""
    return {name: item[name] for name in ("origin", "reason", "evidence", "waived")}


def waiver_notes(claim: Claim) -> dict[str, str]:
    """What applicants added to "I don't have this", by the slot's key; staff's notes are not for them."""
    entries = (one for one in claim.checklist.all() if one.kind == "document" and one.waived != "staff")
    return {one.key: one.waived_note for one in entries}


def slot_texts(slot: Json, language: str) -> dict[str, Any]:
    plain = {name: slot[name] for name in ("key", "required", "order", "max_files", "accepts")}
    return {**plain, **{name: translated(slot.get(name), language) for name in ("title", "why", "accepts_note")}}


def question_texts(question: Json, language: str) -> dict[str, Any]:
    names = ("key", "kind", "required", "order", "condition", "role", "min", "max")
    choices = [{"value": c["value"], "label": translated(c["label"], language)} for c in question.get("choices") or []]
    return {
        **{name: question.get(name) for name in names},
        "role": question.get("role") or "",
        **({"max": timezone.localdate().isoformat()} if form.is_past_date(question) else {}),
        "label": translated(question["label"], language),
        "help": translated(question.get("help"), language),
        "choices": choices,
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
        "kinds": [
            {"code": one.code, "title": one.title, "words": one.words, "textless": one.textless}
            for one in DocumentKind.objects.order_by("order", "code")
        ],
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
        "role": one.role, "min": _bound(one.least), "max": _bound(one.most), "words": one.words,
        "on_advice": one.on_advice,
    }  # fmt: skip


def _bound(value: Any) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _slot_json(one: DocumentSlot) -> dict[str, Any]:
    names = ("key", "title", "why", "accepts_note", "accepts", "required", "max_files", "order", "kinds", "words",
             "on_advice")  # fmt: skip
    return {name: getattr(one, name) for name in names}


@dataclass(frozen=True)
class DefinitionChange:
    """What publishing would change: one of `event_types` or `kinds`, their `order`, or what is `common` to all."""

    group: str
    how: str  # added, changed, removed or order
    title: dict[str, str] = field(default_factory=dict)


def definition_changes() -> list[DefinitionChange]:
    """How the catalogue differs from what is published, in the order of the catalogue."""
    newest = FormDefinition.objects.order_by("-version").first()
    old, new = newest.content if newest else {}, catalogue_content()
    nothing: Json = {"questions": [], "slots": []}
    common = [DefinitionChange("common", "changed")] if (old.get("common") or nothing) != new["common"] else []
    return [*common, *_compared("event_types", old, new), *_compared("kinds", old, new)]


def _compared(group: str, old: Json, new: Json) -> Iterator[DefinitionChange]:
    before = {one["code"]: one for one in old.get(group) or []}
    after = {one["code"]: one for one in new[group]}
    for code, one in after.items():
        if code not in before:
            yield DefinitionChange(group, "added", one["title"])
        elif before[code] != one:
            yield DefinitionChange(group, "changed", one["title"])
    for code, one in before.items():
        if code not in after:
            yield DefinitionChange(group, "removed", one["title"])
    if [code for code in before if code in after] != [code for code in after if code in before]:
        yield DefinitionChange(group, "order")
