"""Where a run takes place: a folder, databases, one Redis database, and servers started as in production."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from cryptography.fernet import Fernet

from tests.services import LOCALES, Slot, Unusable, find_postgresql, find_redis

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"


class Place:
    """What a run uses; `close` removes all of it again."""

    def __init__(self) -> None:
        self.server = find_postgresql()
        self.slot = Slot(find_redis())
        self.main = f"claimdesk_bench_{self.slot.number}"
        self.folder = Path(tempfile.mkdtemp(prefix="claimdesk-bench-"))
        self.databases: list[str] = []
        self.port = free_port()

    @property
    def redis_url(self) -> str:
        return self.slot.redis_url

    def url(self, database: str) -> str:
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{database}"))

    def environment(self) -> dict[str, str]:
        """Production's settings; what the person has set for running plays no part."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CLAIMDESK_")}
        ours = {
            "CLAIMDESK_ENV": "production",
            "CLAIMDESK_VAR_DIR": str(self.folder),
            "CLAIMDESK_STATIC_DIR": str(self.folder / "static"),
            "CLAIMDESK_DATABASE_URL": self.url(self.main),
            "CLAIMDESK_REDIS_URL": self.redis_url,
            "CLAIMDESK_SITE_URL": f"http://{HOST}:{self.port}",
            "CLAIMDESK_EMAIL_URL": "consolemail://",
            "CLAIMDESK_EMAIL_FROM": "claims@example.com",
            "CLAIMDESK_SMS_LOGIN": "bench",
            "CLAIMDESK_SMS_PASSWORD": "bench",
            "PYTHONPATH": str(ROOT),
        }
        return {**kept, **self.secrets, **ours}

    def enter(self) -> None:
        """Make the database and set Django up in this process."""
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))  # a thousand sockets, here and in the servers
        self.secrets = {
            "CLAIMDESK_SECRET_KEY": Fernet.generate_key().decode(),
            "CLAIMDESK_FIELD_KEYS": Fernet.generate_key().decode(),
            "CLAIMDESK_INDEX_KEY": Fernet.generate_key().decode(),
        }
        self.create_database(self.main)
        for name in [name for name in os.environ if name.startswith("CLAIMDESK_")]:
            del os.environ[name]
        # Requests of the load are not logged by this process, which is no server.
        os.environ.update(self.environment(), CLAIMDESK_LOG_LEVEL="ERROR", DJANGO_SETTINGS_MODULE="config.settings")
        import django

        django.setup()
        from django.core.management import call_command

        self._collect_static()
        call_command("migrate", verbosity=0)
        call_command("demo", "--catalogue", verbosity=0)

    def create_database(self, name: str, *, template: str = "") -> None:
        """An empty database in a locale that folds Cyrillic, or a copy of `template`; an older one goes."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            self.databases.append(name)
            if template:
                connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
                return
            for locale in LOCALES:
                try:
                    connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}")
                    return
                except psycopg.Error as error:
                    reason = error
            raise Unusable(f"no locale of the server folds Cyrillic: {reason}")

    def drop_database(self, name: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def connect(self, database: str = "") -> "psycopg.Connection[Any]":
        return psycopg.connect(self.url(database or self.main), autocommit=True)

    def close(self) -> None:
        for name in self.databases:
            self.drop_database(name)
        self.slot.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _collect_static(self) -> None:
        """As the image has them; but not packed and without the API's page, which take long and are not asked for."""
        from django.conf import settings
        from django.core.management import call_command
        from django.test import override_settings

        plain = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
        with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
            call_command("collectstatic", "--noinput", "--ignore", "drf_spectacular_sidecar", verbosity=0)

    # --- servers

    @contextmanager
    def serve(
        self, name: str, *command: str, port: int = 0, environment: dict[str, str] | None = None
    ) -> Iterator["Server"]:
        """A server started by `command`, where {port} stands for its port (0: a free one), once it answers."""
        port = port or free_port()
        arguments = [part.replace("{port}", str(port)) for part in command]
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments], cwd=ROOT, stdout=out, stderr=out, start_new_session=True,
                env={**self.environment(), **(environment or {})},
            )  # fmt: skip
            try:
                wait_for_answer(f"http://{HOST}:{port}/healthz", process, log)
                yield Server(port, process.pid, log)
            except SystemExit:
                sys.stderr.write(f"--- {name}, the end of its log\n{log.read_text(errors='replace')[-3000:]}\n")
                raise
            finally:
                stop(process)

    def wsgi(self, application: str = "config.wsgi:application") -> AbstractContextManager["Server"]:
        """HTTP as in production: the command of the Dockerfile with the pool of docker-compose.yml."""
        command = [
            "granian", "--interface", "wsgi", "--host", HOST, "--port", "{port}", "--workers", "2",
            "--blocking-threads", "2", "--respawn-failed-workers", "--workers-kill-timeout", "5", "--no-ws",
            application,
        ]  # fmt: skip
        return self.serve("wsgi", *command, environment={"CLAIMDESK_DATABASE_POOL": "2"})

    def asgi(
        self, application: str = "config.asgi:application", *, workers: int = 1, port: int = 0, pool: int = 0
    ) -> AbstractContextManager["Server"]:
        """As docker-compose.yml serves WebSockets; a `pool` of connections is for HTTP."""
        command = [
            "uvicorn", application, "--host", HOST, "--port", "{port}", "--proxy-headers", "--forwarded-allow-ips", "*",
            "--no-access-log", "--log-level", "warning", "--workers", str(workers), "--timeout-graceful-shutdown", "3",
        ]  # fmt: skip
        return self.serve("asgi", *command, port=port, environment={"CLAIMDESK_DATABASE_POOL": str(pool)})


class Server:
    def __init__(self, port: int, pid: int, log: Path) -> None:
        self.port, self.pid, self.log = port, pid, log

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def cpu(self) -> float:
        """Seconds of processor time that its processes have used: what neighbours do hardly touches it."""
        return sum(_cpu(pid) for pid in tree(self.pid))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for_answer(url: str, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} did not answer:\n{log.read_text(errors='replace')[-2000:]}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End what we started, with its children: first politely."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def tree(pid: int) -> list[int]:
    """`pid` and all that it started."""
    found, wave = [pid], [pid]
    while wave:
        wave = [child for parent in wave for child in _children(parent)]
        found += wave
    return found


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []  # it has ended meanwhile


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0  # it has ended meanwhile
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pids: list[int]) -> float:
    """Resident memory of the processes together, in MB; pages that they share are counted for each."""
    total = 0.0
    for pid in pids:
        try:
            found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        except OSError:
            continue
        total += int(found.group(1)) / 1024 if found else 0
    return total
