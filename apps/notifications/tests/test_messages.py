"""What the applicant is told, when, in which words; and that nobody is told twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from apps.accounts.models import User
from apps.claims.events import ClaimSubmitted
from apps.claims.models import Claim, Document
from apps.claims.services import claim_move, document_judge, documents_request
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

    def __init__(self) -> None:
        self.mail: list[EmailMultiAlternatives] = []
        self.sms: list[tuple[str, str]] = []
        self.fails: Exception | None = None

    def take_mail(self, message: EmailMultiAlternatives) -> None:
        self.mail.append(message)
        if self.fails:
            raise self.fails

    def send(self, *, phone: str, text: str, key: str) -> Sent:
        self.sms.append((phone, text))
        if self.fails:
            raise self.fails
        return Sent("17", 1, None)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    one = Outside()
    monkeypatch.setattr("apps.notifications.handlers.mail.send", one.take_mail)
    monkeypatch.setattr("apps.notifications.handlers.get_gateway", lambda: one)
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
    documents_request(claim_id=claim.pk, slot="delay_note", text="Пришлите справку", actor=olga, now=NOW)
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
