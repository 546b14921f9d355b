"""A delayed flight on a phone, with photos that are really read, to the paper that staff asked for afterwards."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from bench.papers import Paper, papers
from tests.applicant import some_phone
from tests.browser.desk import Desk
from tests.browser.form import READ, Form
from tests.browser.looks import assert_good
from tests.browser.product import Product

OpenBrowser = Callable[..., BrowserContext]
STORY = "Наш рейс в Анталью задержали на девять часов, просидели в аэропорту до утра. Справки нам не дали."
# Photos as phones take them; the boarding pass lies on its side.
PHOTOS = {
    "passport": "passport-uk-photo", "receipt": "receipt-ru-photo", "certificate": "delay_certificate-ru-photo",
    "boarding_pass": "boarding_pass-ru-turned-90",
}  # fmt: skip


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = Product(tmp_path_factory.mktemp("reading"), ocr=True)
    yield running
    running.stop()


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Paper]:
    every = papers(tmp_path)
    chosen = {name: next(one for one in every if ending in one.path.name) for name, ending in PHOTOS.items()}
    for paper in chosen.values():
        paper.write()
    return chosen


@pytest.mark.slow
@pytest.mark.tesseract
@pytest.mark.timeout(400)
def test_a_delayed_flight_from_the_story_to_the_paper_that_staff_asked_for(
    open_browser: OpenBrowser, product: Product, photos: dict[str, Paper]
) -> None:
    maria = Form(open_browser(390).new_page(), product, some_phone())
    product.let_code_limits_pass()
    maria.log_in()
    the_list_becomes_that_of_a_delayed_flight(maria)
    a_wrong_photo_is_told_and_replaced(maria, photos)
    maria.waive("delay_proof")
    number = maria.finish()
    maria.page.context.close()

    olga = Desk(open_browser(1440).new_page())
    staff_ask_for_what_was_not_there(olga, number)
    at_home = Form(open_browser(390).new_page(), product, maria.phone)
    the_link_of_the_sms_leads_to_the_upload(at_home, number, photos["certificate"].path)
    the_desk_shows_it(olga, photos["certificate"])


def the_list_becomes_that_of_a_delayed_flight(maria: Form) -> None:
    """Before the story only what everyone is asked for; after it what a delayed flight needs."""
    maria.expect_step("description")
    maria.page.get_by_test_id("nav-documents").click()
    maria.expect_step("documents")
    expect(maria.slot_titles).to_have_text(["Паспорт, страница с фото", "Полис"])
    maria.page.get_by_test_id("nav-description").click()
    maria.describe(STORY)
    maria.go_on()

    maria.check_policy()
    maria.go_on()
    expect(maria.page.get_by_test_id("advice")).to_contain_text("Задержали рейс")
    maria.tell_when_and_where()
    maria.answer_all()
    maria.go_on()

    maria.expect_step("documents")
    expect(maria.slot_titles).to_have_text([
        "Билет", "Подтверждение задержки", "Паспорт, страница с фото", "Полис", "Посадочный талон", "Чеки",
    ])  # fmt: skip
    assert_good(maria.page)


def a_wrong_photo_is_told_and_replaced(maria: Form, photos: dict[str, Paper]) -> None:
    maria.send_file("id_page", photos["passport"].path)
    maria.send_file("ticket", photos["receipt"].path)
    maria.expect_read("ticket", "rejected")
    slot = maria.slot("ticket")
    expect(slot.get_by_test_id("document-reason")).to_contain_text(re.compile("чек", re.IGNORECASE))
    assert_good(maria.page)

    with maria.page.expect_file_chooser() as choosing:
        slot.get_by_test_id("document-replace").click()
    choosing.value.set_files(photos["boarding_pass"].path)

    maria.expect_only_file("ticket", photos["boarding_pass"].path)
    maria.expect_read("ticket", "accepted")
    maria.expect_read("id_page", "accepted")


def staff_ask_for_what_was_not_there(olga: Desk, number: str) -> None:
    olga.log_in()
    olga.open_list()
    olga.open_claim(number)
    expect(olga.slot("delay_proof").locator(".waived")).to_be_visible()
    expect(olga.slot("ticket").locator("[data-state=accepted]")).to_have_count(1)
    olga.stay()

    olga.ask_for("delay_proof", "Справку даёт авиакомпания по письму.")

    expect(olga.page.locator(".requests .open")).to_contain_text("Справку даёт авиакомпания")


def the_link_of_the_sms_leads_to_the_upload(maria: Form, number: str, photo: Path) -> None:
    sms = maria.product.sms(maria.phone, about="Подтверждение задержки")
    link = re.search(r"http\S+", sms)
    assert link and number in sms, sms
    maria.product.let_code_limits_pass()
    maria.log_in(link[0])

    expect(maria.slot("delay_proof").locator(":focus")).to_have_count(1)
    expect(maria.page.get_by_test_id("requests")).to_contain_text("Справку даёт авиакомпания")
    assert_good(maria.page)
    maria.send_file("delay_proof", photo)

    maria.expect_read("delay_proof", "accepted")
    expect(maria.page.get_by_test_id("to-slot")).to_have_count(0)


def the_desk_shows_it(olga: Desk, paper: Paper) -> None:
    """On the page that was open all the time: read, with its facts."""
    shown = olga.slot("delay_proof").locator("[data-document]")
    expect(shown).to_have_attribute("data-state", "accepted", timeout=READ)
    shown.locator("a[data-view]").click()
    name = next(value for kind, value in paper.facts if kind == "name")

    said = olga.page.locator("#viewer-read [data-fact]", has_text=name)
    expect(said.locator(".differs")).to_have_text("В заявке другое имя: Мария Иванова")
    olga.expect_not_reloaded()
