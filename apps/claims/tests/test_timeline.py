"""What an applicant reads of what has happened, and of what is waited for."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from apps.accounts.models import User
from apps.claims.models import ChecklistEntry, Claim, Document
from apps.claims.selectors import applicant_claim
from apps.claims.selectors.timeline import claim_timeline, status_words
from apps.claims.services import answers_give, document_judge, item_ask, item_waive, slot_waive
from apps.claims.tests.factories import ClaimFactory, DocumentFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2036, 11, 20, 9, tzinfo=UTC)
Kind, Waived = ChecklistEntry.Kind, ChecklistEntry.Waived


@pytest.fixture
def olga() -> User:
    return User.objects.create_user(username="olga", password="x", is_staff=True)


@pytest.fixture
def claim() -> Claim:
    """A claim that lacks no paper."""
    claim = ClaimFactory(in_review=True)
    for slot in ("boarding_pass", "passport"):
        DocumentFactory(claim=claim, slot=slot, name=f"{slot}.jpg")
    return claim


def fresh(claim: Claim) -> Claim:
    return applicant_claim(contact_id=claim.contact_id, number=claim.number, now=NOW)


def status(claim: Claim) -> str:
    with override("en"):
        return status_words(fresh(claim))


def told(claim: Claim, code: str) -> list[str]:
    with override("en"):
        return [line["text"] for line in claim_timeline(fresh(claim)) if line["code"] == code]


def ask(claim: Claim, olga: User, kind: ChecklistEntry.Kind, key: str, text: str = "Расскажите подробнее.") -> None:
    item_ask(claim_id=claim.pk, kind=kind, key=key, text=text, actor=olga, now=NOW)


# --- what is waited for


def test_a_question_alone_asks_for_no_documents(claim: Claim, olga: User) -> None:
    ask(claim, olga, Kind.QUESTION, "", "Кто вас встречал?")

    assert status(claim) == "We need your answer"
    assert told(claim, "status.needs_documents") == ["We need something more from you."]


def test_a_question_beside_a_paper_does(claim: Claim, olga: User) -> None:
    ask(claim, olga, Kind.QUESTION, "", "Кто вас встречал?")
    ask(claim, olga, Kind.DOCUMENT, "delay_note")

    assert status(claim) == "Needs documents"


def test_a_question_where_a_paper_of_the_form_is_missing_does(olga: User) -> None:
    claim = ClaimFactory(in_review=True)

    ask(claim, olga, Kind.QUESTION, "", "Кто вас встречал?")

    assert status(claim) == "Needs documents"


def test_when_all_has_come_nothing_is_said_to_be_needed(claim: Claim, olga: User) -> None:
    ask(claim, olga, Kind.QUESTION, "", "Кто вас встречал?")
    ask(claim, olga, Kind.DOCUMENT, "delay_note")

    answers_give(claim_id=claim.pk, answers={"extra-1": "Брат"}, now=NOW)
    slot_waive(claim_id=claim.pk, slot="delay_note", why=Waived.LOST, note="", now=NOW)

    assert (status(claim), fresh(claim).status) == ("We have it all and will look", "needs_documents")


@pytest.mark.parametrize("state", ["draft", "in_review", "paid"])
def test_every_other_status_is_called_by_its_name(state: str) -> None:
    claim = ClaimFactory(**{state: True})

    assert status_words(claim) == claim.get_status_display()


# --- what has happened


def test_an_answer_that_was_received_is_told_with_its_question(claim: Claim, olga: User) -> None:
    ask(claim, olga, Kind.QUESTION, "", "Кто вас встречал?")
    assert told(claim, "answer.received") == []

    answers_give(claim_id=claim.pk, answers={"extra-1": "Брат"}, now=NOW + timedelta(hours=1))

    assert told(claim, "answer.received") == ["We received your answer. Кто вас встречал? – Брат"]
    assert claim_timeline(fresh(claim))[-1]["at"] == NOW + timedelta(hours=1)


def test_a_question_that_staff_do_without_has_no_answer(claim: Claim, olga: User) -> None:
    ask(claim, olga, Kind.QUESTION, "hours_late")  # the form has an answer to it already

    item_waive(claim_id=claim.pk, kind=Kind.QUESTION, key="hours_late", note="Есть", actor=olga, now=NOW)

    assert told(claim, "answer.received") == []


def test_what_staff_accepted_is_told_and_what_the_reading_accepted_is_not(claim: Claim, olga: User) -> None:
    first, second = claim.documents.order_by("slot")
    document_judge(document_id=first.pk, state=Document.State.ACCEPTED, reason="", actor=olga, now=NOW)
    Document.objects.filter(pk=second.pk).update(state=Document.State.ACCEPTED)

    assert told(claim, "document.accepted") == ["We accepted a document: boarding_pass.jpg."]


def test_what_is_done_without_is_told_by_whose_word(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    slot_waive(claim_id=claim.pk, slot="passport", why=Waived.LOST, note="", now=NOW)
    later = NOW + timedelta(hours=1)
    item_waive(claim_id=claim.pk, kind=Kind.DOCUMENT, key="boarding_pass", note="Есть", actor=olga, now=later)

    assert told(claim, "document.waived") == [
        "You do not have it: Passport.",
        "We do not need it any more: Boarding pass.",
    ]
