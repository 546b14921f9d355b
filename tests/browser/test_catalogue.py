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
