"""What the applicant is told, when, in which words; and that nobody is told twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from apps.accounts.models import User
from apps.claims.events import ClaimSubmitted, DocumentRejected, DocumentsReminded
from apps.claims.models import ChecklistEntry, Claim, Document, Registration
from apps.claims.services import claim_move, document_judge, item_ask, item_waive, slot_waive
from apps.claims.services.registration import registration_complete
from apps.claims.tests.factories import ClaimFactory, DocumentFactory
from apps.core.drain import drain
from apps.core.models import Delivery
from apps.core.outbox import publish
from apps.integrations.errors import OutcomeUnknown, Unavailable
from apps.integrations.sms import Sent

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
Status = Claim.Status
pytestmark = pytest.mark.django_db


class Outside:
    """The mail server and the SMS gateway."""

    name = "smsc"

    def __init__(self) -> None:
        self.mail: list[EmailMultiAlternatives] = []
        self.sms: list[tuple[str, str]] = []
        self.fails: Exception | None = None

    def take_mail(self, message: EmailMultiAlternatives) -> None:
        self.mail.append(message)
        if self.fails:
            raise self.fails

    def own_id(self, key: str) -> str:
        return key

    def send(self, *, phone: str, text: str, key: str) -> Sent:
        self.sms.append((phone, text))
        if self.fails:
            raise self.fails
        return Sent("17", 1, None)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    one = Outside()
    monkeypatch.setattr("apps.notifications.handlers.mail.send", one.take_mail)
    monkeypatch.setattr("apps.integrations.sms.sending.get_gateway", lambda: one)
    return one


@pytest.fixture
def olga() -> User:
    return User.objects.create_user("olga", is_staff=True)


def submitted(**of: Any) -> Claim:
    claim: Claim = ClaimFactory(**of)
    with transaction.atomic():
        publish(ClaimSubmitted(claim_id=claim.pk), now=NOW)
    return claim


def deliver(**after: float) -> dict[str, str]:
    drain(clock=lambda: NOW + timedelta(**after))
    return dict(Delivery.objects.values_list("handler", "state"))


def test_a_submitted_claim_is_confirmed_by_email_with_its_receipt_and_by_sms(outside: Outside) -> None:
    claim = submitted()
    states = deliver()

    [message], [(phone, text)] = outside.mail, outside.sms
    assert message.to == [claim.email]
    assert claim.number in message.subject
    assert claim.number in text
    assert f"/claims/{claim.number}/" in text
    assert phone == claim.contact.phone
    [(name, content, kind)] = message.attachments
    assert (name, kind, content[:5]) == (f"{claim.number}.pdf", "application/pdf", b"%PDF-")
    assert states == {"notifications.receipt_email": "done", "notifications.submitted_sms": "done"}


def test_each_is_told_in_the_language_of_the_claim(outside: Outside) -> None:
    numbers = [submitted(language=language).number for language in ("ru", "uk", "en")]
    deliver()

    subjects = [message.subject.replace(number, "…") for message, number in zip(outside.mail, numbers, strict=True)]
    assert len(set(subjects)) == 3
    assert subjects[2] == "Claim …: received"


def test_who_gave_no_address_gets_the_sms_alone(outside: Outside) -> None:
    submitted(email="")

    assert deliver() == {"notifications.receipt_email": "cancelled", "notifications.submitted_sms": "done"}
    assert outside.mail == []


def test_a_mail_server_that_is_away_is_asked_again(outside: Outside) -> None:
    outside.fails = Unavailable("away", "away")
    submitted()
    deliver()
    outside.fails = None

    assert set(deliver(seconds=7).values()) == {"done"}
    assert (len(outside.mail), len(outside.sms)) == (2, 2)


def test_what_may_have_gone_out_is_not_sent_again_and_comes_before_staff(outside: Outside) -> None:
    outside.fails = OutcomeUnknown("silence", "silence")
    submitted()
    deliver()

    assert set(deliver(days=2).values()) == {"needs_attention"}
    assert (len(outside.mail), len(outside.sms)) == (1, 1)


def test_a_request_for_a_paper_is_told_in_the_clerk_s_words(outside: Outside, olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    item_ask(
        claim_id=claim.pk,
        kind=ChecklistEntry.Kind.DOCUMENT,
        key="delay_note",
        text="Пришлите справку",
        actor=olga,
        now=NOW,
    )
    states = deliver()

    [message] = outside.mail
    assert "Пришлите справку" in str(message.body)
    assert claim.number in outside.sms[0][1]
    assert states == {
        "notifications.request_email": "done",
        "notifications.request_sms": "done",
        "notifications.status_email": "cancelled",  # that papers are needed has its own message
        "notifications.status_sms": "cancelled",
    }


def test_what_was_answered_meanwhile_is_not_asked_for(outside: Outside, olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    kind = ChecklistEntry.Kind.DOCUMENT
    item_ask(claim_id=claim.pk, kind=kind, key="delay_note", text="Справка", actor=olga, now=NOW)
    slot_waive(claim_id=claim.pk, slot="delay_note", why=ChecklistEntry.Waived.LOST, note="", now=NOW)

    assert set(deliver().values()) == {"cancelled"}
    assert (outside.mail, outside.sms) == ([], [])


@pytest.mark.parametrize("email", ["maria@example.com", ""])
@pytest.mark.parametrize("how", ["waived", "another", "no more"])
def test_a_file_that_needs_no_other_in_its_place_is_not_called_unfit(
    outside: Outside, olga: User, email: str, how: str
) -> None:
    claim = ClaimFactory(in_review=True, email=email)
    document = DocumentFactory(claim=claim, slot="passport", state="rejected")
    if how == "waived":
        kind = ChecklistEntry.Kind.DOCUMENT
        item_waive(claim_id=claim.pk, kind=kind, key="passport", note="Есть", actor=olga, now=NOW)
    elif how == "another":
        DocumentFactory(claim=claim, slot="passport", state="accepted")
    else:
        Document.objects.all().delete()
    with transaction.atomic():
        publish(DocumentRejected(claim_id=claim.pk, document_id=document.pk), now=NOW)

    assert set(deliver().values()) == {"cancelled"}
    assert (outside.mail, outside.sms) == ([], [])


def test_who_gave_no_email_hears_a_decision_by_sms(outside: Outside, olga: User) -> None:
    claim = ClaimFactory(in_review=True, email="")
    claim_move(claim_id=claim.pk, to=Status.APPROVED, actor=olga, reason="", now=NOW)
    deliver()

    assert outside.mail == []
    [(phone, text)] = outside.sms
    assert phone == claim.contact.phone
    assert claim.number in text


@pytest.mark.parametrize(("email", "by"), [("maria@example.com", "mail"), ("", "sms")])
def test_a_rejected_document_is_told_with_the_reason(outside: Outside, olga: User, email: str, by: str) -> None:
    document = DocumentFactory(claim=ClaimFactory(in_review=True, email=email))
    rejected = Document.State.REJECTED
    document_judge(document_id=document.pk, state=rejected, reason="Не видно даты", actor=olga, now=NOW)
    deliver()

    assert (len(outside.mail), len(outside.sms)) == ((1, 0) if by == "mail" else (0, 1))
    assert by == "sms" or "Не видно даты" in str(outside.mail[0].body)
    assert by == "sms" or f"#slot-{document.slot}\n" in str(outside.mail[0].body)


def test_a_document_that_is_accepted_after_all_is_not_called_unfit(outside: Outside, olga: User) -> None:
    document = DocumentFactory(claim=ClaimFactory(in_review=True, email="maria@example.com"))
    for state, reason in ((Document.State.REJECTED, "Темно"), (Document.State.ACCEPTED, "")):
        document_judge(document_id=document.pk, state=state, reason=reason, actor=olga, now=NOW)

    assert set(deliver().values()) == {"cancelled"}
    assert outside.mail == []


@pytest.mark.parametrize(
    ("source", "to"),
    [("submitted", Status.IN_REVIEW), ("in_review", Status.APPROVED), ("in_review", Status.REJECTED),
     ("approved", Status.PAID), ("submitted", Status.WITHDRAWN)],
)  # fmt: skip
def test_each_decision_is_told_with_its_reason(outside: Outside, olga: User, source: str, to: Status) -> None:
    claim = ClaimFactory(**{source: True})
    claim_move(claim_id=claim.pk, to=to, actor=olga, reason="Потому что так", now=NOW)
    deliver()

    [message] = outside.mail
    assert claim.number in message.subject
    assert "Потому что так" in str(message.body)
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


def test_a_message_names_nobody_s_phone(outside: Outside) -> None:
    claim = submitted()
    deliver()

    assert claim.contact.phone not in str(outside.mail[0].body) + outside.sms[0][1]


def registered(ticket: str = "TT42", **of: Any) -> Claim:
    claim: Claim = ClaimFactory(**of)
    Registration.objects.create(claim=claim, ticket_number=ticket, registered_at=NOW)
    registration_complete(claim_id=claim.pk, now=NOW)
    return claim


@pytest.mark.parametrize(("email", "by"), [("maria@example.com", "mail"), ("", "sms")])
def test_a_registered_claim_is_told_once_with_its_number(outside: Outside, email: str, by: str) -> None:
    claim = registered(email=email, language="en")
    deliver()
    registration_complete(claim_id=claim.pk, now=NOW)  # the last step again, as after a restart of the chain
    deliver(hours=1)

    assert (len(outside.mail), len(outside.sms)) == ((1, 0) if by == "mail" else (0, 1))
    subject, text = (outside.mail[0].subject, outside.mail[0].body) if by == "mail" else (outside.sms[0][1],) * 2
    assert claim.number in subject
    assert "TT42" in subject
    assert "TT42" in str(text)


def test_a_claim_that_was_handed_over_without_a_ticket_has_no_number_to_tell(outside: Outside) -> None:
    registered(ticket="")

    assert set(deliver().values()) == {"cancelled"}
    assert (outside.mail, outside.sms) == ([], [])


# --- what is asked for and what is still missing


def ask(claim: Claim, olga: User, kind: str, key: str, text: str) -> None:
    item_ask(claim_id=claim.pk, kind=ChecklistEntry.Kind(kind), key=key, text=text, actor=olga, now=NOW)


@pytest.mark.parametrize(
    ("kind", "key", "title", "place"),
    [
        ("document", "delay_note", "Note of the delay", "#slot-delay_note"),
        ("question", "hours_late", "Hours late", ""),
    ],
)
def test_a_request_names_the_paper_or_the_question_and_leads_there(
    outside: Outside, olga: User, kind: str, key: str, title: str, place: str
) -> None:
    claim = ClaimFactory(in_review=True, language="en")
    ask(claim, olga, kind, key, "So that we can go on.")
    deliver()

    [message], [(_phone, line)] = outside.mail, outside.sms
    assert title in line and line.endswith(f"/claims/{claim.number}/{place}")
    assert title in str(message.body) and "So that we can go on." in str(message.body)
    assert f"/claims/{claim.number}/{place}\n" in str(message.body)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [("question", "Who met you?", "answer: Who met you? http"), ("question", "Name her", "answer: Name her. http"),
     ("document", "A letter.", "please send us: A letter. http")],
)  # fmt: skip
def test_a_line_ends_what_it_asks_for_with_one_sign(
    outside: Outside, olga: User, kind: str, text: str, said: str
) -> None:
    claim = ClaimFactory(in_review=True, language="en")
    ask(claim, olga, kind, "", text)
    deliver()

    [(_phone, line)] = outside.sms
    assert said in line


def test_a_paper_and_a_question_are_asked_for_in_different_words(outside: Outside, olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    ask(claim, olga, "document", "delay_note", "Пришлите справку")
    ask(claim, olga, "question", "hours_late", "Сколько часов?")
    deliver()

    assert len({message.subject for message in outside.mail}) == 2


def remind(claim: Claim) -> None:
    with transaction.atomic():
        publish(DocumentsReminded(claim_id=claim.pk, number="1"), now=NOW)


def test_a_reminder_by_email_lists_what_is_missing(outside: Outside) -> None:
    claim = ClaimFactory(email="maria@example.com", language="en")
    remind(claim)
    deliver()

    [message] = outside.mail
    body = str(message.body)
    assert "Boarding pass" in body and "Passport" in body and "Note of the delay" not in body
    assert f"/claims/{claim.number}/" in body
    assert outside.sms == []


@pytest.mark.parametrize("email", ["maria@example.com", ""])
def test_a_reminder_of_one_paper_leads_to_its_place(outside: Outside, email: str) -> None:
    claim = ClaimFactory(email=email, language="en")
    DocumentFactory(claim=claim, slot="passport")
    remind(claim)
    deliver()

    text = str(outside.mail[0].body) if email else outside.sms[0][1]
    assert f"/claims/{claim.number}/#slot-boarding_pass" in text


def test_a_reminder_of_one_question_leads_to_the_page(outside: Outside, olga: User) -> None:
    claim = ClaimFactory(email="", language="en", in_review=True)
    for slot in ("boarding_pass", "passport"):
        DocumentFactory(claim=claim, slot=slot)
    ask(claim, olga, "question", "", "Who met you?")
    deliver()
    outside.sms.clear()
    remind(claim)
    deliver()

    [(_phone, line)] = outside.sms
    assert "we still need: Who met you? " in line and line.endswith(f"/claims/{claim.number}/")


def test_who_gave_no_email_is_reminded_by_sms_which_names_the_first_few(outside: Outside, olga: User) -> None:
    claim = ClaimFactory(email="", language="en")
    for text in ("A letter", "A map"):
        ask(claim, olga, "document", "", text)
    deliver()
    outside.sms.clear()
    remind(claim)
    deliver()

    [(_phone, line)] = outside.sms
    assert "A letter; A map; Boarding pass" in line and "Passport" not in line
    assert " 1 " in line


@pytest.mark.parametrize("email", ["maria@example.com", ""])
def test_a_reminder_that_comes_after_the_last_paper_is_not_sent(outside: Outside, email: str) -> None:
    claim = ClaimFactory(email=email)
    for slot in ("boarding_pass", "passport"):
        DocumentFactory(claim=claim, slot=slot)
    remind(claim)

    assert set(deliver().values()) == {"cancelled"}
    assert (outside.mail, outside.sms) == ([], [])
