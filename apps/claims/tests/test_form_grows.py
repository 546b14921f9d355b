"""A question and a slot that staff add in the admin reach everything, without a line of code.

A draft that was begun before keeps the form it was begun with.
"""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from apps.claims import selectors
from apps.claims.consents import CONSENTS
from apps.claims.errors import ClaimIncomplete, FieldsInvalid
from apps.claims.models import Claim, EventType
from apps.claims.rules import form
from apps.claims.services import claim_begin, claim_describe, claim_patch, claim_submit, definition_publish
from apps.claims.services.submit import Agreed
from apps.claims.tests.factories import DocumentFactory, EventTypeFactory, QuestionFactory, RequisitesFactory
from apps.claims.tests.staff import client_of, staff
from apps.claims.tests.test_admin_catalogue import form_of
from apps.claims.ticket import ticket_of
from apps.contacts.tests.factories import ContactFactory

QUESTION, SLOT = "gate_number", "gate_photo"
OPTIONS = "a | Терминал А | Термінал А | Terminal A\nb | Терминал Б | Термінал Б | Terminal B"
pytestmark = pytest.mark.django_db


def titles(name: str, ru: str, uk: str, en: str) -> dict[str, str]:
    return {f"{name}_ru": ru, f"{name}_uk": uk, f"{name}_en": en}


@pytest.fixture
def senior() -> Client:
    return client_of(staff("Senior handler"))


@pytest.fixture
def older() -> Claim:
    """A draft begun with the form as it was."""
    EventTypeFactory(with_rows=True)
    QuestionFactory(key="applicant_name", role="applicant_name")
    definition_publish(actor=None, now=timezone.now() - timedelta(hours=1))
    return begun()


def begun() -> Claim:
    return claim_begin(contact=ContactFactory(), language="en", now=timezone.now())


@pytest.fixture
def newer(senior: Client, older: Claim) -> Claim:
    """A draft begun after staff added a question with its choices and a slot, and published the form."""
    event_type = f"/admin/claims/eventtype/{EventType.objects.get().pk}/change/"
    data = form_of(senior.get(event_type))
    at = {prefix: int(data[f"{prefix}-TOTAL_FORMS"]) for prefix in ("questions", "slots")}
    added: dict[str, dict[str, Any]] = {
        f"questions-{at['questions']}-": {
            "key": QUESTION, "kind": "choice", "required": "on", "order": "90", "choices": OPTIONS,
            **titles("label", "Какой терминал?", "Який термінал?", "Which terminal?"),
        },
        f"slots-{at['slots']}-": {
            "key": SLOT, "required": "on", "order": "90", "max_files": "2", "accepts": ["jpeg", "png"],
            **titles("title", "Фото выхода", "Фото виходу", "Photo of the gate"),
        },
    }  # fmt: skip
    data |= {f"{prefix}-TOTAL_FORMS": str(count + 1) for prefix, count in at.items()}
    data |= {prefix + name: value for prefix, row in added.items() for name, value in row.items()}
    saved = senior.post(event_type, data)
    assert saved.status_code == 302, saved.context["errors"]
    senior.post("/admin/claims/eventtype/publish/")
    return begun()


def patch(claim: Claim, **changes: Any) -> Claim:
    return claim_patch(claim_id=claim.pk, changes=changes, expected_version=None, now=timezone.now())[0]


def seen(claim: Claim) -> Claim:
    return selectors.applicant_claim(contact_id=claim.contact_id, number=claim.number, now=timezone.now())


def filled(claim: Claim, **answers: Any) -> Claim:
    """The draft with everything that the older form asks for, and `answers`."""
    claim_describe(claim_id=claim.pk, text="The flight was late by seven hours.", now=timezone.now())
    name = {"applicant_name": "Maria Sokolova", "flight_number": "XY 123", "hours_late": "7"}
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    patch(claim, event_type="flight_delayed", event_date=yesterday, event_place="Yerevan")
    DocumentFactory(claim=claim, slot="boarding_pass")
    RequisitesFactory(claim=claim, confirmed_at=timezone.now())
    return patch(claim, answers={**name, **answers})


def submitted(claim: Claim) -> Claim:
    agreed = [Agreed(one["kind"], one["version"]) for one in CONSENTS]
    claim_submit(claim_id=claim.pk, consents=agreed, address="192.0.2.7", now=timezone.now())
    return seen(claim)


# --- the form


def test_the_published_form_asks_for_both(newer: Claim, client: Client) -> None:
    asked = client.get("/api/v1/intake/definition", headers={"Accept-Language": "en"}).json()

    delayed = next(one for one in asked["event_types"] if one["code"] == "flight_delayed")
    terminal = next(one for one in delayed["questions"] if one["key"] == QUESTION)
    assert (terminal["label"], [one["label"] for one in terminal["choices"]]) == (
        "Which terminal?", ["Terminal A", "Terminal B"],
    )  # fmt: skip
    assert next(one["title"] for one in delayed["slots"] if one["key"] == SLOT) == "Photo of the gate"


def test_its_answer_is_checked(newer: Claim) -> None:
    patch(newer, event_type="flight_delayed")

    with pytest.raises(FieldsInvalid) as refused:
        patch(newer, answers={QUESTION: "z"})

    assert [(one.code, one.attr) for one in refused.value.problems] == [("choice_unknown", f"answers.{QUESTION}")]


def test_a_claim_without_them_is_not_complete(newer: Claim) -> None:
    claim = filled(newer)

    with pytest.raises(ClaimIncomplete):
        submitted(claim)

    lacking = form.missing(claim.definition.content, selectors.draft_of(seen(claim)))
    assert {one.attr for _step, one in lacking} == {f"answers.{QUESTION}", f"slots.{SLOT}"}
    assert seen(claim).missing == 2


# --- what becomes of the answers


@pytest.fixture
def done(newer: Claim) -> Claim:
    DocumentFactory(claim=newer, slot=SLOT, name="gate.jpg")
    return submitted(filled(newer, **{QUESTION: "b"}))


def test_the_claim_s_page_shows_both(done: Claim) -> None:
    shown = {one["key"]: one["title"] for one in selectors.claim_slots(done, "uk")}

    assert shown[SLOT] == "Фото виходу"
    assert ("Який термінал?", "Термінал Б") in selectors.claim_answers(done, "uk")


def test_the_receipt_tells_both(done: Claim) -> None:
    pages = PdfReader(io.BytesIO(selectors.claim_receipt(done))).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())

    assert "Which terminal? Terminal B" in text
    assert "Photo of the gate gate.jpg" in text


def test_the_crm_is_told_the_answer(done: Claim) -> None:
    ticket = ticket_of(done, contact_id="12x1", project_id="31x1")

    assert ticket.answers[QUESTION] == "Терминал Б"
    assert "Какой терминал? Терминал Б" in ticket.description


def test_staff_see_both_on_the_claim_s_page(done: Claim, senior: Client) -> None:
    page = senior.get(f"/admin/claims/claim/{done.pk}/change/", headers={"Accept-Language": "ru"})

    told = page.content.decode()
    assert "Терминал Б" in told
    assert "Фото выхода" in told


# --- a draft that was begun before


def test_a_draft_begun_before_keeps_its_form(older: Claim, newer: Claim) -> None:
    claim = filled(older)

    keys = {one["key"] for one in [*selectors.asked_questions(claim), *selectors.form_slots(claim)]}
    assert not {QUESTION, SLOT} & keys
    assert submitted(claim).status == "submitted"
