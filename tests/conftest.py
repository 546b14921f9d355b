"""For the tests that cross apps: the browser that playwright drives, and the product behind real sockets."""

import json
import os
from typing import Any

import pytest

from tests.live import live  # noqa: F401  a fixture


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """chromium of the system, quiet: it asks nobody on the internet for anything."""
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync"]
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # chromium's sandbox refuses root
    path = json.loads(os.environ["CLAIMDESK_TEST_DECIDED"])["urls"]["browser"]
    return {**browser_type_launch_args, "executable_path": path, "args": [*sandbox, *quiet]}


@pytest.fixture(autouse=True)
def _allow_orm_beside_the_browser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's synchronous interface keeps an event loop in the thread, which Django takes for an async caller."""
    if request.node.get_closest_marker("browser"):
        monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
