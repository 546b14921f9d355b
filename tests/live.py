"""The whole product behind real sockets: uvicorn in a thread on the session's test database, beside the real sandbox.

One server serves a module of tests, so each test brings a person of its own (`live.applicant()`) and leaves the others'
rows alone. Deliveries run when a test says so: `live.deliver()`.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, connections
from django.db.models import F
from django.test import override_settings
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone

from apps.claims.demo.catalogue import make_catalogue
from apps.core.drain import drain
from apps.core.embedded.ports import free_port
from apps.core.models import Quota
from apps.integrations.sandbox.process import Sandbox
from tests.applicant import Applicant

HOST = "127.0.0.1"
STARTS_WITHIN = 20  # s


@dataclass
class Live:
    """A running product: where it is, and what its outside world has got."""

    url: str
    sandbox: Sandbox

    @property
    def socket_url(self) -> str:
        return self.url.replace("http://", "ws://")

    def applicant(self, **of: Any) -> Applicant:
        """A new person who has confirmed the phone and holds an empty draft."""
        someone = self.stranger(**of)
        someone.log_in()
        return someone

    def stranger(self, **of: Any) -> Applicant:
        """A new person who has not asked for a code yet, at a moment when nobody has."""
        let_code_limits_pass()
        return Applicant(self.url, **of)

    def deliver(self) -> int:
        """Run every delivery that is due, as a worker would. Returns how many were tried."""
        return drain(seconds=30)

    def sms_to(self, phone: str) -> list[str]:
        """The texts that the gateway sent to a phone (digits), the oldest first."""
        held = self.sandbox.world.store.items("smsc")
        return [item.data["text"] for item in reversed(held) if item.data.get("phone") == phone]

    def mail_to(self, address: str) -> list[dict[str, Any]]:
        """The messages that the mail catcher holds for an address, the oldest first, with their files as `files`."""
        store = self.sandbox.world.store
        return [
            {**item.data, "html": unescape(item.data["html"]),
             "files": [store.file("mail", item.id, note.n) for note in item.files]}
            for item in reversed(store.items("mail")) if address in item.data["to"]
        ]  # fmt: skip


def let_code_limits_pass() -> None:
    """Move what the limits have counted a day back, as if that day had passed. The limits themselves stay on."""
    Quota.objects.update(started_at=F("started_at") - timedelta(days=1))
    cache.clear()  # the ceiling for each address


@pytest.fixture(scope="module")
def live(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with (
        django_db_blocker.unblock(),
        _database(),
        _sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox,
    ):
        make_catalogue(now=timezone.now())
        let_code_limits_pass()
        with _server() as url, override_settings(SITE_URL=url):
            yield Live(url, sandbox)
        connections.close_all()
        call_command("flush", verbosity=0, interactive=False)


@contextlib.contextmanager
def _database() -> Iterator[None]:
    """The test database: the session's, or our own where no other test asked pytest-django for one."""
    if connection.settings_dict["NAME"] == connection.creation._get_test_db_name():
        yield
        return
    made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
    try:
        yield
    finally:
        teardown_databases(made, verbosity=0)


@contextlib.contextmanager
def _sandbox(folder: Path) -> Iterator[Sandbox]:
    running = Sandbox(database=folder / "sandbox.sqlite3", http_port=0, smtp_port=free_port())
    outside = {
        "SANDBOX_URL": running.url,
        "SMS_URL": f"{running.url}/smsc",
        "SMS_LOGIN": "sandbox",
        "SMS_PASSWORD": "sandbox",
        "SHOW_CODES": True,
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": HOST,
        "EMAIL_PORT": running.world.smtp_port,
    }
    try:
        with override_settings(**outside):
            yield running
    finally:
        running.stop()


@contextlib.contextmanager
def _server() -> Iterator[str]:
    from config.asgi import application

    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            application, host=HOST, port=port, log_config=None, log_level="warning", lifespan="off",
            timeout_graceful_shutdown=3,
        )
    )  # fmt: skip
    thread = threading.Thread(target=server.run, name="uvicorn", daemon=True)
    thread.start()
    until = time.monotonic() + STARTS_WITHIN
    while not server.started and thread.is_alive() and time.monotonic() < until:
        time.sleep(0.02)
    assert server.started, "the server did not start"
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
