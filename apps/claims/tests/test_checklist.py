"""What a claim needs beyond its form: asked for, waived, answered later, and who said so."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from pypdf import PdfReader

from apps.accounts.models import User
from apps.claims.api.output import claim_json, document_json
from apps.claims.errors import ClaimNotEditable, FieldsInvalid, ItemUnknown
from apps.claims.models import Advice, ChecklistEntry, Claim, Document, DocumentReading
from apps.claims.rules import form
from apps.claims.selectors import claim_answers, claim_receipt, claim_slots, draft_of, form_slots
from apps.claims.services import (
    answers_give,
    document_judge,
    document_keep,
    item_ask,
    item_unwaive,
    item_waive,
    slot_unwaive,
    slot_waive,
)
from apps.claims.services.checklist import askable
from apps.claims.tests.factories import ClaimFactory, DocumentFactory, definition_content
from apps.claims.ticket import ticket_of
from apps.core.errors import Conflict
from apps.core.models import AuditEntry, OutboxEvent

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
Kind, Waived = ChecklistEntry.Kind, ChecklistEntry.Waived


@pytest.fixture
def olga() -> User:
    return User.objects.create_user(username="olga", password="x", is_staff=True)


def line(claim: Claim, key: str) -> dict[str, object]:
    return next(one for one in claim_slots(fresh(claim), "ru") if one["key"] == key)


def fresh(claim: Claim) -> Claim:
    return Claim.objects.get(pk=claim.pk)


def read(document: Document, verdict: str, **more: object) -> DocumentReading:
    """The document as it stands when its reading has come to `verdict`."""
    reading = DocumentReading.objects.create(document=document, verdict=verdict, ended_at=NOW, **more)
    document.settle(reading)
    document.save()
    return reading


# --- the form and its entries (plain rules)


def test_what_is_on_advice_is_asked_only_of_whom_somebody_asked() -> None:
    content = definition_content()
    content["common"]["slots"].append(
        {**content["common"]["slots"][0], "key": "police", "required": False, "on_advice": True}
    )
    asked = form.Entry("document", "police", origin="adviser", evidence="украли")

    plain = form.slots(content, "flight_delayed")
    advised = form.slots(content, "flight_delayed", [asked])

    assert "police" not in {one["key"] for one in plain}
    assert {one["key"]: (one["required"], one["origin"]) for one in advised}["police"] == (True, "adviser")


def test_a_helpful_paper_that_was_asked_for_is_needed() -> None:
    asked = form.Entry("document", "delay_note", origin="staff")
    draft = form.Draft(event_type="flight_delayed", entries=[asked])

    lacking = {one.attr for step, one in form.missing(definition_content(), draft) if step == "documents"}

    assert "slots.delay_note" in lacking


def test_a_line_for_another_event_type_waits_unseen() -> None:
    asked = form.Entry("document", "baggage_report", origin="rule")

    assert "baggage_report" not in {one["key"] for one in form.slots(definition_content(), "flight_delayed", [asked])}


# --- the applicant does not have it


@pytest.mark.parametrize("status", ["draft", "submitted"])
def test_a_paper_that_nobody_has_keeps_no_claim_from_going_on(status: str) -> None:
    claim = ClaimFactory(draft=status == "draft")

    slot_waive(claim_id=claim.pk, slot="passport", why=Waived.LOST, note=" Украли\x00 ", now=NOW)

    entry = ChecklistEntry.objects.get()
    assert (entry.origin, entry.waived, entry.waived_note) == ("form", "lost", "Украли")
    assert line(claim, "passport")["state"] == "waived"
    assert "slots.passport" not in {one.attr for _step, one in form.missing(*_rules(claim))}


def _rules(claim: Claim) -> tuple[form.Json, form.Draft]:
    whole = fresh(claim)
    return whole.definition.content, draft_of(whole)


def test_the_applicant_reads_the_note_of_their_own_and_none_of_staff(olga: User) -> None:
    claim = ClaimFactory(in_review=True)

    def note() -> str:
        return next(str(one["waived_note"]) for one in claim_json(fresh(claim))["slots"] if one["key"] == "passport")

    slot_waive(claim_id=claim.pk, slot="passport", why=Waived.LOST, note="Украли", now=NOW)
    assert note() == "Украли"

    item_waive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="passport", note="Видели раньше", actor=olga, now=NOW)
    assert note() == ""


def test_the_receipt_tells_what_is_not_there_and_what_does_not_fit(olga: User) -> None:
    claim = ClaimFactory(in_review=True, language="ru")
    DocumentFactory(claim=claim, slot="ticket", name="cat.jpg", state="rejected")
    slot_waive(claim_id=claim.pk, slot="passport", why=Waived.LOST, note="Украли в порту", now=NOW)
    item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="delay_note", text="Справка", actor=olga, now=NOW)
    item_waive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="delay_note", note="Между нами", actor=olga, now=NOW)

    pages = PdfReader(io.BytesIO(claim_receipt(fresh(claim)))).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())

    assert "Документа нет: утерян Украли в порту" in text
    assert "cat.jpg (не подходит)" in text
    assert "Присылать его больше не нужно" in text
    assert "Между нами" not in text


@pytest.mark.parametrize("note", ["\n\n".join(f"{n}. звонил" for n in range(1, 33)), "\n" * 120 + "да", "Ш" * 400])
def test_a_receipt_of_many_lines_goes_over_pages(note: str) -> None:
    claim = ClaimFactory(in_review=True, answers={"flight_number": "а\n" * 199 + "б"}, event_place="Ш" * 200)
    slot_waive(claim_id=claim.pk, slot="passport", why=Waived.LOST, note=note, now=NOW)
    for n in range(20):
        DocumentFactory(claim=claim, slot="ticket", name=f"{n}" + "Щ" * 190 + ".jpg")

    assert len(PdfReader(io.BytesIO(claim_receipt(fresh(claim)))).pages) >= 2


@pytest.mark.parametrize("how", ["fits", "insists"])
def test_a_file_after_all_takes_back_that_there_is_none(olga: User, how: str) -> None:
    claim = ClaimFactory(in_review=True)
    slot_waive(claim_id=claim.pk, slot="passport", why=Waived.LOST, note="", now=NOW)
    document = DocumentFactory(claim=claim, slot="passport", state="rejected")
    if how == "fits":
        document_judge(document_id=document.pk, state=Document.State.ACCEPTED, reason="", actor=olga, now=NOW)
    else:
        document_keep(claim_id=claim.pk, document_id=document.pk, now=NOW)

    assert line(claim, "passport")["waived"] == ""


def test_what_staff_asked_for_is_asked_again_once_the_waiver_is_taken_back(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    asked = item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="delay_note", text="Справка", actor=olga, now=NOW)
    slot_waive(claim_id=claim.pk, slot="delay_note", why=Waived.LOST, note="", now=NOW)
    slot_unwaive(claim_id=claim.pk, slot="delay_note", now=NOW)

    asked.refresh_from_db()
    assert asked.answered_at is None


def test_a_paper_and_a_question_in_staff_s_own_words_are_two_lines(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    paper = item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="", text="Справка из отеля", actor=olga, now=NOW)
    item_ask(claim_id=claim.pk, kind=Kind.QUESTION, key="", text="Кто вас встретил?", actor=olga, now=NOW)
    DocumentFactory(claim=claim, slot=paper.slot)
    item_waive(claim_id=claim.pk, kind=Kind.DOCUMENT, key=paper.slot, note="Есть", actor=olga, now=NOW)
    before = claim.document_requests.count()

    item_unwaive(claim_id=claim.pk, kind=Kind.DOCUMENT, key=paper.slot, actor=olga, now=NOW)

    assert claim.document_requests.count() == before  # its file is there
    assert len(set(claim.document_requests.values_list("slot", flat=True))) == 2


def test_a_paper_that_was_found_is_needed_again() -> None:
    claim = ClaimFactory(draft=True)
    slot_waive(claim_id=claim.pk, slot="passport", why=Waived.LOST, note="", now=NOW)

    for _ in range(2):
        slot_unwaive(claim_id=claim.pk, slot="passport", now=NOW)

    assert not ChecklistEntry.objects.exists()
    assert line(claim, "passport")["state"] == "waiting"


def test_what_staff_asked_for_may_be_answered_by_not_having_it(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    asked = item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="delay_note", text="Справка", actor=olga, now=NOW)

    slot_waive(claim_id=claim.pk, slot="delay_note", why=Waived.CANNOT_GET, note="", now=NOW)

    asked.refresh_from_db()
    assert asked.answered_at == NOW
    assert ChecklistEntry.objects.get().origin == "staff"


@pytest.mark.parametrize("slot", ["delay_note", "baggage_report", "nothing"])
def test_only_what_is_needed_can_be_waived(slot: str) -> None:
    with pytest.raises(ItemUnknown):
        slot_waive(claim_id=ClaimFactory(draft=True).pk, slot=slot, why=Waived.LOST, note="", now=NOW)


def test_a_note_has_an_end() -> None:
    with pytest.raises(FieldsInvalid):
        slot_waive(claim_id=ClaimFactory(draft=True).pk, slot="passport", why=Waived.LOST, note="ы" * 501, now=NOW)


def test_a_decided_claim_waives_nothing() -> None:
    with pytest.raises(ClaimNotEditable):
        slot_waive(claim_id=ClaimFactory(paid=True).pk, slot="passport", why=Waived.LOST, note="", now=NOW)


# --- staff


def test_staff_ask_in_their_own_words_and_get_a_slot_for_it(olga: User) -> None:
    claim = ClaimFactory(in_review=True)

    for text in ("Письмо от отеля\nна бланке", "Фото чемодана"):
        item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="", text=text, actor=olga, now=NOW)

    assert line(claim, "extra-1")["title"] == "Письмо от отеля"
    assert (line(claim, "extra-2")["origin"], line(claim, "extra-2")["state"]) == ("staff", "waiting")
    assert OutboxEvent.objects.filter(name="documents.requested").count() == 2


def test_what_is_called_by_the_first_line_of_its_reason_does_not_say_it_twice(olga: User) -> None:
    claim = ClaimFactory(in_review=True)

    for text in ("Фото чемодана", "Письмо от отеля\nна бланке"):
        item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="", text=text, actor=olga, now=NOW)

    assert (line(claim, "extra-1")["title"], line(claim, "extra-1")["reason"]) == ("Фото чемодана", "")
    assert (line(claim, "extra-2")["title"], line(claim, "extra-2")["reason"]) == ("Письмо от отеля", "на бланке")


def test_staff_do_without_a_paper_and_say_why(olga: User) -> None:
    claim = ClaimFactory(in_review=True)

    item_waive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="passport", note="Есть в деле", actor=olga, now=NOW)

    assert line(claim, "passport")["waived"] == "staff"
    assert AuditEntry.objects.get(action="checklist.waive").detail == {"kind": "document", "key": "passport"}
    with pytest.raises(Conflict):
        slot_unwaive(claim_id=claim.pk, slot="passport", now=NOW)


def test_what_staff_waived_is_not_undone_by_waiving_it_once_more(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    item_waive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="passport", note="Есть в деле", actor=olga, now=NOW)

    with pytest.raises(Conflict) as refused:
        slot_waive(claim_id=claim.pk, slot="passport", why=Waived.LOST, note="", now=NOW)

    assert refused.value.problems[0].code == "waived_by_staff"
    assert (ChecklistEntry.objects.get().waived, ChecklistEntry.objects.get().waived_note) == ("staff", "Есть в деле")


def test_staff_need_it_again(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    item_waive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="passport", note="Есть в деле", actor=olga, now=NOW)

    item_unwaive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="passport", actor=olga, now=NOW)

    assert line(claim, "passport")["waived"] == ""
    with pytest.raises(ItemUnknown):
        item_unwaive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="passport", actor=olga, now=NOW)


def test_what_is_needed_again_is_asked_for_and_told(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    item_ask(claim_id=claim.pk, kind=Kind.QUESTION, key="", text="Кто вас встречал?", actor=olga, now=NOW)
    item_waive(claim_id=claim.pk, kind=Kind.QUESTION, key="extra-1", note="Нашли", actor=olga, now=NOW)
    told = OutboxEvent.objects.filter(name="documents.requested").count()

    item_unwaive(claim_id=claim.pk, kind=Kind.QUESTION, key="extra-1", actor=olga, now=NOW)
    answers_give(claim_id=claim.pk, answers={"extra-1": "Брат"}, now=NOW)

    assert OutboxEvent.objects.filter(name="documents.requested").count() == told + 1
    assert ("Кто вас встречал?", "Брат") in claim_answers(fresh(claim), "ru")


def test_what_came_meanwhile_is_not_asked_for_again(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    item_waive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="passport", note="Есть в деле", actor=olga, now=NOW)
    DocumentFactory(claim=claim, slot="passport")

    item_unwaive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="passport", actor=olga, now=NOW)

    assert not claim.document_requests.exists()


def test_asking_again_takes_a_waiver_back(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    slot_waive(claim_id=claim.pk, slot="passport", why=Waived.LOST, note="", now=NOW)

    item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="passport", text="Нужна копия", actor=olga, now=NOW)

    assert (line(claim, "passport")["waived"], line(claim, "passport")["reason"]) == ("", "Нужна копия")


def test_what_staff_changed_stands_beside_the_advice(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    Advice.objects.create(claim=claim, backend="rules", state="given", description_sha256="0" * 64, at=NOW)

    item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="delay_note", text="Справка", actor=olga, now=NOW)

    changed = Advice.objects.get().changed
    assert [(one["act"], one["key"]) for one in changed] == [("ask", "delay_note")]


def test_staff_may_ask_for_what_the_form_keeps_for_such_cases() -> None:
    claim = ClaimFactory(in_review=True)
    claim.definition.content["common"]["slots"].append(
        {**claim.definition.content["common"]["slots"][0], "key": "police", "on_advice": True}
    )

    assert "police" in {one["key"] for one in askable(claim, Kind.DOCUMENT)}
    assert "police" not in {one["key"] for one in form_slots(claim)}


# --- questions after the submit


def test_a_question_of_staff_is_answered_after_the_submit(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    asked = item_ask(claim_id=claim.pk, kind=Kind.QUESTION, key="", text="Кто вас встречал?", actor=olga, now=NOW)

    answers_give(claim_id=claim.pk, answers={"extra-1": "Брат"}, now=NOW)

    asked.refresh_from_db()
    assert asked.answered_at == NOW
    assert ("Кто вас встречал?", "Брат") in claim_answers(fresh(claim), "ru")
    assert "Брат" in ticket_of(fresh(claim), contact_id="12x1", project_id="33x1").description


@pytest.mark.parametrize("answers", [{"flight_number": "XY 1"}, {}, ["extra-1"], {"extra-1": "a", "hours_late": "2"}])
def test_other_answers_stay_closed_after_the_submit(olga: User, answers: object) -> None:
    claim = ClaimFactory(in_review=True)
    item_ask(claim_id=claim.pk, kind=Kind.QUESTION, key="", text="Кто?", actor=olga, now=NOW)

    with pytest.raises(ClaimNotEditable):
        answers_give(claim_id=claim.pk, answers=answers, now=NOW)


def test_an_empty_answer_answers_nothing(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    asked = item_ask(claim_id=claim.pk, kind=Kind.QUESTION, key="", text="Кто?", actor=olga, now=NOW)

    answers_give(claim_id=claim.pk, answers={"extra-1": "  "}, now=NOW)

    asked.refresh_from_db()
    assert asked.answered_at is None


# --- who has the last word on a document


def test_staff_have_the_last_word(olga: User) -> None:
    document = DocumentFactory()
    read(document, "rejected", code="blurred")
    assert document.state == "rejected"

    judged = document_judge(document_id=document.pk, state=Document.State.ACCEPTED, reason="", actor=olga, now=NOW)
    assert (judged.state, judged.judgement) == ("accepted", "accepted")

    undone = document_judge(document_id=document.pk, state=Document.State.RECEIVED, reason="", actor=olga, now=NOW)
    assert (undone.state, undone.judgement) == ("rejected", "")


def test_an_applicant_who_insists_is_looked_at_by_a_person() -> None:
    document = DocumentFactory()
    read(document, "rejected", code="wrong_kind", params={"found": "ticket"})

    for _ in range(2):
        kept = document_keep(claim_id=document.claim_id, document_id=document.pk, now=NOW)

    assert (kept.state, kept.insisted_at) == ("doubtful", NOW)
    assert OutboxEvent.objects.filter(name="document.added").count() == 1


@pytest.mark.parametrize(
    ("verdict", "code", "expected"),
    [
        ("rejected", "wrong_kind", True),
        ("doubtful", "wrong_kind", True),
        ("doubtful", "too_dark", True),
        ("doubtful", "unsure_kind", False),
        ("doubtful", "not_read", False),
        ("accepted", "", False),
    ],
)
def test_another_file_is_wanted_where_it_can_mend_what_is_wrong(verdict: str, code: str, expected: bool) -> None:
    document = DocumentFactory()
    read(document, verdict, code=code)

    assert document_json(document, document.claim)["wants_better"] is expected


def test_no_other_file_is_wanted_once_the_applicant_insists() -> None:
    document = DocumentFactory()
    read(document, "rejected", code="wrong_kind", params={"found": "ticket"})

    kept = document_keep(claim_id=document.claim_id, document_id=document.pk, now=NOW)

    assert document_json(kept, kept.claim)["wants_better"] is False


def test_nobody_insists_against_staff(olga: User) -> None:
    document = DocumentFactory(rejected=True)

    with pytest.raises(Conflict):
        document_keep(claim_id=document.claim_id, document_id=document.pk, now=NOW)


# --- reminders begin and end by themselves


def test_a_claim_that_begins_to_owe_something_will_be_reminded_until_it_does_not(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    for slot in ("boarding_pass", "passport"):
        DocumentFactory(claim=claim, slot=slot)

    item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="delay_note", text="Справка", actor=olga, now=NOW)
    assert fresh(claim).remind_at == NOW + timedelta(days=2)

    item_waive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="delay_note", note="Не нужно", actor=olga, now=NOW)
    assert (fresh(claim).remind_at, fresh(claim).reminders) == (None, 0)


def test_what_is_asked_for_after_the_last_reminder_is_reminded_of_anew(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="delay_note", text="Справка", actor=olga, now=NOW)
    Claim.objects.filter(pk=claim.pk).update(remind_at=None, reminders=4)

    item_ask(claim_id=claim.pk, kind=Kind.DOCUMENT, key="passport", text="Паспорт", actor=olga, now=NOW)

    assert (fresh(claim).remind_at, fresh(claim).reminders) == (NOW + timedelta(days=2), 0)
