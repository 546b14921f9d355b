"""What a claim needs beyond its form: asked for by staff, waived by the applicant or by staff, answered later."""

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.accounts.models import User
from apps.claims.errors import ClaimNotEditable, FieldsInvalid, ItemUnknown
from apps.claims.events import AnswersGiven, DocumentsRequested
from apps.claims.form_texts import ANSWER_TEXTS
from apps.claims.models import ChecklistEntry, Claim, Document, DocumentRequest
from apps.claims.rules import form
from apps.claims.selectors import entries_of, form_slots, missing_of
from apps.claims.services.changes import claim_lock, claim_save, require_takes_documents
from apps.claims.services.drafts import merge_answers
from apps.claims.services.staff import claim_advance
from apps.core import audit
from apps.core.errors import Conflict
from apps.core.outbox import publish
from apps.core.texts import kept_text

Kind = ChecklistEntry.Kind
Origin = ChecklistEntry.Origin
Waived = ChecklistEntry.Waived
ASK_MOST, NOTE_MOST = 2000, 500  # characters
TITLE_MOST = 120
MOST_FREE = 20  # lines in staff's own words on one claim


@transaction.atomic
def slot_waive(*, claim_id: UUID, slot: str, why: Waived, note: str, now: datetime) -> Claim:
    """The applicant does not have this document: lost, can't be got, does not apply. What was asked is answered by it.

    A file may still come later. Raises ItemUnknown, FieldsInvalid, Conflict for what staff waived, ClaimNotEditable.
    """
    claim = _open(claim_id, now)
    _require_slot(claim, slot)
    _waived(claim, slot)
    try:
        text = form.clean_text(note, most=NOTE_MOST, lines=True)
    except form.AnswerInvalid as error:
        raise FieldsInvalid(ANSWER_TEXTS[error.code], code=error.code, attr="note") from None
    _note(claim, Kind.DOCUMENT, slot, now, waived=why, waived_note=text, waived_at=now)
    _requests(claim, Kind.DOCUMENT, slot).update(answered_at=now)
    claim_save(claim, now=now, what=["checklist"])
    return claim


@transaction.atomic
def slot_unwaive(*, claim_id: UUID, slot: str, now: datetime) -> Claim:
    """The applicant has found it after all. Raises ItemUnknown, Conflict for what staff waived, ClaimNotEditable."""
    claim = _open(claim_id, now)
    _require_slot(claim, slot)
    entry = _waived(claim, slot)
    if entry is None:
        return claim
    entry.take_back(now)
    asked = claim.document_requests.filter(kind=Kind.DOCUMENT, slot=slot).order_by("-at").first()
    if asked and not claim.documents.filter(slot=slot).exclude(state=Document.State.REJECTED).exists():
        asked.answered_at = None  # what answered it is taken back
        asked.save(update_fields=["answered_at", "updated_at"])
    claim_save(claim, now=now, what=["checklist", "requests"])
    return claim


@transaction.atomic
def item_ask(*, claim_id: UUID, kind: Kind, key: str, text: str, actor: User, now: datetime) -> DocumentRequest:
    """Ask the applicant for a document or an answer, with a reason in words; the claim waits for it from now on.

    `key` "" is a line of its own, called by the first words of `text`.
    Raises ClaimNotEditable, Conflict, ItemUnknown, TextRefused.
    """
    claim = _handed_over(claim_id)
    text = kept_text(text, most=ASK_MOST)
    if not text:
        raise Conflict(_("Say what is needed: the applicant will read it."), code="request_incomplete")
    title = ""
    if not key:
        key, title = _free_key(claim, kind), _title(text)
    elif not any(one["key"] == key for one in askable(claim, kind)):
        raise ItemUnknown
    _note(
        claim, kind, key, now, origin=Origin.STAFF, reason=text, actor=actor, waived=Waived.NO, waived_note="",
        waived_at=None, **({"title": title} if title else {}),
    )  # fmt: skip
    request = _ask(claim, kind, key, text, actor, now)
    _staff_changed(claim, "ask", kind, key, actor, now)
    return request


@transaction.atomic
def item_waive(*, claim_id: UUID, kind: Kind, key: str, note: str, actor: User, now: datetime) -> Claim:
    """Staff can do without it. Raises ItemUnknown, ClaimNotEditable, TextRefused, Conflict without a reason."""
    claim = _handed_over(claim_id)
    note = kept_text(note, most=NOTE_MOST)
    if not note:
        raise Conflict(_("Say why it is not needed."), code="reason_required")
    if not any(one["key"] == key for one in shown(claim, kind)):
        raise ItemUnknown
    _note(claim, kind, key, now, waived=Waived.STAFF, waived_note=note, waived_at=now, actor=actor)
    _requests(claim, kind, key).update(answered_at=now)
    claim_save(claim, now=now, what=["requests", "checklist"])
    _staff_changed(claim, "waive", kind, key, actor, now)
    return claim


@transaction.atomic
def item_unwaive(*, claim_id: UUID, kind: Kind, key: str, actor: User, now: datetime) -> Claim:
    """What was waived, by whomever, is needed again, and asked for again. Raises ItemUnknown, ClaimNotEditable."""
    claim = _handed_over(claim_id)
    entry = next((one for one in claim.checklist.all() if (one.kind, one.key) == (kind, key) and one.waived), None)
    if entry is None:
        raise ItemUnknown
    text = entry.reason or _needed_again(claim.language)
    entry.take_back(now)
    attr = f"{'slots' if kind == Kind.DOCUMENT else 'answers'}.{key}"
    if any(one.attr == attr for one in missing_of(claim)):
        _ask(claim, kind, key, text, actor, now)
    else:
        claim_save(claim, now=now, what=["checklist"])
    _staff_changed(claim, "unwaive", kind, key, actor, now)
    return claim


@transaction.atomic
def answers_give(*, claim_id: UUID, answers: Any, now: datetime) -> Claim:
    """Answers to what staff asked after the submit; of other questions none. Raises FieldsInvalid, ClaimNotEditable."""
    claim = claim_lock(claim_id)
    asked = set(_requests(claim, Kind.QUESTION).values_list("slot", flat=True))
    if not claim.takes_documents or not isinstance(answers, Mapping) or not answers or not set(answers) <= asked:
        raise ClaimNotEditable
    problems = list(merge_answers(claim, answers, timezone.localtime(now).date()))
    if problems:
        raise FieldsInvalid(problems=problems)
    given = [key for key in answers if claim.answers.get(key) not in (None, "")]
    _requests(claim, Kind.QUESTION).filter(slot__in=given).update(answered_at=now)
    claim_save(claim, "answers", now=now, what=["answers", "requests"])
    if given:
        publish(AnswersGiven(claim_id=claim.pk), now=now)
    return claim


def _ask(claim: Claim, kind: str, key: str, text: str, actor: User, now: datetime) -> DocumentRequest:
    """Ask the applicant, tell them, and begin to remind anew."""
    request = DocumentRequest.objects.create(claim=claim, kind=kind, slot=key, text=text, actor=actor, at=now)
    claim.remind_at, claim.reminders = None, 0
    if claim.status == Claim.Status.NEEDS_DOCUMENTS:
        claim_save(claim, now=now, what=["requests", "checklist"])
    else:
        claim_advance(claim, Claim.Status.NEEDS_DOCUMENTS, actor, "", now)
    publish(DocumentsRequested(claim_id=claim.pk, request_id=request.pk), now=now)
    return request


def _needed_again(language: str) -> str:
    with override(language):
        return _("This is needed after all.")


def shown(claim: Claim, kind: str) -> list[Mapping[str, Any]]:
    """The slots or questions that the claim has now, conditions left aside."""
    if kind == Kind.DOCUMENT:
        return list(form_slots(claim))
    return list(form.questions(claim.definition.content, claim.event_type, entries_of(claim)))


def askable(claim: Claim, kind: str) -> list[Mapping[str, Any]]:
    """What staff may ask for by name: what the claim has, and what its form keeps for such cases."""
    known = shown(claim, kind)
    keys = {one["key"] for one in known}
    every = [form.Entry(kind, key, origin=Origin.STAFF) for key in form.on_advice(claim.definition.content, kind)]
    content, event = claim.definition.content, claim.event_type
    more = form.slots(content, event, every) if kind == Kind.DOCUMENT else form.questions(content, event, every)
    return known + [one for one in more if one["key"] not in keys]


def _handed_over(claim_id: UUID) -> Claim:
    """The locked claim, of which staff may ask something. Raises ClaimNotEditable."""
    claim = claim_lock(claim_id)
    if claim.is_draft or not claim.takes_documents:
        raise ClaimNotEditable
    return claim


def _open(claim_id: UUID, now: datetime) -> Claim:
    claim = claim_lock(claim_id)
    require_takes_documents(claim, now)
    return claim


def _require_slot(claim: Claim, slot: str) -> None:
    if not any(one["key"] == slot and one["required"] for one in form_slots(claim)):
        raise ItemUnknown


def _waived(claim: Claim, slot: str) -> ChecklistEntry | None:
    """The row of a document that its applicant waived. Raises Conflict for what staff waived: theirs stands."""
    entry = claim.checklist.filter(kind=Kind.DOCUMENT, key=slot).exclude(waived=Waived.NO).first()
    if entry and entry.waived == Waived.STAFF:
        raise Conflict(_("This document is not needed any more."), code="waived_by_staff")
    return entry


def _note(claim: Claim, kind: str, key: str, now: datetime, **values: Any) -> None:
    """Keep `values` in the claim's row for `key`; the claim is locked, so nobody makes the row meanwhile."""
    first = {"origin": Origin.FORM, "at": now, **values}
    row, is_new = ChecklistEntry.objects.get_or_create(claim=claim, kind=kind, key=key, defaults=first)
    if not is_new:
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=[*values, "updated_at"])


def _requests(claim: Claim, kind: str, key: str | None = None) -> Any:
    rows = claim.document_requests.filter(kind=kind, answered_at=None)
    return rows if key is None else rows.filter(slot=key)


def _free_key(claim: Claim, kind: str) -> str:
    rows = claim.checklist.filter(key__startswith="extra-").values_list("kind", "key")
    if sum(of == kind for of, _key in rows) >= MOST_FREE:
        raise Conflict(_("This claim has enough lines of its own. Ask for one of them again."), code="too_many_lines")
    taken = {key for _of, key in rows}
    return next(key for n in count(1) if (key := f"extra-{n}") not in taken)


def _title(text: str) -> str:
    line = text.splitlines()[0].strip()
    return line if len(line) <= TITLE_MOST else line[: TITLE_MOST - 1].rstrip() + "…"


def _staff_changed(claim: Claim, act: str, kind: str, key: str, actor: User, now: datetime) -> None:
    """Written down for the audit, and beside the advice that was corrected by it."""
    audit.record(action=f"checklist.{act}", target=claim, actor=actor, now=now, kind=kind, key=key)
    if advice := claim.advice.order_by("-at").first():
        advice.changed = [*advice.changed, {"act": act, "kind": kind, "key": key, "at": now.isoformat()}]
        advice.save(update_fields=["changed", "updated_at"])
