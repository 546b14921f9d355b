"""Two clerks judge one claim's papers by keyboard: no verdict is lost, none overrides what its clerk has not seen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Sent
from tests.browser.desk import Desk

Open = Callable[..., BrowserContext]


def desk_at(claim: Sent, context: BrowserContext, username: str) -> Desk:
    desk = Desk(context.new_page())
    desk.log_in(username)
    desk.open_list()
    desk.open_claim(claim.number)
    return desk


@pytest.mark.slow
def test_decisions_are_taken_back_by_key_until_after_the_last_paper(open_browser: Open, sent: Sent) -> None:
    page = desk_at(sent, open_browser(1440), "handler").page
    papers = page.locator("#part-documents [data-document]")
    count, viewer = page.locator("#viewer-count"), page.locator("#viewer")
    many = papers.count()
    papers.first.locator("a[data-view]").press("Enter")
    expect(count).to_have_text(f"1 / {many}")

    page.keyboard.press("a")
    expect(count).to_have_text(f"2 / {many}")
    page.keyboard.press("u")
    expect(count).to_have_text(f"1 / {many}")
    expect(papers.first).to_have_attribute("data-judged", "")

    page.keyboard.press("x")
    page.keyboard.press("2")
    reason = page.locator("#viewer-reject [data-fill]").nth(1).get_attribute("data-fill") or ""
    expect(page.locator("#viewer-reason")).to_have_value(reason)
    page.keyboard.press("Enter")
    expect(papers.first).to_have_attribute("data-reason", reason)

    for n in range(1, many):
        expect(count).to_have_text(f"{n + 1} / {many}")
        page.keyboard.press("a")
        expect(papers.nth(n)).to_have_attribute("data-judged", "accepted")
    expect(page.locator("#viewer-all")).not_to_be_empty()
    expect(viewer).to_be_visible()
    page.keyboard.press("u")
    expect(papers.last).to_have_attribute("data-judged", "")
    expect(count).to_have_text(f"{many} / {many}")


@pytest.mark.slow
def test_what_is_typed_and_the_keys_outlast_another_s_decision(open_browser: Open, sent: Sent) -> None:
    olga = desk_at(sent, open_browser(1440), "handler")
    igor = desk_at(sent, open_browser(1440), "senior")
    igor.papers.first.locator("a[data-view]").press("Enter")
    igor.page.keyboard.press("x")
    igor.page.keyboard.type("Не видно даты")

    olga.papers.first.get_by_role("button", name="Принять").click()
    expect(igor.papers.first).to_have_attribute("data-judged", "accepted")
    expect(igor.page.locator("#viewer-reject")).to_be_hidden()
    expect(igor.page.locator("#viewer-reason")).to_have_value("Не видно даты")

    igor.page.keyboard.press("u")
    expect(igor.papers.first).to_have_attribute("data-judged", "")
    igor.page.keyboard.press("ArrowRight")
    expect(igor.page.locator("#viewer-count")).to_contain_text("2 /")


@pytest.mark.slow
def test_who_judges_what_another_has_judged_is_told_by_whom(open_browser: Open, sent: Sent) -> None:
    olga = desk_at(sent, open_browser(1440), "handler")

    igor = desk_at(sent, open_browser(1440), "senior")
    igor.papers.first.locator("a[data-view]").press("Enter")
    igor.page.keyboard.press("x")
    igor.page.keyboard.press("1")
    igor.page.route("**/change/", lambda route: None)  # hears nothing of what Olga does

    olga.papers.first.get_by_role("button", name="Принять").click()
    expect(olga.papers.first).to_have_attribute("data-judged", "accepted")
    igor.page.unroute_all(behavior="ignoreErrors")
    igor.page.keyboard.press("Enter")

    expect(igor.page.locator("#viewer-said .error")).to_be_visible()
    expect(igor.papers.first).to_have_attribute("data-judged", "accepted")
