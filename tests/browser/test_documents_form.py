"""Documents at the form: advised, read while one waits, replaced, kept, not to be had; and asked for afterwards."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fpdf import FPDF
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Sent
from tests.browser.form import READ, Form
from tests.browser.looks import assert_good
from tests.browser.product import ROOT, Product

OpenBrowser = Callable[..., BrowserContext]

BILL = """INVOICE
Invoice number 2041    Invoice date 12.11.2026
Bill to: Anna Whitfield
Description of services rendered
Quantity 2    Unit price 80.00    Subtotal 160.00
VAT 20%    Amount due 192.00 EUR
Balance due    Due date 26.11.2026"""
TICKET = """ELECTRONIC TICKET
Itinerary receipt    Ticket number 555 2401234567
Passenger Anna Whitfield
Carrier and issuing airline: Example Air
Flight EX 2137    Fare basis YOW    Fare 120.00 EUR
Baggage allowance 23 kg"""
# Staff's own service, run inside the product that the test looks at.
ASK = """
import sys
import django
django.setup()
from django.utils import timezone
from apps.accounts.models import User
from apps.claims.models import Claim
from apps.claims.services import item_ask
number, kind, key, text = sys.argv[1:]
claim = Claim.objects.get(number=number)
handler = User.objects.get(username="handler")
item_ask(claim_id=claim.pk, kind=kind, key=key, text=text, actor=handler, now=timezone.now())
"""


def paper(path: Path, text: str) -> Path:
    """A PDF with its text, so that it is read without OCR."""
    made = FPDF()
    made.add_page()
    heading, rest = text.split("\n", 1)
    made.set_font("Helvetica", size=22)
    made.cell(text=heading, new_x="LMARGIN", new_y="NEXT")
    made.set_font("Helvetica", size=12)
    made.multi_cell(0, 9, rest)
    made.output(str(path))
    return path


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    return paper(tmp_path / "hotel.pdf", BILL)


@pytest.fixture
def ticket(tmp_path: Path) -> Path:
    return paper(tmp_path / "ticket.pdf", TICKET)


def staff_ask(product: Product, number: str, kind: str, key: str, text: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLAIMDESK_")}
    environment.update(CLAIMDESK_VAR_DIR=str(product.folder), DJANGO_SETTINGS_MODULE="config.settings")
    ask = [sys.executable, "-c", ASK, number, kind, key, text]
    subprocess.run(ask, cwd=ROOT, env=environment, check=True, timeout=60)


def sent_without_papers(begin_claim: Callable[[], Sent], product: Product) -> Sent:
    made = begin_claim()
    made.person.describe()
    made.person.answer_all()
    for slot in made.person.read()["slots"]:
        if slot["required"]:
            path = f"{made.person.path}/slots/{slot['key']}/waiver"
            made.person.call("PUT", path, json={"reason": "lost"}, expect=200)
    product.let_code_limits_pass()
    made.person.confirm_requisites()
    made.person.submit()
    return made


def expect_focus_in(page: Page, test_id: str) -> None:
    expect(page.get_by_test_id(test_id).locator(":focus")).to_have_count(1)


def test_the_description_chooses_the_kind_of_event_and_the_person_another(person: Form) -> None:
    person.reach("event")

    expect(person.page.get_by_test_id("advice")).to_have_attribute("data-state", "advised")
    expect(person.page.get_by_test_id("event-type-flight_delayed")).to_be_checked()
    expect(person.field("answers.flight_number")).to_be_visible()
    assert_good(person.page)

    person.page.get_by_test_id("event-type-change").click()
    person.page.locator("label[for=event-type-medical]").click()

    expect(person.page.get_by_test_id("advice")).to_be_hidden()
    expect(person.field("answers.flight_number")).to_have_count(0)


def test_a_claim_is_sent_without_papers_that_are_not_to_be_had(person: Form) -> None:
    person.reach("documents")
    slot = person.slot("ticket")
    slot.get_by_test_id("waive-ticket").press("Enter")
    assert_good(person.page)

    person.page.keyboard.press("Space")
    person.page.keyboard.press("Enter")

    expect(slot.get_by_test_id("waived")).to_be_visible()
    expect(slot).to_be_focused()
    expect(slot.get_by_test_id("file-ticket")).to_be_hidden()
    assert_good(person.page)
    slot.get_by_test_id("found-ticket").click()
    expect_focus_in(person.page, "slot-ticket")
    expect(slot).to_have_attribute("data-state", "waiting")
    person.waive_all()
    assert person.finish().startswith("CLM-")


def test_a_paper_of_the_wrong_kind_is_told_at_once_and_replaced(person: Form, bill: Path, ticket: Path) -> None:
    person.reach("documents")
    slot = person.slot("ticket")
    person.send_file("ticket", bill)

    person.expect_read("ticket", "rejected")
    expect(slot.get_by_test_id("document-reason")).not_to_be_empty()
    assert_good(person.page)

    with person.page.expect_file_chooser() as choosing:
        slot.get_by_test_id("document-replace").click()
    choosing.value.set_files(ticket)

    person.expect_only_file("ticket", ticket)
    person.expect_read("ticket", "accepted")


def test_a_rejected_paper_is_pointed_out_once_and_stops_nobody(person: Form, bill: Path) -> None:
    person.reach("documents")
    person.waive_all(but="ticket")
    person.send_file("ticket", bill)
    person.expect_read("ticket", "rejected")

    person.go_on()
    expect(person.summary.get_by_role("link")).to_have_count(1)
    person.summary.get_by_role("link").click()
    expect_focus_in(person.page, "slot-ticket")
    person.go_on()

    person.expect_step("requisites")


def test_a_rejected_paper_that_is_lost_shows_one_state_its_note_and_the_way_to_another(
    person: Form, bill: Path, ticket: Path
) -> None:
    person.reach("documents")
    slot = person.slot("ticket")
    person.send_file("ticket", bill)
    expect(slot).to_have_attribute("data-state", "rejected", timeout=READ)
    slot.get_by_test_id("waive-ticket").click()
    person.page.locator("label[for=f-waiver-ticket-reason-0]").click()
    person.field("waiver.ticket.note").fill("Украли с сумкой")
    slot.get_by_test_id("waive-confirm").click()
    expect(slot).to_have_attribute("data-state", "waived")
    expect(slot).not_to_contain_text("Нужен другой файл")
    assert_good(person.page)

    slot.get_by_test_id("waiver-change-ticket").click()
    person.field("waiver.ticket.note").fill("Украли в аэропорту")
    slot.get_by_test_id("waive-confirm").click()
    expect(slot.get_by_test_id("waiver-note")).to_have_text("Украли в аэропорту")
    with person.page.expect_file_chooser() as choosing:
        slot.get_by_test_id("document-replace").click()
    choosing.value.set_files(ticket)

    expect(slot).to_have_attribute("data-state", "accepted", timeout=READ)
    expect(slot.get_by_test_id("document")).to_have_count(1)


def test_the_person_may_say_that_it_is_the_right_one(person: Form, bill: Path) -> None:
    person.reach("documents")
    slot = person.slot("ticket")
    person.send_file("ticket", bill)
    person.expect_read("ticket", "rejected")

    slot.get_by_test_id("document-keep").click()

    expect(slot).to_have_attribute("data-state", "doubtful")
    expect(slot.get_by_test_id("document-keep")).to_be_hidden()


def test_a_question_of_staff_is_answered_on_the_page_of_the_claim(
    begin_claim: Callable[[], Sent], product: Product, open_browser: OpenBrowser
) -> None:
    sent = sent_without_papers(begin_claim, product)
    staff_ask(product, sent.number, "question", "", "Были ли у вас попутчики?")
    page = sent.open_page(open_browser())
    page.goto(f"/claims/{sent.number}/")
    asked = page.locator("form.request")
    expect(asked).to_contain_text("попутчики")
    assert_good(page)

    asked.get_by_test_id("answer-send").click()
    expect(asked.locator(".field__error")).to_be_visible()
    asked.locator("textarea, input").fill("Жена и дочь")
    asked.get_by_test_id("answer-send").click()

    expect(asked).to_have_count(0)
    expect(page.locator("h1")).to_be_focused()
    assert "Жена и дочь" in sent.person.read()["answers"].values()
