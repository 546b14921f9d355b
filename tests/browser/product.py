"""The whole product as a person starts it: `manage.py run` in a folder of its own, with all its processes."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import requests
from django.utils import timezone

from apps.core.embedded.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 150  # s
SMS_WITHIN = 60  # s: its workers share two cores with everything else
READY = "Claimdesk is ready."
# What the demo loads, with a few of its claims: all of them take longer than everything else together.
PREPARE = """
import sys
import django
django.setup()
from django.core.management import call_command
from django.utils import timezone
from apps.claims.demo.catalogue import make_catalogue
from apps.claims.demo import claims
from apps.claims.demo.staff import make_staff
call_command("migrate", verbosity=0, interactive=False)
make_staff()
make_catalogue(now=timezone.now())
claims.STORIES = claims.STORIES[:int(sys.argv[1])]
claims.make_claims(now=timezone.now(), tell=lambda line: None)
"""


class Product:
    """A running product with staff, the catalogue and a few claims; `whole_demo` loads all that `make run` loads.

    With `ocr` it reads pictures, and holds no claims: most tests send pictures drawn at random, which would take a
    processor for minutes to say nothing.
    """

    def __init__(self, folder: Path, *, whole_demo: bool = False, ocr: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CLAIMDESK_")}
        environment.update(CLAIMDESK_VAR_DIR=str(folder), DJANGO_SETTINGS_MODULE="config.settings")
        environment["CLAIMDESK_OCR"] = "1" if ocr else "0"
        if not whole_demo:
            prepare = [sys.executable, "-c", PREPARE, "0" if ocr else "2"]
            subprocess.run(prepare, cwd=ROOT, env=environment, check=True, timeout=120)
        self.log = folder / "run.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run", "--port", str(self.port)], cwd=ROOT, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while READY not in (shown := self.log.read_text(errors="replace")):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the product did not start:\n{shown}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop all of it; its own supervisor ends the processes that it has started."""
        self.process.terminate()
        try:
            self.process.wait(timeout=25)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    @property
    def sandbox(self) -> str:
        """The address of its fake outside world."""
        found = re.search(r"Sandbox\s+(http://\S+?)/\s", self.log.read_text(errors="replace"))
        assert found, "the product does not say where its sandbox is"
        return found[1]

    def sms(self, phone: str, about: str) -> str:
        """The newest SMS to a phone (digits) that says `about`, once it has come."""
        deadline = time.monotonic() + SMS_WITHIN
        while time.monotonic() < deadline:
            held = requests.get(f"{self.sandbox}/_held/smsc", timeout=10).json()["items"]
            for one in held:
                if one["phone"] == phone and about in one["text"]:
                    return str(one["text"])
            time.sleep(0.3)
        raise AssertionError(f"no SMS about {about!r} came")

    def let_code_limits_pass(self) -> None:
        """Move what the limits have counted a day back, as if that day had passed. The limits themselves stay on."""
        with closing(sqlite3.connect(self.folder / "claimdesk.sqlite3", timeout=20)) as database, database:
            long_ago = str((timezone.now() - timedelta(days=1, hours=12)).replace(tzinfo=None))
            database.execute("UPDATE core_quota SET started_at = ?", [long_ago])
