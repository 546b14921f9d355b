"""The page of a sent claim: it updates itself, also where sockets are cut off, and belongs to one person."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.applicant import Applicant
from tests.browser.conftest import Sent
from tests.browser.form import Form

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
    person.ask_code()
    person.enter_code()

    expect(person.page.get_by_test_id("claim-number")).to_have_text(sent.number)
    expect(person.page.get_by_test_id("live")).to_have_attribute("data-live", "true")


def test_the_receipt_is_a_page_and_a_pdf(sent: Sent, open_browser: OpenBrowser) -> None:
    page = sent.open_page(open_browser())
    page.goto(f"/claims/{sent.number}/receipt/")
    expect(page.get_by_test_id("receipt-number")).to_have_text(sent.number)

    with page.expect_download() as downloading:
        page.get_by_test_id("receipt-pdf").click()

    assert Path(downloading.value.path()).read_bytes().startswith(b"%PDF-")
