"""Staff judge papers by keyboard, beside what was read of them."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from apps.claims.demo.papers import draw_pdf
from tests.browser.conftest import SCREENS, Sent
from tests.browser.desk import Desk
from tests.browser.looks import assert_good
from tests.browser.product import Product

Open = Callable[..., BrowserContext]
OTHER_POLICY = "TRV-1999-000001"
LONG_AGO = date.today() - timedelta(days=400)  # the policy is not that old
LINES = [f"Flight SU 2137 on {LONG_AGO:%d.%m.%Y}", f"Insurance policy No {OTHER_POLICY}", "Delay of eight hours"]
SECOND_PAGE = ["", *["."] * 28, "Flight QX 456"]
READ_WITHIN = 90_000  # ms: its workers share two cores with everything else


@pytest.fixture
def claim(begin_claim: Callable[[], Sent], product: Product, tmp_path: Path) -> Sent:
    """A claim whose papers, of two pages, say in their own text which policy they are about: another one."""
    paper = tmp_path / "paper.pdf"
    draw_pdf(paper, "Delay certificate", [*LINES, *SECOND_PAGE])
    made = begin_claim()
    made.person.describe()
    made.person.call("POST", f"{made.person.path}/policy", json={"number": "TRV-2026-123456"}, expect=200)
    made.person.answer_all()
    made.person.fill_slots(paper)
    product.let_code_limits_pass()
    made.person.confirm_requisites()
    made.person.submit()
    return made


def open_papers(page: Page, claim: Sent) -> Desk:
    """The claim's page with a reading of each of its papers."""
    desk = Desk(page)
    desk.log_in("handler")
    desk.open_list()
    desk.open_claim(claim.number)
    read = page.locator("#part-documents [data-pages]:not([data-state=reading])")
    expect(read).to_have_count(desk.papers.count(), timeout=READ_WITHIN)
    return desk


def open_viewer(desk: Desk) -> None:
    desk.papers.first.locator("a[data-view]").press("Enter")
    expect(desk.page.locator("#viewer-stage .leaf img")).to_be_visible()
    desk.page.wait_for_function("document.querySelector('#viewer-stage .leaf').offsetWidth > 100")


def fact(page: Page, text: str) -> Locator:
    return page.locator("#viewer-read [data-fact]", has_text=text)


def judged(page: Page, how: str) -> Locator:
    return page.locator(f"#part-documents [data-judged={how}]")


def box(of: Locator) -> dict[str, float]:
    found = of.bounding_box()
    assert found
    return dict(found)


def looks(of: Locator) -> str:
    return str(of.evaluate("(one) => { const { outlineColor, backgroundColor } = getComputedStyle(one);"
                           "return `${outlineColor} ${backgroundColor}`; }"))  # fmt: skip


@pytest.mark.slow
def test_papers_are_judged_by_keyboard_beside_what_was_read(open_browser: Open, claim: Sent) -> None:
    page = open_browser(width=1440).new_page()
    desk = open_papers(page, claim)
    open_viewer(desk)

    first = page.locator("#viewer-count").inner_text()
    page.keyboard.press("a")
    expect(page.locator("#viewer-count")).not_to_have_text(first)
    expect(judged(page, "accepted")).to_have_count(1)
    second = page.locator("#viewer-count").inner_text()

    page.keyboard.press("x")
    expect(page.locator("#viewer-reason")).to_be_focused()
    page.keyboard.type("a")  # a letter, not an acceptance
    page.locator("#viewer-reject [data-fill]").first.click()
    reason = page.locator("#viewer-reason").input_value()
    page.keyboard.press("Enter")
    expect(judged(page, "rejected")).to_have_count(1)
    expect(judged(page, "rejected")).to_have_attribute("data-reason", reason)
    expect(judged(page, "accepted")).to_have_count(1)

    expect(page.locator("#viewer-count")).not_to_have_text(second)
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#viewer-count")).to_have_text(second)
    expect(page.locator("#viewer-state")).to_contain_text(reason)
    page.keyboard.press("u")
    expect(judged(page, "rejected")).to_have_count(0)
    expect(judged(page, "accepted")).to_have_count(1)


@pytest.mark.slow
def test_a_page_is_zoomed_turned_and_leafed_by_keyboard(open_browser: Open, claim: Sent) -> None:
    page = open_browser(width=1440).new_page()
    open_viewer(open_papers(page, claim))
    frame, leaf = page.locator(".leaf-frame"), page.locator(".leaf")
    whole = box(frame)

    page.keyboard.press("+")
    page.keyboard.press("+")
    assert box(frame)["width"] > whole["width"] * 1.5
    page.keyboard.press("-")
    page.keyboard.press("0")
    assert box(frame) == whole

    page.evaluate(  # R, as a Russian keyboard has it
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {code: 'KeyR', key: 'к', bubbles: true}))"
    )
    assert box(frame)["width"] > box(frame)["height"]
    fact(page, "SU 2137").focus()
    spot = box(page.locator(".spot.pointed"))
    assert spot["height"] > spot["width"]
    for _turn in range(3):
        page.keyboard.press("r")
    assert box(frame) == whole

    expect(page.locator("#viewer-page")).to_have_text("страница 1 из 2")
    page.keyboard.press("PageDown")
    expect(page.locator("#viewer-page")).to_have_text("страница 2 из 2")
    page.keyboard.press("PageUp")
    fact(page, "QX 456").focus()
    expect(page.locator("#viewer-page")).to_have_text("страница 2 из 2")
    assert inside(box(page.locator(".spot.pointed")), box(leaf))


def inside(small: dict[str, float], large: dict[str, float]) -> bool:
    return (
        large["x"] < small["x"] < small["x"] + small["width"] < large["x"] + large["width"]
        and large["y"] < small["y"] < small["y"] + small["height"] < large["y"] + large["height"]
    )


@pytest.mark.slow
def test_what_disagrees_with_the_claim_stands_out_on_the_page_in_both_colours(
    chromium: Browser, product: Product, claim: Sent
) -> None:
    for width in (1440, 390):
        # Unwatched, as in test_desk: axe puts styles into pages.
        context = chromium.new_context(base_url=product.url, locale="ru-RU", reduced_motion="reduce", **SCREENS[width])
        page = context.new_page()
        desk = open_papers(page, claim)
        paper = desk.papers.first
        expect(paper.locator(".differs").nth(0)).to_contain_text("TRV-2026-123456")
        open_viewer(desk)

        fact(page, "SU 2137").focus()
        quiet = looks(page.locator(".spot.pointed"))
        for text in (OTHER_POLICY, f"{LONG_AGO:%d.%m.%Y}"):
            fact(page, text).focus()
            expect(fact(page, text).locator(".differs")).to_be_visible()
            assert inside(box(page.locator(".spot.pointed")), box(page.locator(".leaf")))
            assert looks(page.locator(".spot.pointed")) != quiet
        assert_good(page)
        context.close()
