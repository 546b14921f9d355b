"""The product as real processes on a database, a Redis and a sandbox of its own, to be killed and started again."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from apps.core.embedded import redis
from apps.core.embedded.ports import HOST, free_port
from tests.services import TEMPLATE, find_postgresql

ROOT = Path(__file__).resolve().parent.parent.parent
LEASE = 10  # s: the shortest that settings allow, so that a killed worker's delivery is taken over while the test waits
CELERY = "-m celery --quiet --app config.celery"
STARTS_WITHIN = 60  # s


class Rig:
    """`start` and `kill` by name: web, worker, beat, sandbox, redis. A killed process gets no chance to tidy up."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.database_url = folder, database_url
        self.port, self.sandbox_port, self.smtp_port = free_port(), free_port(), free_port()
        self.url = f"http://{HOST}:{self.port}"
        private = redis.configure(folder=folder / "redis")
        assert private is not None, "neither redis-server nor valkey is installed"
        self.redis = private
        web = f"-m uvicorn config.asgi:application --host {HOST} --port {self.port} --log-level warning --no-access-log"
        sandbox = f"manage.py sandbox --http-port {self.sandbox_port} --smtp-port {self.smtp_port}"
        worker = f"{CELERY} worker --concurrency 2 --without-gossip --without-mingle"
        self._commands = {name: [sys.executable, *line.split()] for name, line in (
            ("web", web), ("sandbox", sandbox), ("worker", worker), ("beat", f"{CELERY} beat"),
        )} | {"redis": private.command}  # fmt: skip
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CLAIMDESK_")},
            "CLAIMDESK_ENV": "embedded",
            "CLAIMDESK_VAR_DIR": str(folder),
            "CLAIMDESK_PORT": str(self.port),
            "CLAIMDESK_DATABASE_URL": database_url,
            "CLAIMDESK_REDIS_URL": private.url,
            "CLAIMDESK_SANDBOX_URL": f"http://{HOST}:{self.sandbox_port}",
            "CLAIMDESK_EMAIL_URL": f"smtp://{HOST}:{self.smtp_port}",
            "CLAIMDESK_LEASE_SECONDS": str(LEASE),
            "CLAIMDESK_API_PER_MINUTE": "100000",
            "CLAIMDESK_LOG_LEVEL": "WARNING",
        }

    def prepare(self, drafts: int) -> dict[str, Any]:
        made = subprocess.run(
            [sys.executable, "-m", "tests.faults.prepare", str(drafts)],
            cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(made.stdout)
        return found

    def start(self, name: str) -> None:
        with open(self.folder / f"{name}.log", "ab") as log:
            self._running[name] = subprocess.Popen(
                self._commands[name], cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self, name: str) -> None:
        """SIGKILL to the process and to all that it has started."""
        process = self._running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_child(self, name: str) -> bool:
        """SIGKILL to one process that `name` has started; whether there was one."""
        parent = self._running[name].pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(children[-1]), signal.SIGKILL)
        return bool(children)

    def wait_for_web(self) -> None:
        self._wait_for(f"{self.url}/healthz", "web")

    def _wait_for(self, url: str, name: str) -> None:
        end = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < end:
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
                return
            time.sleep(0.05)
        raise AssertionError(f"{name} does not answer: {(self.folder / f'{name}.log').read_text()[-2000:]}")

    def slow_down(self, system: str, seconds: float, *, when: str) -> None:
        """Let the sandbox's `system` take its time for each call, `before` or `after` it does what it is asked."""
        fault = json.dumps({"kind": "delay", "when": when, "seconds": seconds}).encode()
        url = f"http://{HOST}:{self.sandbox_port}/_faults/{system}"
        asked = urllib.request.Request(url, data=fault, headers={"Content-Type": "application/json"})
        self._wait_for(f"http://{HOST}:{self.sandbox_port}/_faults", "sandbox")
        urllib.request.urlopen(asked, timeout=10).close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query.encode()).fetchall()

    def stop(self) -> None:
        for name in list(self._running):
            self.kill(name)


@contextlib.contextmanager
def rig() -> Iterator[Rig]:
    """A rig with Redis and sandbox running, and nothing of it left afterwards. Raises Unusable without PostgreSQL."""
    server = find_postgresql()
    name = f"claimdesk_faults_{os.getpid()}"
    folder = Path(tempfile.mkdtemp(prefix="claimdesk-faults-"))
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}".encode())
    one = Rig(folder, urlunsplit(urlsplit(server)._replace(path=f"/{name}")))
    try:
        one.start("redis")
        assert one.redis.answers(within=20)
        one.start("sandbox")
        yield one
    finally:
        one.stop()
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        shutil.rmtree(folder, ignore_errors=True)
