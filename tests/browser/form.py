"""The applicant's form and status page, as a test speaks of them."""

import re
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.product import Product

BANK = {"bik": "044525225", "account": "40817810700000012345"}
STORY = "Рейс задержали на восемь часов, ночевали в аэропорту с ребёнком, питания не давали."
VALID_POLICY = "TRV-2026-123456"
READ = 60_000  # ms that reading a paper may take on a busy machine
# A test waits for what it expects; this is only how long a busy machine may take.
expect.set_options(timeout=20_000)


def yesterday() -> str:
    return (date.today() - timedelta(days=1)).isoformat()


class Form:
    """One person with one page. Each method does what the person does and waits for what the person sees."""

    def __init__(self, page: Page, product: Product, phone: str, name: str = "Мария Иванова") -> None:
        self.page = page
        self.name = name
        self.product = product
        self.phone = phone

    # --- what is on the page

    def step(self, key: str) -> Locator:
        return self.page.get_by_test_id(f"step-{key}")

    def expect_step(self, key: str) -> None:
        expect(self.step(key)).to_be_visible()

    @property
    def save_state(self) -> Locator:
        return self.page.get_by_test_id("save-state")

    def expect_saved(self) -> None:
        expect(self.save_state).to_have_attribute("data-state", "saved")

    def field(self, attr: str) -> Locator:
        return self.page.locator(f"#f-{attr.replace('.', '-')}")

    def error_of(self, attr: str) -> Locator:
        return self.page.locator(f"#f-{attr.replace('.', '-')}-error")

    @property
    def summary(self) -> Locator:
        return self.page.get_by_test_id("error-summary")

    def slot(self, key: str) -> Locator:
        return self.page.get_by_test_id(f"slot-{key}")

    @property
    def slot_titles(self) -> Locator:
        return self.page.locator(".slot__title")

    @property
    def number(self) -> str:
        """The claim that this tab is about."""
        return str(self.page.evaluate("JSON.parse(sessionStorage.getItem('claimdesk.claim'))"))

    def expect_read(self, slot: str, state: str) -> None:
        """What was sent last is read and judged."""
        expect(self.slot(slot)).to_have_attribute("data-state", state, timeout=READ)

    def expect_only_file(self, slot: str, file: Path) -> None:
        """It is there, and what it came instead of is not any more."""
        documents = self.slot(slot).get_by_test_id("document")
        expect(documents.filter(has_text=file.name)).to_be_visible()
        expect(documents).to_have_count(1)

    # --- what the person does

    def go_on(self) -> None:
        self.page.get_by_test_id("continue").click()

    def ask_code(self) -> None:
        self.field("phone").press_sequentially(self.phone[1:])
        self.go_on()

    def enter_code(self) -> None:
        """Type the code that test mode shows; a complete code sends itself."""
        shown = self.page.get_by_test_id("debug-code-value")
        expect(shown).to_have_text(re.compile(r"^\d{4,8}$"))
        self.field("code").press_sequentially(shown.inner_text())

    def log_in(self, address: str = "/") -> None:
        self.page.goto(address)
        self.expect_step("phone")
        self.ask_code()
        self.expect_step("code")
        self.enter_code()

    def describe(self, text: str = STORY) -> None:
        self.expect_step("description")
        self.field("description").fill(text)

    def check_policy(self, number: str = VALID_POLICY) -> None:
        self.expect_step("policy")
        self.field("policy").fill(number)
        self.page.get_by_test_id("policy-check").click()
        expect(self.page.get_by_test_id("policy-result").locator("[data-status]")).to_be_visible()

    def choose_event(self, code: str = "flight_delayed") -> None:
        self.expect_step("event")
        self.page.locator(f"label[for=event-type-{code}]").click()
        self.tell_when_and_where()

    def tell_when_and_where(self) -> None:
        self.field("event_date").fill(yesterday())
        self.field("event_place").fill("Анталья, аэропорт")

    def answer_all(self) -> None:
        """Answer every question, also those that the answers bring up; what is saved is on the server."""
        answered: set[str] = set()
        self.expect_saved()
        while open_ones := [one for one in self._questions() if one[0] not in answered]:
            for attr, kind in open_ones:
                self._answer(attr, kind)
                answered.add(attr)
            self.page.keyboard.press("Tab")
            self.expect_saved()

    def _questions(self) -> list[tuple[str, str]]:
        return [
            (attr, kind)
            for attr, kind in self.page.evaluate("""() =>
                [...document.querySelectorAll("[data-testid=questions] > [data-attr]")]
                    .map((one) => [one.dataset.attr, one.className.match(/field--(\\w+)/)[1]])""")
        ]

    def _answer(self, attr: str, kind: str) -> None:
        target = self.field(attr)
        if kind in ("yes_no", "choice"):
            target.locator("label").first.click()
            self.expect_saved()  # and whatever it brings up is there: nothing moves under the next press
        else:
            known = {"answers.applicant_name": self.name, "answers.date_of_birth": "1988-04-12"}
            by_kind = {"number": "8,5", "money": "120,50", "date": yesterday(), "long_text": "Дали воду и талон."}
            target.fill(known.get(attr) or by_kind.get(kind, "SU 2137"))

    def choose_file(self, slot: str, *files: Path) -> None:
        self.page.get_by_test_id(f"file-{slot}").set_input_files(list(files))

    def send_file(self, slot: str, file: Path) -> None:
        """Choose a file and wait until the server says that it has it."""
        before = self.slot(slot).get_by_test_id("document").count()
        self.choose_file(slot, file)
        expect(self.slot(slot).get_by_test_id("document")).to_have_count(before + 1, timeout=60_000)
        expect(self.slot(slot).get_by_test_id("upload")).to_have_count(0)

    def waive(self, slot: str) -> None:
        """Say that this paper is lost."""
        self.page.get_by_test_id(f"waive-{slot}").click()
        self.page.locator(f"label[for=f-waiver-{slot}-reason-0]").click()
        self.page.get_by_test_id("waive-confirm").click()
        expect(self.slot(slot)).to_have_attribute("data-state", "waived")

    def waive_all(self, but: str = "-") -> None:
        """Say so of each required paper that is not here yet."""
        waiting = f".slot[data-state=waiting]:not([data-testid=slot-{but}])"
        links = self.page.locator(f"{waiting} [data-testid^=waive-]:not([hidden])")
        while links.count():
            self.waive(str(links.first.get_attribute("data-testid")).removeprefix("waive-"))

    def settle_papers(self) -> None:
        """Wait until all is read, keep what is taken for wrong, and say of what is not here that it is lost."""
        unread = self.page.locator(".slot:is([data-state=received], [data-state=reading])")
        expect(unread).to_have_count(0, timeout=90_000)
        keep = self.page.locator("[data-testid=document-keep]:not([hidden])")
        while left := keep.count():
            keep.first.click()
            expect(keep).to_have_count(left - 1)
        self.waive_all()

    def enter_requisites(self) -> None:
        self.expect_step("requisites")
        for name, value in {**BANK, "recipient": self.name}.items():
            self.field(f"requisites.{name}").press_sequentially(value)
        self.field("email").fill("maria@example.com")
        self.go_on()
        expect(self.page.get_by_test_id("requisites-summary")).to_be_visible()

    def confirm_requisites(self) -> None:
        """Enter the code; the page itself waits for it where the limit of codes holds."""
        expect(self.page.get_by_test_id("debug-code-value")).to_be_visible(timeout=75_000)
        self.enter_code()
        expect(self.page.locator("[data-testid=requisites-summary] .badge--success")).to_be_visible()

    def agree(self) -> None:
        self.expect_step("review")
        for box in self.page.locator(".consents input[aria-required=true]").all():
            box.check()

    # --- the way

    def reach(self, step: str) -> None:
        """From the start to a step, everything before it filled in."""
        self.product.let_code_limits_pass()
        self.log_in()
        self.expect_step("description")
        if step == "description":
            return
        self.describe()
        self.go_on()
        self.expect_step("policy")
        if step == "policy":
            return
        self.check_policy()
        self.go_on()
        self.expect_step("event")
        if step == "event":
            return
        self.choose_event()
        self.answer_all()
        self.go_on()
        self.expect_step("documents")

    def fill_documents(self, file: Path) -> None:
        for slot in ("id_page", "ticket", "delay_proof"):
            self.send_file(slot, file)
        self.settle_papers()

    def finish(self) -> str:
        """From complete documents to the receipt. Returns the claim's number."""
        self.go_on()
        self.product.let_code_limits_pass()
        self.enter_requisites()
        self.confirm_requisites()
        self.go_on()
        self.agree()
        self.go_on()
        expect(self.page.get_by_test_id("receipt")).to_be_visible(timeout=40_000)
        return self.page.get_by_test_id("receipt-number").inner_text()
