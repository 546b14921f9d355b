"""One product and one chromium for all tests of this folder; each test brings its own browsers and its own person."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.applicant import Applicant, some_phone
from tests.browser.form import Form
from tests.browser.product import Product
from tests.browser.watch import Watch
from tests.makers import files

SCREENS: dict[int, dict[str, Any]] = {
    390: {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    1440: {"viewport": {"width": 1440, "height": 900}},
}


@dataclass
class Sent:
    """A claim that was made through the API, and its person."""

    person: Applicant

    @property
    def number(self) -> str:
        return str(self.person.claim["number"])

    def open_page(self, context: BrowserContext) -> Page:
        """A page in which the person is logged in."""
        token = str(self.person.http.headers["Authorization"]).removeprefix("Bearer ")
        context.add_cookies([{"name": "claimdesk_applicant", "value": token, "url": self.person.base}])
        return context.new_page()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep the tests of this folder on one worker of xdist, which then starts one product."""
    item.add_marker(pytest.mark.browser)
    item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = Product(tmp_path_factory.mktemp("product"))
    yield running
    running.stop()


@pytest.fixture(scope="package")
def chromium(browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """Ends with this folder: playwright's synchronous interface leaves no room for tests that are coroutines."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browser_type_launch_args)
        yield browser
        browser.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test for whatever its browsers complained about."""
    watching = Watch()
    yield watching
    assert not watching.complaints


@pytest.fixture
def open_browser(chromium: Browser, product: Product, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Opens a browser that shares nothing with any other: `open_browser(width=390)`."""
    opened: list[BrowserContext] = []

    def open_one(width: int = 390) -> BrowserContext:
        context = chromium.new_context(
            base_url=product.url, locale="ru-RU", timezone_id="Europe/Moscow", reduced_motion="reduce", **SCREENS[width]
        )
        context.set_default_timeout(20_000)
        watch.over(context)
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture
def person(open_browser: Callable[..., BrowserContext], product: Product) -> Form:
    """Somebody new on a phone, before the first page."""
    return Form(open_browser().new_page(), product, some_phone())


@pytest.fixture(scope="package")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What people send: an office's scan of 5 MB, a phone's photo of 12 megapixels, an iPhone's photo, a small one."""
    folder = tmp_path_factory.mktemp("papers")
    made = {
        "scan": ("скан билета.pdf", files.pdf_scanned()),
        "photo": ("IMG_2041.jpg", files.photo()),
        "heic": ("IMG_0007.HEIC", files.heic((1600, 1200))),
        "small": ("посадочный.jpg", files.jpeg()),
        "program": ("фото паспорта.jpg", files.exe()),
    }
    for name, content in made.values():
        (folder / name).write_bytes(content)
    return {key: folder / name for key, (name, _) in made.items()}


@pytest.fixture
def begin_claim(product: Product) -> Callable[[], Sent]:
    """Somebody new with an empty draft."""

    def begin() -> Sent:
        product.let_code_limits_pass()
        someone = Applicant(product.url)
        someone.log_in()
        return Sent(someone)

    return begin


@pytest.fixture
def send_claim(begin_claim: Callable[[], Sent], product: Product, papers: dict[str, Path]) -> Callable[[], Sent]:
    """Sends a claim as another program would, with three papers."""

    def send() -> Sent:
        made = begin_claim()
        made.person.describe()
        made.person.answer_all()
        made.person.fill_slots(papers["small"])
        product.let_code_limits_pass()
        made.person.confirm_requisites()
        made.person.submit()
        return made

    return send


@pytest.fixture
def sent(send_claim: Callable[[], Sent]) -> Sent:
    return send_claim()


@pytest.fixture
def someone(begin_claim: Callable[[], Sent]) -> Applicant:
    return begin_claim().person
