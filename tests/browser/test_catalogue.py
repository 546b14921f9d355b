"""The catalogue as staff edit it: rows dragged into another order, the form looked at before it is published."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from apps.claims import catalogue
from tests.browser.desk import Desk
from tests.browser.looks import assert_good

OpenBrowser = Callable[..., BrowserContext]
LANGUAGES = {"ru": "Русский", "uk": "Украинский", "en": "Английский"}
ROWS = ".inline-related.folded.has_original"


@pytest.fixture
def anna(open_browser: OpenBrowser) -> Desk:
    """The administrator."""
    desk = Desk(open_browser(1440).new_page())
    desk.log_in("admin")
    return desk


def rows(page: Page, group: str) -> Locator:
    return page.locator(f"#{group}-group {ROWS}")


def keys(page: Page, group: str) -> list[str]:
    fields = rows(page, group).locator("input[name$='-key']")
    return [str(one.input_value()) for one in fields.all()]


def open_baggage(page: Page) -> None:
    page.goto("/admin/claims/eventtype/")
    page.get_by_role("link", name="Проблема с багажом").click()
    expect(rows(page, "questions").locator(".grip").first).to_be_visible()


def previewed(page: Page, group: str, part: str) -> Locator:
    """The titles of a group's questions or documents."""
    shown = page.locator(f"details[data-group='{group}'] h3", has_text=part)
    return shown.locator("xpath=following-sibling::ol[1]/li/b")


def test_a_row_is_dragged_to_another_place_and_stays_there(anna: Desk) -> None:
    page = anna.page
    open_baggage(page)
    slots = keys(page, "slots")
    rows(page, "questions").last.locator(".grip").drag_to(rows(page, "slots").nth(1))
    assert keys(page, "slots") == slots  # a question finds no place among the documents
    before = keys(page, "questions")
    fourth, first = rows(page, "questions").nth(3), rows(page, "questions").first

    fourth.locator(".grip").drag_to(first, target_position={"x": 60, "y": 4})
    moved = [before[3], *before[:3], *before[4:]]
    assert keys(page, "questions") == moved
    rows(page, "slots").nth(1).get_by_role("button", name="Переместить выше").press("Enter")
    assert keys(page, "slots") == [slots[1], slots[0], *slots[2:]]
    page.locator("[name=_save]").click()
    expect(page.locator("#unpublished")).to_be_visible()

    open_baggage(page)
    assert keys(page, "questions") == moved
    assert keys(page, "slots") == [slots[1], slots[0], *slots[2:]]
    asked = {one["key"]: one["label"]["ru"] for one in baggage()["questions"]}
    page.goto("/admin/claims/eventtype/preview/?language=ru")
    page.locator("details[data-group=baggage] > summary").click()
    expect(previewed(page, "baggage", "Вопросы")).to_have_text([asked[key] for key in moved])


def listed(page: Page) -> list[str]:
    """The titles of a list's rows, from the top."""
    return page.locator("#result_list tbody th a").all_inner_texts()


def test_the_rows_of_a_list_are_moved_by_button_and_by_dragging(anna: Desk) -> None:
    page = anna.page
    page.goto("/admin/claims/documentkind/")
    lines = page.locator("#result_list tbody tr")
    before = listed(page)

    with page.expect_event("load"):
        lines.nth(1).get_by_role("button", name="Переместить выше").press("Enter")
    moved = [before[1], before[0], *before[2:]]
    assert listed(page) == moved
    expect(lines.first.get_by_role("button", name="Переместить выше")).to_be_focused()
    with page.expect_event("load"):
        lines.nth(3).locator(".grip").drag_to(lines.first, target_position={"x": 60, "y": 4})
    assert listed(page) == [moved[3], *moved[:3], *moved[4:]]
    expect(page.locator("#unpublished")).to_be_visible()
    assert_good(page)


def test_a_ready_reason_is_moved_among_those_of_its_use(anna: Desk) -> None:
    page = anna.page
    page.goto("/admin/claims/readyreason/")
    lines = page.locator("#result_list tbody tr")
    before = listed(page)
    first = page.locator("tr:has([data-group=reject])").first
    place = listed(page).index(first.locator("th a").inner_text())

    anna.stay()
    first.get_by_role("button", name="Переместить выше").click()
    first.locator(".grip").drag_to(lines.first)
    anna.expect_not_reloaded()
    assert listed(page) == before
    page.route("**/reorder/", lambda route: route.fulfill(status=200))
    first.get_by_role("button", name="Переместить ниже").click()
    expect(page.get_by_role("alert")).to_have_text("Новый порядок не сохранён. Обновите страницу и попробуйте ещё раз.")
    page.unroute("**/reorder/")
    page.reload()
    with page.expect_event("load"):
        first.get_by_role("button", name="Переместить ниже").click()
    assert listed(page) == [*before[:place], before[place + 1], before[place], *before[place + 2 :]]


def test_a_question_that_is_added_comes_last(anna: Desk) -> None:
    page = anna.page
    open_baggage(page)
    orders = rows(page, "questions").locator("input[name$='-order']")
    greatest = max(int(one.input_value()) for one in orders.all())

    page.locator("#questions-group .add-row a").click()
    added = page.locator("#questions-group .inline-related.folded:not(.has_original):not(.empty-form)")
    expect(added.locator("input[name$='-order']")).to_have_value("100")
    rows(page, "questions").nth(1).get_by_role("button", name="Переместить выше").click()
    expect(added.locator("input[name$='-order']")).to_have_value("100")  # else the server would take it for filled in
    added.locator("input[name$='-key']").fill("where_it_was")

    expect(added.locator("input[name$='-order']")).to_have_value(str(greatest + 10))


def test_the_form_is_looked_at_in_three_languages(anna: Desk) -> None:
    page = anna.page
    page.goto("/admin/claims/eventtype/")
    page.locator("#preview-link").click()
    content = catalogue.load()
    delayed = content["event_types"][0]

    for code, name in LANGUAGES.items():
        page.locator(".preview-languages").get_by_role("link", name=name).click()
        expect(page.locator(".preview-languages [aria-current=page]")).to_have_text(name)
        titles = [one["title"][code] for one in content["event_types"]]
        expect(page.locator(f"details[data-group] > summary h2[lang={code}]")).to_have_text(titles)
        page.locator(f"details[data-group={delayed['code']}] > summary").click()
        shown = previewed(page, delayed["code"], "Документы")
        expect(shown).to_have_text([one["title"][code] for one in delayed["slots"]])
        expect(shown.first).to_be_visible()
    assert_good(page)


def baggage() -> dict[str, Any]:
    return next(one for one in catalogue.load()["event_types"] if one["code"] == "baggage")
