"""axe over the pages and states that the journey does not stop at, in light and dark."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Sent
from tests.browser.desk import Desk
from tests.browser.form import Form
from tests.browser.looks import assert_good

OpenBrowser = Callable[..., BrowserContext]
# Beside those of test_desk.py.
LISTS = ["claims/claim/?q=0000", "claims/eventtype/", "contacts/contact/", "policies/policy/", "accounts/user/"]


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_for_everyone(open_browser: OpenBrowser, width: int) -> None:
    page = open_browser(width).new_page()
    for address in ("/privacy/", "/admin/login/"):
        page.goto(address)
        assert_good(page)
    page.locator("#id_username").fill("nobody")
    page.locator("#id_password").fill("wrong")
    page.locator("#login-form input[type=submit]").click()
    expect(page.locator(".errornote")).to_be_visible()
    assert_good(page)


def test_the_form_when_something_is_wrong(person: Form, papers: dict[str, Path]) -> None:
    person.reach("description")
    person.go_on()
    expect(person.summary).to_be_visible()
    assert_good(person.page)
    person.describe()
    person.go_on()
    person.check_policy("TRV-0000-000000")
    assert_good(person.page)
    person.go_on()
    if person.step("policy").is_visible():
        person.go_on()
    person.expect_step("event")
    person.go_on()
    expect(person.summary).to_be_visible()
    assert_good(person.page)
    person.choose_event()
    person.answer_all()
    person.go_on()
    person.choose_file("id_page", papers["program"])
    expect(person.slot("id_page").get_by_test_id("upload")).to_have_attribute("data-state", "failed")
    person.send_file("ticket", papers["small"])
    person.page.get_by_test_id("document-remove").click()
    expect(person.page.locator("#ask-dialog")).to_be_visible()
    assert_good(person.page)
    person.page.get_by_test_id("ask-no").click()
    person.page.get_by_test_id("nav-requisites").first.evaluate("(link) => link.click()")
    for kind in ("card", "sbp"):
        person.page.locator(f"label[for=requisites-kind-{kind}]").click()
        assert_good(person.page)
    person.page.get_by_test_id("nav-review").first.evaluate("(link) => link.click()")
    person.expect_step("review")
    person.go_on()
    expect(person.summary).to_be_visible()
    assert_good(person.page)


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_of_a_sent_claim(sent: Sent, open_browser: OpenBrowser, width: int) -> None:
    page = sent.open_page(open_browser(width))
    for address in (f"/claims/{sent.number}/", f"/claims/{sent.number}/receipt/"):
        page.goto(address)
        expect(page.get_by_text(sent.number).first).to_be_visible()
        assert_good(page)


@pytest.mark.parametrize("width", [390, 1440])
def test_lists_of_the_desk(open_browser: OpenBrowser, width: int) -> None:
    desk = Desk(open_browser(width).new_page())
    desk.log_in("admin")
    for address in LISTS:
        desk.page.goto(f"/admin/{address}")
        assert_good(desk.page)
