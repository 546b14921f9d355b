"""Takes a picture of every step and of the desk: `python -m tests.browser.pictures FOLDER [--readme docs/pictures]`.

390 and 1440 pixels wide, light and dark, in Russian, with the demo's invented people. `--readme` composes the two
pictures that the README shows.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import django
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
PAPER = (245, 242, 234)
PEOPLE = {390: "Анна Соболева", 1440: "Вера Тихонова"}
LARGEST = 300_000  # bytes of a picture in the README
DESK = {
    "desk-first": "/admin/",
    "desk-event-types": "/admin/claims/eventtype/",
    "desk-publish": "/admin/claims/eventtype/publish/",
    "desk-deliveries": "/admin/core/delivery/",
    "desk-contacts": "/admin/contacts/contact/",
    "desk-policies": "/admin/policies/policy/",
    "desk-users": "/admin/accounts/user/",
}


class Camera:
    """Takes each page in both colour schemes: `FOLDER/390-light-03-policy.png`."""

    def __init__(self, folder: Path, width: int) -> None:
        self.folder = folder
        self.width = width
        self.taken = 0

    def take(self, page: Page, name: str, *, whole: bool = True) -> None:
        self.taken += 1
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            path = self.folder / f"{self.width}-{scheme}-{self.taken:02}-{name}.png"
            page.screenshot(path=path, full_page=whole, animations="disabled")
        page.emulate_media(color_scheme="light")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--readme", type=Path, help="where to compose the README's pictures")
    options = asked.parse_args()
    chromium = os.environ.get("CLAIMDESK_TEST_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        sys.exit("No chromium on PATH; CLAIMDESK_TEST_CHROMIUM names one.")
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        os.environ["CLAIMDESK_VAR_DIR"] = data
        django.setup()  # for the demo's modules; the product runs in processes of its own
        take_all(options.folder, Path(data), chromium)
    if options.readme:
        options.readme.mkdir(parents=True, exist_ok=True)
        compose(options.folder, options.readme)


def take_all(folder: Path, data: Path, chromium: str) -> None:
    from tests.browser.product import Product  # reads Django's settings, which the options do not need

    product = Product(data, whole_demo=True)
    try:
        with sync_playwright() as playwright:
            sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=chromium, args=sandbox)
            for width in (390, 1440):
                take_form(browser, product, Camera(folder, width), data)
                take_desk(browser, product, Camera(folder, width))
            browser.close()
    finally:
        product.stop()


def open_page(browser: Browser, url: str, width: int) -> Page:
    from tests.browser.conftest import SCREENS

    context = browser.new_context(
        base_url=url, locale="ru-RU", timezone_id="Europe/Moscow", reduced_motion="reduce", **SCREENS[width]
    )
    context.set_default_timeout(30_000)
    return context.new_page()


def take_form(browser: Browser, product, camera: Camera, data: Path) -> None:  # type: ignore[no-untyped-def]
    from apps.claims.demo.papers import draw_pdf, draw_photo
    from tests.applicant import some_phone
    from tests.browser.form import Form

    photo, paper = data / "паспорт.jpg", data / "билет.pdf"
    name = PEOPLE[camera.width]
    draw_photo(photo, "Паспорт", [name], seed=1)
    draw_pdf(paper, "Билет", [name, "SU 2137"])
    applicant = Form(open_page(browser, product.url, camera.width), product, some_phone(), name)
    page = applicant.page
    product.let_code_limits_pass()
    page.goto("/")
    applicant.expect_step("phone")
    camera.take(page, "phone")
    applicant.ask_code()
    applicant.expect_step("code")
    camera.take(page, "code")
    applicant.enter_code()
    applicant.describe()
    camera.take(page, "description")
    applicant.go_on()
    applicant.check_policy()
    camera.take(page, "policy")
    applicant.go_on()
    applicant.expect_step("event")
    camera.take(page, "event-types")
    applicant.go_on()
    expect(applicant.summary).to_be_visible()
    camera.take(page, "event-errors")
    applicant.choose_event()
    applicant.answer_all()
    camera.take(page, "event")
    applicant.go_on()
    applicant.expect_step("documents")
    applicant.send_file("id_page", photo)
    applicant.send_file("ticket", paper)
    expect(applicant.slot("id_page").locator(".file__picture img")).to_be_visible()
    camera.take(page, "documents")
    applicant.send_file("delay_proof", photo)
    applicant.settle_papers()
    applicant.go_on()
    applicant.expect_step("requisites")
    camera.take(page, "requisites")
    product.let_code_limits_pass()
    applicant.enter_requisites()
    expect(page.get_by_test_id("debug-code-value")).to_be_visible()
    camera.take(page, "requisites-code")
    applicant.confirm_requisites()
    applicant.go_on()
    applicant.expect_step("review")
    camera.take(page, "review")
    applicant.agree()
    applicant.go_on()
    expect(page.get_by_test_id("receipt")).to_be_visible()
    camera.take(page, "receipt")
    page.get_by_test_id("status-page").click()
    expect(page.get_by_test_id("live")).to_have_attribute("data-live", "true")
    camera.take(page, "status")
    page.goto("/?step=resume")
    applicant.expect_step("resume")
    camera.take(page, "resume")
    page.goto("/privacy/")
    camera.take(page, "privacy")
    page.context.close()


def take_desk(browser: Browser, product, camera: Camera) -> None:  # type: ignore[no-untyped-def]
    from tests.browser.desk import Desk

    camera.taken = 20
    desk = Desk(open_page(browser, product.url, camera.width))
    page = desk.page
    page.goto("/admin/login/")
    camera.take(page, "desk-login")
    desk.log_in("admin")
    desk.open_list()
    camera.take(page, "desk-claims")
    page.locator("#result_list tbody tr", has_text="Пётр Соколов").locator("th a").click()
    desk.expect_live()
    page.wait_for_load_state("networkidle")
    camera.take(page, "desk-claim")
    camera.take(page, "desk-claim-top", whole=False)
    desk.papers.first.locator("a[data-view]").click()
    expect(page.locator("#viewer")).to_be_visible()
    page.wait_for_load_state("networkidle")
    camera.take(page, "desk-viewer", whole=False)
    for name, address in DESK.items():
        page.goto(address)
        camera.take(page, name)
    page.goto(DESK["desk-event-types"])
    page.locator("#result_list tbody th a").first.click()
    camera.take(page, "desk-event-type")
    page.goto(DESK["desk-deliveries"])
    page.locator("#result_list tbody th a").first.click()
    camera.take(page, "desk-delivery")
    page.context.close()


# --- the README's two


def compose(folder: Path, into: Path) -> None:
    """The form on a phone beside the list of claims, and a claim's page."""
    phone = one(folder, "390-light-*-documents.png")
    phone = phone.crop((0, 0, 390, 900))
    listed = one(folder, "1440-light-*-desk-claims.png").crop((0, 0, 1440, 900))
    sheet = Image.new("RGB", (40 + 390 + 40 + 1440 + 40, 980), PAPER)
    for picture, left in ((phone, 40), (listed, 470)):
        framed = Image.new("RGB", (picture.width + 2, picture.height + 2), (214, 208, 194))
        framed.paste(picture, (1, 1))
        sheet.paste(framed, (left - 1, 39))
    save(sheet, 1300, into / "claimdesk.png")
    save(one(folder, "1440-light-*-desk-claim-top.png"), 1200, into / "claim.png")


def one(folder: Path, pattern: str) -> Image.Image:
    return Image.open(sorted(folder.glob(pattern))[0]).convert("RGB")


def save(picture: Image.Image, width: int, path: Path) -> None:
    """`width` pixels wide, with as many colours as fit into the size that a README can carry."""
    small = picture.resize((width, round(width * picture.height / picture.width)), Image.Resampling.LANCZOS)
    for colours in (256, 128, 64):
        small.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= LARGEST:
            return


if __name__ == "__main__":
    main()
