"""A claim on its way into the CRM: what its applicant, staff and ops see of it when the CRM is away and comes back."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import SCREENS, Sent
from tests.browser.desk import Desk
from tests.browser.form import Form
from tests.browser.looks import assert_good
from tests.browser.product import Product

OpenBrowser = Callable[..., BrowserContext]
LONG = 60_000  # ms: seven steps, each a few calls to the sandbox, on a busy machine


class Knobs:
    """The sandbox's page, where a person breaks the CRM and mends it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        page.goto(address)
        self.tile = page.locator(".tile:has([data-live=tile-vtiger])")

    def break_crm(self) -> None:
        self.tile.locator("details.break > summary").click()
        self.tile.locator("button[value=down]").click()
        expect(self.tile.locator("button[value=mend]")).to_be_visible()

    def mend_crm(self) -> None:
        self.tile.locator("button[value=mend]").click()
        expect(self.tile.locator("button[value=mend]")).to_have_count(0)


@pytest.fixture
def knobs(product: Product, open_browser: OpenBrowser) -> Iterator[Knobs]:
    yield Knobs(open_browser(1440).new_page(), product.sandbox)
    requests.post(f"{product.sandbox}/_faults/vtiger", data={"preset": "mend"}, timeout=10)


@pytest.fixture
def igor(open_browser: OpenBrowser) -> Desk:
    """A senior handler, who may move deliveries."""
    desk = Desk(open_browser(1440).new_page())
    desk.log_in("senior")
    return desk


def test_a_crm_that_is_away_delays_a_claim_and_loses_nothing(
    person: Form, papers: dict[str, Path], knobs: Knobs, igor: Desk
) -> None:
    knobs.break_crm()
    person.reach("documents")
    person.fill_documents(papers["small"])
    number = person.finish()

    person.page.get_by_test_id("status-page").click()
    progress = person.page.get_by_test_id("registration")
    expect(progress.locator("[data-done=true]")).to_have_count(1)  # it was received, and that is all so far
    expect(person.page.get_by_test_id("live")).to_have_attribute("data-live", "true")
    igor.open_list()
    igor.open_claim(number)
    for page in (person.page, igor.page):
        page.evaluate("window.stillHere = true")

    stuck = igor.page.locator("[data-step='registration.contact']")
    expect(stuck).to_have_attribute("data-state", re.compile("waiting|parked"))
    expect(stuck.locator(".why")).to_contain_text("503")
    expect(igor.page.locator("[data-step='registration.ticket']")).to_have_attribute("data-state", "turn")
    knobs.mend_crm()
    stuck.locator("form[action*='/retry/'] button").click()

    expect(progress).to_contain_text(re.compile(r"TT\d+"), timeout=LONG)
    expect(igor.page.locator("#chain [data-state=delivery-done]")).to_have_count(7, timeout=LONG)
    expect(progress.locator("[data-done=true]")).to_have_count(3, timeout=LONG)
    ticket = igor.page.locator("#records a").first.inner_text()
    expect(progress).to_contain_text(ticket)
    expect(person.page.get_by_test_id("timeline")).to_contain_text(ticket)
    for page in (person.page, igor.page):
        assert page.evaluate("window.stillHere === true"), "the page was reloaded"


def test_the_records_of_a_registered_claim_are_a_click_away(sent: Sent, igor: Desk) -> None:
    igor.open_list()
    igor.open_claim(sent.number)
    expect(igor.page.locator("#chain [data-state=delivery-done]")).to_have_count(7, timeout=LONG)

    with igor.page.context.expect_page() as opened:
        igor.page.locator("#records a").first.click()
    expect(opened.value.locator("body")).to_contain_text(sent.number)
    with igor.page.expect_download() as downloading:
        igor.page.locator("#archive").click()

    assert Path(downloading.value.path()).read_bytes().startswith(b"PK")
    assert downloading.value.suggested_filename == f"{sent.number}.zip"


@pytest.mark.parametrize("width", [390, 1440])
def test_both_pages_are_readable_in_both_colours(chromium: Browser, product: Product, sent: Sent, width: int) -> None:
    # Unwatched, as in test_desk: axe puts styles into pages.
    context = chromium.new_context(base_url=product.url, locale="ru-RU", reduced_motion="reduce", **SCREENS[width])
    context.set_default_timeout(LONG)
    status = sent.open_page(context)
    status.goto(f"/claims/{sent.number}/")
    expect(status.get_by_test_id("registration")).to_contain_text(re.compile(r"TT\d+"), timeout=LONG)
    assert_good(status)

    desk = Desk(context.new_page())
    desk.log_in("senior")
    desk.open_list()
    desk.open_claim(sent.number)
    desk.page.locator("[id^=step-again] > summary").first.click()
    assert_good(desk.page)
    context.close()
