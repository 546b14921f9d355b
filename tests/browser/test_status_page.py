"""The page of a sent claim: it updates itself, also where sockets are cut off, and belongs to one person."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.applicant import Applicant
from tests.browser.conftest import Sent
from tests.browser.form import Form
from tests.browser.looks import assert_good
from tests.browser.product import Product
from tests.browser.test_documents_form import staff_ask

OpenBrowser = Callable[..., BrowserContext]


def test_polling_keeps_the_page_fresh_where_sockets_are_cut_off(
    sent: Sent, open_browser: OpenBrowser, papers: dict[str, Path]
) -> None:
    context = open_browser()
    context.route_web_socket("**/ws/**", lambda socket: socket.close())
    page = sent.open_page(context)
    page.clock.install()
    page.goto(f"/claims/{sent.number}/")
    expect(page.get_by_test_id("live")).to_have_attribute("data-live", "false")
    expect(page.get_by_test_id("live")).to_contain_text("15 секунд")

    sent.person.upload("receipts", papers["small"])
    page.clock.fast_forward("00:16")

    expect(page.get_by_test_id("slot-receipts").get_by_test_id("document")).to_contain_text("посадочный.jpg")


def test_the_socket_comes_back_after_the_network_did(
    sent: Sent, open_browser: OpenBrowser, papers: dict[str, Path]
) -> None:
    page = sent.open_page(open_browser())
    page.goto(f"/claims/{sent.number}/")
    expect(page.get_by_test_id("live")).to_have_attribute("data-live", "true")
    page.context.set_offline(True)
    sent.person.upload("receipts", papers["small"])

    page.context.set_offline(False)

    expect(page.get_by_test_id("slot-receipts").get_by_test_id("document")).to_contain_text("посадочный.jpg")


def test_the_claim_of_another_is_no_claim(sent: Sent, someone: Applicant, open_browser: OpenBrowser) -> None:
    page = Sent(someone).open_page(open_browser())

    page.goto(f"/claims/{sent.number}/")

    expect(page.locator("h1")).to_have_text("По вашему номеру такой заявки нет")
    expect(page.get_by_test_id("claim-number")).to_have_count(0)


def test_who_is_not_logged_in_is_asked_for_the_phone_and_gets_there(sent: Sent, person: Form) -> None:
    person.phone = sent.person.phone
    person.product.let_code_limits_pass()
    person.page.goto(f"/claims/{sent.number}/")
    expect(person.page.get_by_test_id("login-about")).to_contain_text(sent.number)
    person.ask_code()
    person.enter_code()

    expect(person.page.get_by_test_id("claim-number")).to_have_text(sent.number)
    expect(person.page.get_by_test_id("live")).to_have_attribute("data-live", "true")


def test_a_word_wider_than_a_phone_does_not_widen_the_page(
    sent: Sent, product: Product, open_browser: OpenBrowser
) -> None:
    link = "https://example.com/" + "x" * 350
    staff_ask(product, sent.number, "document", "ticket", link)
    staff_ask(product, sent.number, "question", "", f"Откуда это: {link}?")
    page = sent.open_page(open_browser())

    page.goto(f"/claims/{sent.number}/")

    expect(page.get_by_test_id("requests")).to_contain_text("xxx")
    assert_good(page)


def test_an_answer_that_is_typed_stays_when_another_tab_answers(
    sent: Sent, product: Product, open_browser: OpenBrowser
) -> None:
    staff_ask(product, sent.number, "question", "", "Были ли у вас попутчики?")
    context = open_browser()
    first, second = (sent.open_page(context) for _ in range(2))
    for page in (first, second):
        page.goto(f"/claims/{sent.number}/")
        expect(page.get_by_test_id("live")).to_have_attribute("data-live", "true")
    second.locator("form.request textarea").fill("Жена и дочь")

    first.locator("form.request textarea").fill("Никого не было")
    first.get_by_test_id("answer-send").click()

    expect(first.locator("form.request")).to_have_count(0)
    expect(second.get_by_test_id("answered-elsewhere")).to_contain_text("Жена и дочь")
    expect(second.get_by_test_id("answer-send")).to_be_hidden()
    assert_good(second)
    second.get_by_test_id("answer-hide").click()
    expect(second.locator("form.request")).to_have_count(0)


def test_an_address_that_is_no_number_says_nothing_on_the_login_page(open_browser: OpenBrowser) -> None:
    page = open_browser().new_page()

    page.goto("/claims/Call +7 900 000-00-00 now/")

    expect(page.get_by_test_id("step-phone")).to_be_visible()
    expect(page.get_by_test_id("login-about")).to_have_count(0)


def test_the_receipt_is_a_page_and_a_pdf(sent: Sent, open_browser: OpenBrowser) -> None:
    page = sent.open_page(open_browser())
    page.goto(f"/claims/{sent.number}/receipt/")
    expect(page.get_by_test_id("receipt-number")).to_have_text(sent.number)

    with page.expect_download() as downloading:
        page.get_by_test_id("receipt-pdf").click()

    assert Path(downloading.value.path()).read_bytes().startswith(b"%PDF-")
