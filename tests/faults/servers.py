"""PostgreSQL and RabbitMQ of one's own, on free ports and in folders of their own, to be killed with all they started.

Nobody else's server is ever touched: what is killed here was started here, and a database says so before it is used.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from kombu import Connection
from kombu.exceptions import OperationalError

from apps.core.embedded.ports import HOST, free_port
from tests.services import LOCALES, Unusable

BOOTS_WITHIN = 90.0  # s; RabbitMQ on a busy machine
DATABASE = "claimdesk"


def wait_until(ready: Callable[[], bool], what: str, *, within: float = BOOTS_WITHIN) -> None:
    """Return when `ready` says so. Raises AssertionError."""
    end = time.monotonic() + within
    while not ready():
        assert time.monotonic() < end, f"{what}: not within {within:.0f} s"
        time.sleep(0.05)


def kill_tree(top: int) -> None:
    """SIGKILL to a process and, before any of them can be somebody else's child, to all below it."""
    for pid in [top, *below(top)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def below(top: int) -> Iterator[int]:
    """The ids of all that a process, in whichever of its threads, has started, and what that has started."""
    for thread in _threads(top):
        with contextlib.suppress(OSError):
            for child in Path(f"/proc/{top}/task/{thread}/children").read_text().split():
                yield int(child)
                yield from below(int(child))


def _threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


class Server:
    """One server as a process: `start`, `kill` and `stop`, which also removes its folder."""

    def __init__(self, name: str, *, user: str = "") -> None:
        self.name, self.port = name, free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"claimdesk-faults-{name}-"))
        self.log = self.folder / "server.log"
        self._as: dict[str, Any] = {}
        if user and os.getuid() == 0:
            owner = pwd.getpwnam(user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        self.begin()
        self.wait()

    def begin(self) -> None:
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                self.command(), cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, **self._as,
            )  # fmt: skip

    def wait(self) -> None:
        def ready() -> bool:
            assert self._process and self._process.poll() is None, f"{self.name} ended: {self.tail()}"
            return self.answers()

        wait_until(ready, f"{self.name} does not answer")

    def kill(self) -> None:
        if self._process:
            kill_tree(self._process.pid)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""


class Postgres(Server):
    """A cluster with one empty database, in a locale that folds Cyrillic. Raises Unusable without the programs."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
        on_path = shutil.which("initdb")
        if not found and not on_path:
            raise Unusable(
                "no initdb: `make faults` starts a PostgreSQL of its own (on Debian: apt install postgresql)"
            )
        self._bin = found[-1].parent if found else Path(str(on_path)).parent
        super().__init__("postgresql", user="postgres")
        self._data = self.folder / "data"
        self.url = f"postgres://postgres@{HOST}:{self.port}/{DATABASE}"
        self._initdb()

    def _initdb(self) -> None:
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D", str(self._data)]
        with open(self.log, "ab") as log:
            subprocess.run(
                [str(self._bin / "initdb"), *options], cwd=self.folder, check=True, stdout=log, stderr=log, **self._as
            )

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": HOST, "port": self.port, "unix_socket_directories": self.folder,
            "max_connections": 100, "shared_buffers": "64MB",
        }  # fmt: skip
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._bin / "postgres"), "-D", str(self._data), *given]

    def answers(self) -> bool:
        try:
            with self._admin() as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        assert row and Path(row[0]) == self._data, "another server answers on our port"
        return True

    def make_database(self) -> None:
        with self._admin() as connection:
            for locale in LOCALES:
                try:
                    connection.execute(
                        f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' {locale}".encode()
                    )
                except psycopg.Error:
                    continue
                return
        raise Unusable("no locale of PostgreSQL folds Cyrillic")

    def _admin(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=HOST, port=self.port, user="postgres", dbname="postgres", connect_timeout=2, autocommit=True
        )


class RabbitMQ(Server):
    """A node with a durable queue that gets every event. Raises Unusable without the programs."""

    EXCHANGE, QUEUE = "crm.events", "faults"

    def __init__(self) -> None:
        programs = ("/usr/lib/rabbitmq/bin/rabbitmq-server", shutil.which("rabbitmq-server"))
        found = next((one for one in programs if one and Path(one).exists()), None)
        if found is None:
            raise Unusable("no rabbitmq-server: `make faults` starts one of its own (apt install rabbitmq-server)")
        super().__init__("rabbitmq")
        self._program = str(found)
        self._taken: list[str] = []
        self._names_port = free_port()
        # Erlang's name server: left to Erlang, it would be a daemon that outlives us.
        self._names = subprocess.Popen(
            ["epmd", "-port", str(self._names_port), "-address", HOST],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._spread = free_port()
        self.url = f"amqp://guest:guest@{HOST}:{self.port}//"
        (self.folder / "rabbitmq.conf").write_text(
            "disk_free_limit.absolute = 10MB\nvm_memory_high_watermark.relative = 0.8\n"
        )

    def command(self) -> list[str]:
        return [self._program]

    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")}
        return own | {
            "HOME": str(self.folder),  # where Erlang keeps its cookie
            "ERL_EPMD_PORT": str(self._names_port),
            "ERL_EPMD_ADDRESS": HOST,
            "RABBITMQ_NODENAME": f"faults{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._spread),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none.conf"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def answers(self) -> bool:
        try:
            with self.connection():
                return True
        except (OperationalError, OSError):
            return False

    def connection(self) -> Any:
        connection = Connection(self.url, connect_timeout=2)
        return connection.ensure_connection(max_retries=1, timeout=2)

    def make_queue(self) -> None:
        with self.connection() as connection:
            channel = connection.channel()
            channel.exchange_declare(self.EXCHANGE, type="topic", durable=True, auto_delete=False)
            channel.queue_declare(self.QUEUE, durable=True, auto_delete=False)
            channel.queue_bind(self.QUEUE, self.EXCHANGE, "#")

    def messages(self) -> list[str]:
        """The ids of the events that came to the queue, in its order. They are taken out of it, and kept here."""
        with self.connection() as connection:
            channel = connection.channel()
            while message := channel.basic_get(self.QUEUE, no_ack=True):
                self._taken.append(str(message.properties["message_id"]))
        return self._taken

    def stop(self) -> None:
        super().stop()
        kill_tree(self._names.pid)
        self._names.wait()
