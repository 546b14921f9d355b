"""The product as real processes on servers of its own and the sandbox, to be killed and started again.

Time is compressed: waits between tries are divided by HASTE, the CRM's window is WINDOW, a lease is LEASE. What must
hold in earnest holds here too: the sandbox's slowest deed is shorter than the window.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from apps.core.embedded import redis
from apps.core.embedded.ports import HOST, free_port
from tests.faults.servers import Postgres, RabbitMQ, below, kill_tree, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
LEASE = 10  # s: the shortest that settings allow, so that a killed worker's delivery is taken over while the test waits
HASTE = 100
WINDOW, CRM_READ = 6, 2  # s
SLOWEST_DEED = 4.0  # s
SWEEP = 3  # s, in place of 15
DISK_MB = 48  # of the place for uploads, where we may mount one
STARTS_WITHIN = 90.0  # s
CELERY = "-m celery --quiet --app config.celery"
WORKER = f"{CELERY} worker --without-gossip --without-mingle"
PROCESSES = ("web", "quick", "slow", "heavy", "beat")


class Rig:
    """`start` and `kill` by name: web, quick, slow (the workers), beat, sandbox, redis. The servers have their own."""

    def __init__(self, folder: Path, postgres: Postgres, rabbitmq: RabbitMQ, *, slow_workers: int, window: int) -> None:
        self.folder, self.postgres, self.rabbitmq = folder, postgres, rabbitmq
        self.port, self.sandbox_port, self.smtp_port = free_port(), free_port(), free_port()
        self.url, self.sandbox_url = f"http://{HOST}:{self.port}", f"http://{HOST}:{self.sandbox_port}"
        private = redis.configure(folder=folder / "redis")
        assert private is not None, "neither redis-server nor valkey is installed"
        self.redis = private
        self._commands = {
            "web": f"-m uvicorn config.asgi:application --host {HOST} --port {self.port} --log-level warning "
            "--no-access-log",
            "sandbox": f"manage.py sandbox --http-port {self.sandbox_port} --smtp-port {self.smtp_port}",
            "quick": f"{WORKER} --queues celery --concurrency 2 --hostname quick@rig",
            "slow": f"{WORKER} --queues slow --concurrency {slow_workers} --hostname slow@rig",
            "heavy": f"{WORKER} --queues heavy --concurrency 1 --hostname heavy@rig",
            "beat": f"{CELERY} beat --max-interval 1",
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.failpoints = folder / "failpoints"
        self.failpoints.mkdir()
        self.has_small_disk = False
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CLAIMDESK_")},
            **{f"CLAIMDESK_{name}": str(value) for name, value in self._settings(window).items()},
            "FAULTS_FOLDER": str(self.failpoints),
            "FAULTS_SANDBOX": self.sandbox_url,
        }

    def _settings(self, window: int) -> dict[str, object]:
        return {
            "ENV": "embedded", "VAR_DIR": self.folder, "PORT": self.port, "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url, "EVENTS_URL": self.rabbitmq.url, "SANDBOX_URL": self.sandbox_url,
            "EMAIL_URL": f"smtp://{HOST}:{self.smtp_port}", "LEASE_SECONDS": LEASE, "HASTE": HASTE,
            "CRM_WINDOW_SECONDS": window, "CRM_READ_SECONDS": CRM_READ, "API_PER_MINUTE": 100000,
            "FILES_BACKEND": "tests.faults.impatient.Share", "ARCHIVE_BACKEND": "tests.faults.impatient.Archive",
            "FAILPOINT_HOOK": "tests.faults.failpoints.reach", "FREE_SPACE_FLOOR_MB": 1, "LOG_LEVEL": "INFO",
            "OCR": False,  # a page of it takes longer than a whole cycle; part "reading" turns it on
        }  # fmt: skip

    # --- processes

    def start(self, *names: str) -> None:
        """Start those of the processes that are not running."""
        for name in names:
            if name in self._running:
                continue
            command = self.redis.command if name == "redis" else [sys.executable, *self._commands[name].split()]
            with open(self.folder / f"{name}.log", "ab") as log:
                self._running[name] = subprocess.Popen(
                    command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip

    @contextlib.contextmanager
    def changed(self, **settings: object) -> Iterator[None]:
        """Whatever of the product is started meanwhile has other settings; none of it runs before or afterwards."""
        before = self.environment
        self.environment = before | {f"CLAIMDESK_{name}": str(value) for name, value in settings.items()}
        self._rest()
        try:
            yield
        finally:
            self.environment = before
            self._rest()

    def _rest(self) -> None:
        for name in set(PROCESSES) & set(self._running):
            self.kill(name)

    def kill(self, name: str) -> None:
        """SIGKILL to the process and to all that it has started: it gets no chance to tidy up."""
        process = self._running.pop(name)
        kill_tree(process.pid)
        process.wait()

    def kill_child(self, name: str, chance: random.Random) -> bool:
        """SIGKILL to one process that `name` has started; whether there was one."""
        parent = self._running[name].pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(chance.choice(children)), signal.SIGKILL)
        return bool(children)

    def below(self, name: str) -> dict[int, str]:
        """The command lines of the process and of all that it has started, by their ids."""
        found = {}
        for pid in [self._running[name].pid, *below(self._running[name].pid)]:
            with contextlib.suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return found

    def raise_the_dead(self) -> list[str]:
        """Start again what has ended by itself, as any supervisor of services does. Returns the names."""
        dead = [name for name, process in self._running.items() if process.poll() is not None]
        for name in dead:
            self.kill(name)
            last = (self.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()[-1:]
            with open(self.folder / "ended.log", "a") as log:
                log.write("\n".join([f"{name}:", *last, ""]))
        self.start(*dead)
        return dead

    def wait_for_web(self) -> None:
        wait_until(lambda: self._opens(f"{self.url}/healthz"), "web does not answer", within=STARTS_WITHIN)

    def wait_for_sandbox(self) -> None:
        wait_until(lambda: self._opens(f"{self.sandbox_url}/_ready"), "sandbox does not answer", within=STARTS_WITHIN)

    @staticmethod
    def _opens(url: str) -> bool:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        for name in list(self._running):
            self.kill(name)

    # --- the sandbox

    def fault(self, system: str, **fault: Any) -> None:
        """Turn on what goes wrong with the sandbox's `system`; nothing: mend it."""
        self._ask(f"/_faults/{system}", fault)

    def mend(self) -> None:
        for system in self._ask("/_faults"):
            self.fault(system, kind="")

    def held(self, system: str) -> list[dict[str, Any]]:
        """What the sandbox's `system` holds, the oldest first."""
        items: list[dict[str, Any]] = self._ask(f"/_held/{system}")["items"]
        return sorted(items, key=lambda item: int(item["id"]))

    def blob(self, system: str, item: dict[str, Any]) -> bytes:
        [store] = (path for path in self.folder.rglob("*.files") if path.is_dir())
        return (store / system / str(item["blob"])).read_bytes()

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(
            f"{self.sandbox_url}{path}", data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    # --- the product

    def run(self, command: str, *arguments: str) -> Any:
        """What `tests.faults.inside` prints of `command`, done in a process of its own."""
        made = subprocess.run(
            [sys.executable, "-m", "tests.faults.inside", command, *arguments],
            cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        return json.loads(made.stdout)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.postgres.url, connect_timeout=5) as connection:
            return connection.execute(query.encode()).fetchall()

    def number(self, query: str) -> int:
        return int(self.rows(query)[0][0])

    # --- places

    def mount_small_disks(self) -> None:
        """Let uploads arrive on a small disk and files stay on another, where we are root and may mount."""
        for name in ("uploads", "files"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
            made = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0700", "claimdesk", str(self.folder / name)],
                capture_output=True, check=False,
            )  # fmt: skip
            if made.returncode:
                return
        self.has_small_disk = True

    def unmount(self) -> None:
        for name in ("uploads", "files"):
            if (self.folder / name).is_mount():
                subprocess.run(["umount", "--lazy", str(self.folder / name)], capture_output=True, check=False)


@contextlib.contextmanager
def rig(*, slow_workers: int = 2, window: int = WINDOW, keep: Path | None = None) -> Iterator[Rig]:
    """A rig with its servers, Redis and sandbox running and its database migrated; nothing of it is left afterwards.

    After an error the logs are kept in `keep`. Raises Unusable where a server's programs are not installed.
    """
    with contextlib.ExitStack() as ends:
        postgres = Postgres()
        ends.callback(postgres.stop)
        rabbitmq = RabbitMQ()
        ends.callback(rabbitmq.stop)
        rabbitmq.begin()
        postgres.begin()
        folder = Path(tempfile.mkdtemp(prefix="claimdesk-faults-"))
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        one = Rig(folder, postgres, rabbitmq, slow_workers=slow_workers, window=window)
        ends.callback(one.unmount)
        one.mount_small_disks()
        ends.callback(one.stop)
        one.start("redis", "sandbox")
        postgres.wait()
        postgres.make_database()
        one.run("migrate", str(SWEEP))
        assert one.redis.answers(within=20)
        one.wait_for_sandbox()
        rabbitmq.wait()
        rabbitmq.make_queue()
        try:
            yield one
        except BaseException:
            keep_logs(one, keep)
            raise


def keep_logs(one: Rig, keep: Path | None) -> None:
    if keep is None:
        return
    keep.mkdir(parents=True, exist_ok=True)
    for log in [*one.folder.glob("*.log"), one.postgres.log, one.rabbitmq.log]:
        name = f"{log.parent.name}-{log.name}" if log.name == "server.log" else log.name
        with contextlib.suppress(OSError):
            shutil.copyfile(log, keep / name)
    with contextlib.suppress(psycopg.Error):
        text = "\n".join(map(str, one.rows(TRIES)))
        (keep / "deliveries.txt").write_text(text)
    sys.stderr.write(f"Logs are in {keep}\n")


TRIES = """SELECT event.aggregate, delivery.handler, delivery.state, delivery.attempts, delivery.last_error,
                  delivery.next_at, try.number, try.started_at, try.duration_ms, try.outcome, try.error
           FROM core_delivery AS delivery JOIN core_outboxevent AS event ON event.id = delivery.event_id
           LEFT JOIN core_deliveryattempt AS try ON try.delivery_id = delivery.id
           ORDER BY event.aggregate, delivery.id, try.id"""
