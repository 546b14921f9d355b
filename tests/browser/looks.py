"""What every page must be: without a violation that axe knows, in light and dark, and no wider than the screen."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_axe = Axe()


def violations(page: Page) -> list[str]:
    """Each as `rule: where (why)`, in both colour schemes; the page keeps the one that it had last."""
    return [f"{scheme}: {line}" for scheme in ("light", "dark") for line in _in_scheme(page, scheme)]


def _in_scheme(page: Page, scheme: Any) -> list[str]:
    page.emulate_media(color_scheme=scheme)
    found = _axe.run(page).response["violations"]
    return [
        f"{one['id']}: {' '.join(map(str, node['target']))} ({' '.join(node['failureSummary'].split())})"
        for one in found
        for node in one["nodes"]
    ]


def overflow(page: Page) -> list[str]:
    """The elements that stick out on the right of the page, if it can be scrolled sideways."""
    return page.evaluate("""() => {
        const wide = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= wide) return [];
        return [...document.body.querySelectorAll("*")]
            .filter((one) => one.getBoundingClientRect().right > wide + 1)
            .map((one) => `${one.tagName} ${one.className}`.slice(0, 80)).slice(-5);
    }""")


def assert_good(page: Page) -> None:
    """Fails with everything that axe found and everything that sticks out."""
    wrong = [*violations(page), *(f"wider than the screen: {one}" for one in overflow(page))]
    assert not wrong, f"{page.url}\n" + "\n".join(wrong)
