"""The staff's desk, as a test speaks of it."""

from playwright.sync_api import Locator, Page, expect

from apps.claims.demo.staff import PASSWORD


class Desk:
    """One member of staff with one page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def log_in(self, username: str = "handler") -> None:
        self.page.goto("/admin/login/")
        self.page.locator("#id_username").fill(username)
        self.page.locator("#id_password").fill(PASSWORD)
        self.page.locator("#login-form input[type=submit]").click()
        expect(self.page.locator("#logout-form")).to_be_attached()

    def open_list(self) -> None:
        self.page.goto("/admin/claims/claim/")
        self.expect_live()

    def open_claim(self, number: str) -> None:
        self.row(number).get_by_role("link", name=number).click()
        expect(self.page.locator("#claim-number")).to_have_text(number)
        self.expect_live()

    def expect_live(self) -> None:
        expect(self.page.locator("#live")).to_have_attribute("data-state", "live")

    def slot(self, key: str) -> Locator:
        return self.page.locator(f"#part-documents [data-slot={key}]")

    def row(self, number: str) -> Locator:
        return self.page.locator("#result_list tbody tr", has_text=number)

    @property
    def papers(self) -> Locator:
        return self.page.locator("#part-documents [data-document]")

    def ask_for(self, slot: str, text: str) -> None:
        self.page.locator("#ask > summary").click()
        self.page.locator("#ask-slot").select_option(slot)
        self.page.locator("#ask-text").fill(text)
        self.page.locator("#ask-send").click()

    def stay(self) -> None:
        """Leave a mark that a reload would wipe off."""
        self.page.evaluate("window.stillHere = true")

    def expect_not_reloaded(self) -> None:
        assert self.page.evaluate("window.stillHere === true"), "the page was reloaded"
