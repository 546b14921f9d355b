"""What one does is on the open pages of the others: between two clerks, and between the desk and the applicant."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, WebSocketRoute, expect

from tests.browser.conftest import Sent
from tests.browser.desk import Desk

OpenBrowser = Callable[..., BrowserContext]


@pytest.fixture
def olga(open_browser: OpenBrowser) -> Desk:
    """A claims handler at her desk."""
    desk = Desk(open_browser(1440).new_page())
    desk.log_in("handler")
    return desk


@pytest.fixture
def igor(open_browser: OpenBrowser) -> Desk:
    """A senior handler at another desk."""
    desk = Desk(open_browser(1440).new_page())
    desk.log_in("senior")
    return desk


def test_what_one_decides_is_on_the_other_ones_page(olga: Desk, igor: Desk, sent: Sent) -> None:
    for desk in (olga, igor):
        desk.open_list()
        desk.open_claim(sent.number)
        desk.stay()

    olga.page.locator("#claim-moves form:has(input[value=in_review]) button").click()
    olga.papers.first.get_by_role("button", name="Принять").click()

    expect(igor.papers.first).to_have_attribute("data-state", "accepted")
    expect(igor.page.locator("#claim-status")).to_have_text(olga.page.locator("#claim-status").inner_text())
    igor.expect_not_reloaded()


def test_what_happens_while_a_page_connects_is_not_missed(olga: Desk, sent: Sent, papers: dict[str, Path]) -> None:
    olga.open_list()

    def connect_late(socket: WebSocketRoute) -> None:
        sent.person.upload("receipts", papers["small"])
        socket.connect_to_server()

    olga.page.route_web_socket("**/ws/staff/claims/*/", connect_late)
    olga.open_claim(sent.number)

    expect(olga.papers).to_have_count(4)


def test_a_refused_document_is_asked_for_again_with_its_reason(
    olga: Desk, sent: Sent, open_browser: OpenBrowser
) -> None:
    page = sent.open_page(open_browser())
    page.goto(f"/claims/{sent.number}/")
    expect(page.get_by_test_id("live")).to_have_attribute("data-live", "true")
    olga.open_list()
    olga.open_claim(sent.number)
    paper = olga.papers.first

    paper.locator("details.decide > summary").click()
    paper.locator("textarea").fill("Фото не читается, снимите при дневном свете.")
    paper.locator("details.decide button[type=submit]").click()

    expect(paper).to_have_attribute("data-state", "rejected")
    refused = page.locator("[data-testid=document][data-state=rejected]")
    expect(refused).to_contain_text("при дневном свете")


def test_a_question_that_staff_publish_is_asked_in_the_next_form(
    open_browser: OpenBrowser, begin_claim: Callable[[], Sent]
) -> None:
    anna = Desk(open_browser(1440).new_page())
    anna.log_in("admin")
    anna.page.goto("/admin/claims/eventtype/")
    anna.page.get_by_role("link", name="Задержали рейс").click()
    anna.page.locator("details:has([name=questions-0-label_ru]) > summary").click()
    anna.page.locator("[name=questions-0-label_ru]").fill("Номер вашего рейса")
    anna.page.locator("[name=_save]").click()
    expect(anna.page.locator("#unpublished")).to_be_visible()
    anna.page.locator("#publish-link").click()
    anna.page.locator("[name=publish]").click()
    expect(anna.page.locator("#unpublished")).to_have_count(0)

    asked = begin_claim().person.patch(event_type="flight_delayed")["questions"]

    assert "Номер вашего рейса" in [one["label"] for one in asked]
