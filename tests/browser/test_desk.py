"""The staff's desk in a browser: readable for everybody, and steady under the hands while others work."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import SCREENS
from tests.browser.desk import Desk
from tests.browser.looks import assert_good
from tests.browser.product import Product

Open = Callable[..., BrowserContext]
FIRST_CLAIM = "#result_list tbody tr:last-child th a"
PAGES = [
    "/admin/", "/admin/claims/claim/", "/admin/claims/eventtype/publish/", "/admin/policies/policy/add/",
    "/admin/core/delivery/", "/admin/accounts/apitoken/add/",
]  # fmt: skip


def desk_of(open_browser: Open, username: str, width: int = 1440) -> Desk:
    desk = Desk(open_browser(width=width).new_page())
    desk.log_in(username)
    return desk


def open_claim(desk: Desk) -> Page:
    """The oldest claim's page."""
    desk.open_list()
    desk.page.locator(FIRST_CLAIM).click()
    desk.expect_live()
    return desk.page


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_are_readable_in_both_colours(chromium: Browser, product: Product, width: int) -> None:
    # Unwatched: on forms axe itself puts styles into the page, which our policy refuses and the browser notes.
    context = chromium.new_context(base_url=product.url, locale="ru-RU", reduced_motion="reduce", **SCREENS[width])
    page = context.new_page()
    page.goto("/admin/login/")
    assert_good(page)

    desk = Desk(page)
    desk.log_in("admin")
    for address in PAGES:
        page.goto(address)
        assert_good(page)
    for model in ("claims/eventtype", "contacts/contact", "core/delivery"):
        page.goto(f"/admin/{model}/")
        page.locator("#result_list tbody th a").first.click()
        expect(page.locator("body.change-form h1")).to_be_visible()
        assert_good(page)
    open_claim(desk)
    page.locator("#ask > summary").click()
    assert_good(page)
    page.locator("a[data-view]").first.click()
    assert_good(page)
    context.close()


def test_switch_of_colours_works_under_the_policy(open_browser: Open) -> None:
    page = desk_of(open_browser, "handler").page
    ground = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(ground)

    while page.locator("html").get_attribute("data-theme") != "dark":
        page.locator(".theme-toggle").click()

    assert page.evaluate(ground) != light
    page.reload()
    assert page.evaluate(ground) != light


def test_translations_of_a_question_are_typed_in_inputs_of_some_width(open_browser: Open) -> None:
    page = desk_of(open_browser, "admin").page
    page.goto("/admin/claims/eventtype/")
    page.locator("#result_list tbody th a").first.click()
    page.locator("#questions-0 > details > summary").click()

    label = page.locator("[name=questions-0-label_ru]").bounding_box()

    assert label and label["width"] > 500


def test_documents_are_looked_through_by_keyboard(open_browser: Open) -> None:
    desk = desk_of(open_browser, "handler")
    page = open_claim(desk)
    expect(desk.papers.nth(1)).to_be_attached()

    link = desk.papers.first.locator("a[data-view]")
    link.focus()
    link.press("Enter")
    viewer = page.locator("#viewer[open]")
    expect(viewer).to_be_visible()
    first = viewer.locator("#viewer-name").inner_text()
    page.keyboard.press("ArrowRight")
    expect(viewer.locator("#viewer-name")).not_to_have_text(first)
    page.keyboard.press("ArrowLeft")
    expect(viewer.locator("#viewer-name")).to_have_text(first)
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(link).to_be_focused()


def test_chromium_shows_a_pdf_in_the_viewer(open_browser: Open) -> None:
    desk = desk_of(open_browser, "handler")
    page = open_claim(desk)

    paper = page.locator("[data-kind=pdf][data-pages]").first
    expect(paper).to_be_visible(timeout=60_000)  # its pages are drawn, and are what is shown at first
    paper.locator("a[data-view]").click()
    page.locator("#viewer-original").click()

    expect(page.locator("#viewer-stage iframe")).to_be_visible()
    page.wait_for_timeout(2000)  # the reader of PDFs is chromium's own and tells nobody when it is there
    assert [frame for frame in page.frames if frame.url.startswith("chrome-extension://")]


def test_a_clerk_keeps_what_is_being_written_while_another_decides(open_browser: Open) -> None:
    handler, senior = desk_of(open_browser, "handler"), desk_of(open_browser, "senior")
    page, other = open_claim(handler), open_claim(senior)
    if other.locator("#move-in_review").count():
        other.locator("#move-in_review").click()
        expect(page.locator("#claim-status .badge-in_review")).to_be_visible()
    handler.stay()

    page.locator("#ask > summary").click()
    page.locator("#ask-text").fill("Пришлите, пожалуйста")
    before = handler.papers.locator("xpath=self::*[@data-state='accepted']").count()
    other.locator(".paper-tools button[value=accepted]").first.click()

    expect(page.locator("#part-documents [data-state=accepted]")).to_have_count(before + 1)
    expect(page.locator("#ask-text")).to_have_value("Пришлите, пожалуйста")
    expect(page.locator("#ask-text")).to_be_focused()

    page.locator("#decide-withdrawn > summary").click()
    page.locator("#reason-withdrawn").fill("Заявитель передумал")
    other.locator("#decide-approved > summary").click()
    other.locator("#move-approved").click()

    expect(page.locator("#part-head .kept")).to_be_visible()
    expect(page.locator("#reason-withdrawn")).to_have_value("Заявитель передумал")
    page.locator("#part-head .kept button").click()
    expect(page.locator("#claim-status .badge-approved")).to_be_visible()
    handler.expect_not_reloaded()


def test_a_phone_is_shown_on_demand_and_stays_while_the_page_changes(open_browser: Open) -> None:
    handler = desk_of(open_browser, "handler")
    page = open_claim(handler)
    shown = page.locator("[data-secret=phone]")
    expect(shown).to_contain_text("•")

    page.locator("#reveal-phone").click()

    expect(shown).not_to_contain_text("•")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(1000)
    expect(shown).not_to_contain_text("•")


def test_a_chosen_row_is_not_swapped_away(open_browser: Open) -> None:
    handler, senior = desk_of(open_browser, "handler"), desk_of(open_browser, "senior")
    handler.open_list()
    box = handler.page.locator("input.action-select").first
    box.check()

    other = open_claim(senior)
    paper = other.locator(".paper-tools button[value]").first
    paper.click()
    move = other.locator("#claim-moves form:not(.decide form) button").first
    move.click()

    expect(handler.page.locator("#new-claims")).to_be_visible()
    expect(box).to_be_checked()
    handler.page.locator("#new-claims button").click()
    expect(handler.page.locator("#new-claims")).to_be_hidden()
