"""Nothing is lost and everything is said, on a bad network, in a hurry, by mistake, and without a mouse."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.form import STORY, Form, yesterday

OpenBrowser = Callable[..., BrowserContext]


def on_server(maria: Form) -> dict[str, object]:
    """The claim as the server has it."""
    claim: dict[str, object] = maria.page.request.get(f"/api/v1/intake/claims/{maria.number}").json()
    return claim


# --- the network


def test_what_is_typed_without_a_network_is_kept_and_sent_later(person: Form) -> None:
    person.reach("event")
    person.page.locator("label[for=event-type-flight_delayed]").click()
    person.expect_saved()

    person.page.context.set_offline(True)
    person.field("event_place").fill("Анталья, аэропорт")
    expect(person.save_state).to_have_attribute("data-state", "offline")
    expect(person.save_state).to_contain_text("Нет сети")
    person.page.context.set_offline(False)

    person.expect_saved()
    assert on_server(person)["event_place"] == "Анталья, аэропорт"


def test_a_closed_page_sends_what_it_could_not_when_it_is_opened_again(person: Form) -> None:
    person.reach("event")
    person.page.locator("label[for=event-type-flight_delayed]").click()
    person.expect_saved()
    number = person.number
    person.page.context.set_offline(True)
    person.field("event_place").fill("Анталья, аэропорт")
    expect(person.save_state).to_have_attribute("data-state", "offline")
    person.page.close()
    person.page.context.set_offline(False)

    person.page = person.page.context.new_page()
    person.page.goto(f"/?claim={number}&step=event")

    expect(person.field("event_place")).to_have_value("Анталья, аэропорт")
    person.expect_saved()
    assert on_server(person)["event_place"] == "Анталья, аэропорт"


def test_a_story_told_without_a_network_gets_through_after_going_on(person: Form) -> None:
    person.reach("description")

    person.page.context.set_offline(True)
    person.describe()
    person.go_on()
    person.expect_step("policy")
    expect(person.save_state).to_have_attribute("data-state", "offline")
    person.page.context.set_offline(False)

    person.expect_saved()
    assert on_server(person)["description"] == STORY


def test_an_upload_waits_for_the_network_and_goes_on_by_itself(person: Form, papers: dict[str, Path]) -> None:
    person.reach("documents")

    person.page.context.set_offline(True)
    person.choose_file("ticket", papers["small"])
    expect(person.slot("ticket").get_by_test_id("upload")).to_have_attribute("data-state", "waiting")
    expect(person.slot("ticket").get_by_test_id("upload")).to_contain_text("Нет сети")
    expect(person.save_state).to_have_attribute("data-state", "offline")
    expect(person.save_state).to_contain_text("не закрывайте")
    person.page.context.set_offline(False)

    expect(person.slot("ticket").get_by_test_id("document")).to_contain_text("посадочный.jpg")
    expect(person.slot("ticket").get_by_test_id("upload")).to_have_count(0)


def test_a_reload_keeps_the_answers_and_names_the_file_that_did_not_arrive(
    person: Form, papers: dict[str, Path]
) -> None:
    person.reach("documents")
    sending = "**/api/v1/intake/claims/*/documents"
    person.page.route(sending, lambda route: route.abort())
    upload = person.slot("ticket").get_by_test_id("upload")
    person.choose_file("ticket", papers["small"])
    expect(upload).to_have_attribute("data-state", "waiting")
    person.page.on("dialog", lambda dialog: dialog.accept())  # the browser asks: something is still being sent

    person.page.reload()

    expect(upload).to_have_attribute("data-state", "lost")
    person.page.unroute(sending)
    person.send_file("ticket", papers["small"])
    expect(upload).to_have_count(0)
    person.page.get_by_test_id("back").click()
    expect(person.field("event_place")).to_have_value("Анталья, аэропорт")


def test_a_file_whose_answer_alone_was_lost_is_not_asked_for_again(person: Form, papers: dict[str, Path]) -> None:
    person.reach("documents")
    person.page.route("**/api/v1/intake/claims/*/documents", lambda route: route.abort())
    person.choose_file("ticket", papers["small"])
    expect(person.slot("ticket").get_by_test_id("upload")).to_have_attribute("data-state", "waiting")
    person.page.on("dialog", lambda dialog: dialog.accept())
    file = {"name": papers["small"].name, "mimeType": "image/jpeg", "buffer": papers["small"].read_bytes()}
    stored = person.page.request.post(
        f"/api/v1/intake/claims/{person.number}/documents", multipart={"slot": "ticket", "file": file},
        headers={"Origin": person.product.url},
    )  # fmt: skip
    assert stored.status == 201

    person.page.reload()

    expect(person.slot("ticket").get_by_test_id("document")).to_have_count(1)
    expect(person.slot("ticket").get_by_test_id("upload")).to_have_count(0)


# --- in a hurry


def test_two_presses_of_the_button_send_one_claim(person: Form, papers: dict[str, Path]) -> None:
    person.reach("documents")
    person.fill_documents(papers["small"])
    submits: list[str] = []
    person.page.on("request", lambda one: submits.append(one.url) if one.url.endswith("/submit") else None)
    person.go_on()
    person.product.let_code_limits_pass()
    person.enter_requisites()
    person.confirm_requisites()
    person.go_on()
    person.agree()

    person.page.get_by_test_id("continue").dblclick()

    expect(person.page.get_by_test_id("receipt")).to_be_visible()
    assert len(submits) == 1
    person.page.go_back()
    expect(person.page.get_by_test_id("claim-status").or_(person.step("resume")).first).to_be_visible()


def test_back_and_forward_walk_through_the_steps_without_loss(person: Form) -> None:
    person.reach("documents")

    person.page.go_back()
    person.expect_step("event")
    expect(person.field("event_date")).to_have_value(yesterday())
    person.page.go_back()
    person.expect_step("policy")
    person.page.go_forward()
    person.page.go_forward()

    person.expect_step("documents")


def test_a_reload_stays_where_one_was(person: Form) -> None:
    person.product.let_code_limits_pass()
    person.page.goto("/")
    person.ask_code()
    person.expect_step("code")
    person.page.reload()
    person.expect_step("code")
    person.enter_code()
    person.describe()
    person.page.reload()

    expect(person.field("description")).to_have_value(STORY)


# --- by mistake


def test_a_description_of_one_word_is_told_at_the_field_and_stops_nobody(person: Form) -> None:
    person.reach("description")
    person.describe("украли")

    person.go_on()

    expect(person.error_of("description")).to_contain_text("подробнее")
    person.page.get_by_test_id("later").click()
    person.expect_step("policy")
    person.page.get_by_test_id("back").click()
    expect(person.error_of("description")).to_contain_text("подробнее")


def test_a_wrong_code_is_told_beside_it_and_the_right_one_still_works(person: Form) -> None:
    person.product.let_code_limits_pass()
    person.page.goto("/")
    person.ask_code()
    shown = person.page.get_by_test_id("debug-code-value")
    expect(shown).to_have_text(re.compile(r"^\d+$"))
    right = shown.inner_text()
    wrong = str((int(right[0]) + 1) % 10) + right[1:]

    person.field("code").press_sequentially(wrong)

    expect(person.error_of("code")).to_contain_text("Осталось")
    expect(person.field("code")).to_have_attribute("aria-invalid", "true")
    expect(person.field("code")).to_be_focused()
    person.field("code").press_sequentially(right)
    person.expect_step("description")


def test_a_second_code_has_to_wait_and_the_page_says_how_long(person: Form, open_browser: OpenBrowser) -> None:
    person.product.let_code_limits_pass()
    person.page.goto("/")
    person.ask_code()
    person.expect_step("code")
    expect(person.step("code")).to_contain_text(re.compile(r"\d:\d\d"))
    elsewhere = Form(open_browser(1440).new_page(), person.product, person.phone)

    elsewhere.page.goto("/")
    elsewhere.ask_code()

    expect(elsewhere.error_of("phone")).to_contain_text(re.compile(r"\d:\d\d"))


@pytest.mark.parametrize("typed", ["916 123", "495 123-45-67"])
def test_a_number_that_cannot_get_a_code_is_told_at_once(person: Form, typed: str) -> None:
    person.page.goto("/")
    person.field("phone").press_sequentially(typed)

    person.go_on()

    expect(person.error_of("phone")).to_be_visible()
    person.expect_step("phone")


def test_a_program_named_like_a_photo_is_refused_beside_its_slot(person: Form, papers: dict[str, Path]) -> None:
    person.reach("documents")

    person.choose_file("id_page", papers["program"])

    row = person.slot("id_page").get_by_test_id("upload")
    expect(row).to_have_attribute("data-state", "failed")
    expect(row.locator(".file__meta")).to_have_text(re.compile("PDF|JPEG|фото"))
    expect(person.slot("id_page").get_by_test_id("document")).to_have_count(0)
    row.get_by_test_id("upload-cancel").click()
    expect(row).to_have_count(0)


def test_a_sentence_without_the_needed_answers_lists_them_and_lets_one_go_on(person: Form) -> None:
    person.reach("event")
    person.page.locator("label[for=event-type-flight_delayed]").click()
    person.expect_saved()

    person.go_on()

    expect(person.summary).to_be_focused()
    lines = person.summary.get_by_role("link")
    assert lines.count() > 3
    lines.first.click()
    expect(person.field("event_date")).to_be_focused()
    person.page.get_by_test_id("later").click()
    person.expect_step("documents")


# --- without a mouse


def tab_to(page: Page, target: str, most: int = 25) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted)", target):
            return
    raise AssertionError(f"Tab never reaches {target}")


def test_the_first_steps_need_no_mouse(open_browser: OpenBrowser, person: Form) -> None:
    person = Form(open_browser(1440).new_page(), person.product, person.phone)
    page = person.page
    person.product.let_code_limits_pass()
    page.goto("/")
    person.expect_step("phone")

    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "#f-phone")
    page.keyboard.type(person.phone[1:])
    page.keyboard.press("Enter")
    expect(person.field("code")).to_be_focused()
    page.keyboard.type(page.get_by_test_id("debug-code-value").inner_text())

    expect(person.step("description").locator("h1")).to_be_focused()
    tab_to(page, "#f-description")
    page.keyboard.type(STORY)
    tab_to(page, "[data-testid=continue]")
    page.keyboard.press("Enter")
    expect(person.step("policy").locator("h1")).to_be_focused()
    tab_to(page, "[data-testid=policy-skip]")
    page.keyboard.press("Enter")
    expect(person.step("event").locator("h1")).to_be_focused()
    tab_to(page, "[data-testid=continue]", most=40)
    page.keyboard.press("Enter")

    expect(person.summary).to_be_focused()
    page.keyboard.press("Tab")
    expect(person.summary.get_by_role("link").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#f-event_date")).to_be_focused()  # what happened, the story has told


# --- time


def test_no_session_ends_without_a_warning(person: Form) -> None:
    person.page.clock.install()
    person.reach("event")
    dialog = person.page.locator("#session-dialog")

    person.page.clock.fast_forward("01:56:00")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Вы ещё здесь")
    dialog.get_by_test_id("session-stay").click()
    expect(dialog).to_be_hidden()
    person.expect_step("event")

    person.page.clock.fast_forward("02:01:00")
    person.expect_step("phone")
    expect(person.step("phone")).to_contain_text("Ничего не потерялось")
