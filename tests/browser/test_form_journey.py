"""From phone to receipt in browsers: begun in one, finished in a second, seen by staff in a third without a reload."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.applicant import some_phone
from tests.browser.desk import Desk
from tests.browser.form import Form
from tests.browser.looks import assert_good
from tests.browser.product import Product

OpenBrowser = Callable[..., BrowserContext]
SLOW = 50 * 1024  # bytes a second: the scan takes more than a minute


def slow_down_sending(page: Page) -> None:
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": SLOW},
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", [390, 1440])
def test_a_claim_is_begun_here_finished_there_and_seen_by_staff(
    width: int, open_browser: OpenBrowser, product: Product, papers: dict[str, Path]
) -> None:
    phone = some_phone()
    product.let_code_limits_pass()
    handler = Desk(open_browser(1440).new_page())
    handler.log_in()
    handler.open_list()
    handler.stay()

    first = begun_and_left(Form(open_browser(width).new_page(), product, phone), papers)
    second = Form(open_browser(width).new_page(), product, phone)
    number = resumed_and_sent(second, first, papers, honest=width == 390)

    assert number == first
    expect(handler.row(number)).to_be_visible()
    expect(handler.row(number)).to_contain_text("Мария Иванова")
    handler.expect_not_reloaded()
    assert_good(handler.page)
    papers_go_both_ways(handler, second, papers)


def begun_and_left(maria: Form, papers: dict[str, Path]) -> str:
    """From the phone to the documents; the browser is closed while a file is being sent."""
    maria.page.goto("/")
    maria.expect_step("phone")
    assert_good(maria.page)
    maria.ask_code()
    maria.expect_step("code")
    assert_good(maria.page)
    maria.enter_code()
    maria.describe()
    assert_good(maria.page)
    maria.go_on()
    maria.check_policy()
    expect(maria.page.locator("[data-status=valid]")).to_be_visible()
    assert_good(maria.page)
    maria.go_on()
    maria.expect_step("event")
    assert_good(maria.page)
    maria.choose_event()
    maria.answer_all()
    assert_good(maria.page)
    maria.go_on()
    maria.expect_step("documents")
    maria.send_file("id_page", papers["photo"])
    slow_down_sending(maria.page)
    maria.choose_file("ticket", papers["scan"])
    expect(maria.slot("ticket").get_by_test_id("upload")).to_have_attribute("data-state", "sending")
    assert_good(maria.page)
    expect(maria.slot("ticket").get_by_test_id("upload")).to_have_attribute("data-state", "sending")
    number = maria.number
    maria.page.goto("about:blank")  # a closing context lifts the slowness before it cuts what is under way
    maria.page.context.close()
    return number


def resumed_and_sent(maria: Form, number: str, papers: dict[str, Path], *, honest: bool) -> str:
    """In another browser, with the same phone and a new code. `honest`: the page waits out the limit of codes."""
    maria.product.let_code_limits_pass()
    maria.log_in()
    maria.expect_step("resume")
    expect(maria.step("resume")).to_contain_text(number)
    assert_good(maria.page)
    maria.page.get_by_test_id("resume-claim").click()

    maria.expect_step("documents")
    expect(maria.slot("id_page").get_by_test_id("document")).to_contain_text("IMG_2041.jpg")
    expect(maria.slot("ticket").get_by_test_id("document")).to_have_count(0)
    maria.send_file("ticket", papers["scan"])
    maria.send_file("delay_proof", papers["heic"])
    expect(maria.slot("delay_proof").locator(".file__picture img")).to_be_visible()
    assert_good(maria.page)
    maria.settle_papers()
    maria.go_on()
    if not honest:
        maria.product.let_code_limits_pass()
    maria.expect_step("requisites")
    assert_good(maria.page)
    maria.enter_requisites()
    assert_good(maria.page)
    maria.confirm_requisites()
    assert_good(maria.page)
    maria.go_on()
    maria.agree()
    assert_good(maria.page)
    maria.go_on()
    expect(maria.page.get_by_test_id("receipt")).to_be_visible(timeout=40_000)
    assert_good(maria.page)
    return maria.page.get_by_test_id("receipt-number").inner_text()


def papers_go_both_ways(handler: Desk, maria: Form, papers: dict[str, Path]) -> None:
    """What the applicant adds is on staff's open page, what staff ask for is on the applicant's; nobody reloads."""
    number = maria.page.get_by_test_id("receipt-number").inner_text()
    handler.open_claim(number)
    handler.stay()
    expect(handler.papers).to_have_count(3)
    maria.page.get_by_test_id("status-page").click()
    expect(maria.page.get_by_test_id("live")).to_have_attribute("data-live", "true")
    maria.page.evaluate("window.stillHere = true")

    maria.send_file("boarding_pass", papers["small"])
    expect(handler.papers).to_have_count(4)
    expect(handler.page.locator("#part-documents")).to_contain_text("посадочный.jpg")

    handler.ask_for("receipts", "Пришлите, пожалуйста, чеки за гостиницу.")
    expect(maria.page.get_by_test_id("requests")).to_contain_text("чеки за гостиницу")
    expect(maria.page.get_by_test_id("claim-status")).to_have_attribute("data-status", "needs_documents")
    assert maria.page.evaluate("window.stillHere === true")
    handler.expect_not_reloaded()
    assert_good(maria.page)
    assert_good(handler.page)
