"""Decides what a test session runs on, before Django reads its settings. Loaded by pytest.ini: `-p tests.services`.

`--db postgres|sqlite` chooses the database (PostgreSQL where it is reachable), `--bare` is SQLite and nothing else, as
on a machine where only Python is. Services are looked for under CLAIMDESK_TEST_DATABASE_URL, _REDIS_URL and _AMQP_URL,
then on the standard ports of this machine; the browser under CLAIMDESK_TEST_CHROMIUM, then on PATH, tesseract on PATH.
What is absent is left out loudly; CLAIMDESK_TEST_REQUIRE=postgresql,redis,rabbitmq,browser,tesseract makes it an error.
"""

import fcntl
import getpass
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

import hypothesis
import psycopg
import pytest
from hypothesis import HealthCheck
from kombu import Connection
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

NAMES = {
    "postgresql": "PostgreSQL", "redis": "Redis", "rabbitmq": "RabbitMQ", "browser": "chromium",
    "tesseract": "tesseract",
}  # fmt: skip
MARKERS = {
    "postgresql": "postgres", "redis": "redis", "rabbitmq": "rabbitmq", "browser": "browser", "tesseract": "tesseract",
}  # fmt: skip
NOT_BARE = {*MARKERS.values(), "fuzz", "slow"}
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server", "client", "admin_client"}
TEMPLATE = "claimdesk_test_template"
# Cyrillic must fold and sort alike everywhere: the C locale folds ASCII only, and not every system has C.UTF-8.
LOCALES = (
    "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'",
    "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'",
    "LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C' LC_CTYPE 'C'",
)
SLOTS = 12
_DECIDED = "CLAIMDESK_TEST_DECIDED"
_decision: "Decision"
_slot: "Slot"
_folder: tempfile.TemporaryDirectory[str]


class Unusable(Exception):
    """A service that was named or required is not there; str() is the sentence about it."""


@dataclass
class Decision:
    """Where each service is (empty: left out, and why), and which database the session runs on."""

    urls: dict[str, str]
    reasons: dict[str, str]
    db: str
    bare: bool


class Slot:
    """A number that no other test process on this machine holds, and with it a Redis database and a PostgreSQL name."""

    def __init__(self, redis_url: str) -> None:
        folder = Path(tempfile.gettempdir()) / f"claimdesk-tests-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        for number in range(SLOTS):
            lock = open(folder / f"slot-{number}", "a+")  # noqa: SIM115  held until this process ends
            if self._take(lock) and (not redis_url or self._take_redis(redis_url, number, lock)):
                self.number, self.lock = number, lock
                self.redis_url = _with_database(redis_url, 15 - number) if redis_url else ""
                return
            lock.close()
        raise Unusable(f"{SLOTS} test sessions are running, or Redis databases 4 to 15 hold data of others.")

    @staticmethod
    def _take(lock: IO[str]) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @staticmethod
    def _take_redis(url: str, number: int, lock: IO[str]) -> bool:
        """Empty the slot's database if what it holds was left by a test session; never touch data of others."""
        lock.seek(0)
        with Redis.from_url(_with_database(url, 15 - number), socket_connect_timeout=2) as redis:
            if redis.dbsize() and lock.read() != "ours":
                return False
            redis.flushdb()
        lock.truncate(0)
        lock.write("ours")
        lock.flush()
        return True

    def release(self) -> None:
        if self.redis_url:
            with Redis.from_url(self.redis_url, socket_connect_timeout=2) as redis:
                redis.flushdb()
            self.lock.truncate(0)
        self.lock.close()


# --- looking


def find_postgresql() -> str:
    """The address of a server where we may create databases. Raises Unusable with the reason if there is none."""
    named = os.environ.get("CLAIMDESK_TEST_DATABASE_URL", "")
    users = dict.fromkeys(("postgres", getpass.getuser()))
    reason = ""
    for url in [named] if named else [f"postgres://{user}@127.0.0.1:5432/postgres" for user in users]:
        try:
            with psycopg.connect(url, connect_timeout=3, autocommit=True) as connection:
                row = connection.execute(
                    "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
                ).fetchone()
                if row and row[0]:
                    _make_template(connection, url)
                    return url
                reason = "its user may not create databases"
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[0]
    raise Unusable(f"CLAIMDESK_TEST_DATABASE_URL: {reason}" if named else f"127.0.0.1:5432: {reason}")


def _make_template(connection: psycopg.Connection[Any], url: str) -> None:
    """Make the empty database that test databases are copied from, in a locale that folds Cyrillic."""
    connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [TEMPLATE])
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
        return
    reason = ""
    for locale in LOCALES:
        try:
            connection.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 ENCODING 'UTF8' {locale}")
        except psycopg.Error as error:
            reason = str(error).strip()
            continue
        with psycopg.connect(urlunsplit(urlsplit(url)._replace(path=f"/{TEMPLATE}"))) as check:
            folded = check.execute("SELECT upper('їжак петров') = 'ЇЖАК ПЕТРОВ'").fetchone()
        if folded and folded[0]:
            return
        connection.execute(f"DROP DATABASE {TEMPLATE}")
        reason = "upper() leaves Cyrillic as it is"
    raise Unusable(f"no locale of the server folds Cyrillic: {reason}")


def find_redis() -> str:
    """The address of a Redis server, without a database number. Raises Unusable with the reason if there is none."""
    url = os.environ.get("CLAIMDESK_TEST_REDIS_URL", "") or "redis://127.0.0.1:6379"
    try:
        with Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as redis:
            redis.ping()
    except (RedisError, ValueError) as error:
        raise Unusable(f"{_shown(url)}: {error}") from error
    return _with_database(url, None)


def find_rabbitmq() -> str:
    """The address of a RabbitMQ server that lets us in. Raises Unusable with the reason if there is none."""
    url = os.environ.get("CLAIMDESK_TEST_AMQP_URL", "") or "amqp://guest:guest@127.0.0.1:5672//"
    try:
        with Connection(url, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1, timeout=3)
    except (OperationalError, OSError) as error:
        raise Unusable(f"{_shown(url)}: {error}") from error
    return url


def find_browser() -> str:
    """The path of chromium. Raises Unusable with the reason if there is none."""
    named = os.environ.get("CLAIMDESK_TEST_CHROMIUM", "")
    for name in [named] if named else ["chromium", "chromium-browser", "google-chrome"]:
        if path := shutil.which(name):
            return path
    raise Unusable(f"{named} cannot be run" if named else "no chromium on PATH")


def find_tesseract() -> str:
    """The path of tesseract. Raises Unusable with the reason if it is not there, or reads no Russian or English."""
    path = shutil.which("tesseract")
    if not path:
        raise Unusable("no tesseract on PATH")
    listed = subprocess.run([path, "--list-langs"], capture_output=True, text=True, timeout=30, check=False)
    if lacking := {"rus", "eng"} - set(listed.stdout.split()):
        raise Unusable(f"it lacks {', '.join(sorted(lacking))}")
    return path


FINDERS = {
    "postgresql": find_postgresql, "redis": find_redis, "rabbitmq": find_rabbitmq, "browser": find_browser,
    "tesseract": find_tesseract,
}  # fmt: skip
VARIABLES = {"postgresql": "DATABASE_URL", "redis": "REDIS_URL", "rabbitmq": "AMQP_URL", "browser": "CHROMIUM"}


def decide(*, db: str | None, bare: bool) -> Decision:
    """Look for every service. Raises Unusable if one that was named, required or asked for is not there."""
    required = {name.strip() for name in os.environ.get("CLAIMDESK_TEST_REQUIRE", "").split(",")} - {""}
    if unknown := required - set(NAMES):
        raise Unusable(f"CLAIMDESK_TEST_REQUIRE knows {', '.join(NAMES)}, not {', '.join(sorted(unknown))}.")
    if bare and db == "postgres":
        raise Unusable("--bare is SQLite alone and --db postgres is not.")
    urls, reasons = {}, {}
    for name, find in FINDERS.items():
        if bare:
            urls[name], reasons[name] = "", "--bare"
            continue
        try:
            urls[name], reasons[name] = find(), ""
        except Unusable as absent:
            urls[name], reasons[name] = "", str(absent)
            asked = db == "postgres" and name == "postgresql"
            is_named = name in VARIABLES and os.environ.get(f"CLAIMDESK_TEST_{VARIABLES[name]}")
            if asked or name in required or is_named:
                raise Unusable(f"{NAMES[name]} was asked for and cannot be used: {absent}") from absent
    return Decision(urls, reasons, db or ("postgres" if urls["postgresql"] else "sqlite"), bare)


def _with_database(url: str, number: int | None) -> str:
    return urlunsplit(urlsplit(url)._replace(path="" if number is None else f"/{number}"))


def _shown(url: str) -> str:
    """`url` without its password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


# --- what pytest calls


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("claimdesk")
    group.addoption("--db", choices=["postgres", "sqlite"], help="the database (default: PostgreSQL if reachable)")
    group.addoption("--bare", action="store_true", help="SQLite alone, without tests that need a service or are slow")
    group.addoption(
        "--after-bare",
        action="store_true",
        help="without tests that touch neither database nor service: --bare ran them",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Set the environment before pytest-django, whose hook is inside this one, makes Django read it."""
    global _decision, _slot, _folder
    asked = early_config.known_args_namespace
    try:
        # A worker of xdist inherits what its controller decided.
        inherited = os.environ.get(_DECIDED) if "PYTEST_XDIST_WORKER" in os.environ else None
        _decision = Decision(**json.loads(inherited)) if inherited else decide(db=asked.db, bare=asked.bare)
        _slot = Slot(_decision.urls["redis"])
    except Unusable as reason:
        raise pytest.UsageError(str(reason)) from reason
    _folder = tempfile.TemporaryDirectory(prefix="claimdesk-tests-", ignore_cleanup_errors=True)
    os.environ[_DECIDED] = json.dumps(asdict(_decision))
    _set_environment()
    return (yield)


def _set_environment() -> None:
    """Settings come from this session alone: what the person has set for running does not leak into tests."""
    for name in list(os.environ):
        if name.startswith("CLAIMDESK_") and not name.startswith("CLAIMDESK_TEST_"):
            del os.environ[name]
    os.environ.update(
        CLAIMDESK_ENV="embedded", CLAIMDESK_TESTING="1", CLAIMDESK_OCR="0", CLAIMDESK_VAR_DIR=_folder.name
    )
    if _decision.db == "postgres":
        os.environ["CLAIMDESK_DATABASE_URL"] = _decision.urls["postgresql"]
    if _slot.redis_url:
        os.environ["CLAIMDESK_REDIS_URL"] = _slot.redis_url


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    # A busy machine is slow to make examples; that says nothing about the code under test.
    hypothesis.settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis.settings.load_profile("any machine")
    if _decision.db == "postgres":
        test = settings.DATABASES["default"].setdefault("TEST", {})
        test.update(NAME=f"claimdesk_test_{_slot.number}", TEMPLATE=TEMPLATE)


def pytest_unconfigure(config: pytest.Config) -> None:
    _folder.cleanup()
    _slot.release()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _decision.bare:
        left_out = [item for item in items if any(item.get_closest_marker(marker) for marker in NOT_BARE)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    if config.getoption("after_bare"):
        left_out = [item for item in items if not _touches_a_service(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    for service, marker in MARKERS.items():
        absent = _decision.db != "postgres" if service == "postgresql" else not _decision.urls[service]
        if absent:
            why = _decision.reasons[service] or f"--db {_decision.db}"
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"needs {NAMES[service]} ({why})"))


def _touches_a_service(item: pytest.Item) -> bool:
    """Whether the test may go another way on another database, or is one that --bare left out."""
    fixtures = set(getattr(item, "fixturenames", ()))
    markers = ("django_db", *NOT_BARE)
    return bool(fixtures & DATABASE_FIXTURES) or any(item.get_closest_marker(marker) for marker in markers)


def pytest_report_header(config: pytest.Config) -> list[str]:
    return ["", *_banner(), ""]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if any(_left_out()):
        terminalreporter.section("what was left out", yellow=True, bold=True)
        terminalreporter.write_line("\n".join(_banner()), yellow=True, bold=True)


def _left_out() -> Generator[str, None, None]:
    for service, name in NAMES.items():
        if _decision.reasons[service] and not _decision.bare:
            yield f"{name} ({_decision.reasons[service]})"
    if _decision.bare:
        yield "every service and slow test (--bare)"
    elif _decision.db == "sqlite" and _decision.urls["postgresql"]:
        yield "PostgreSQL (--db sqlite)"


def _banner() -> list[str]:
    used = ["PostgreSQL" if _decision.db == "postgres" else "SQLite"]
    used += [name for service, name in NAMES.items() if service != "postgresql" and _decision.urls[service]]
    return [f"TESTED ON: {', '.join(used)}", *(f"LEFT OUT: {what}" for what in _left_out())]


def main() -> int:
    """For the Makefile: 0 if a service makes a second pass worth it, 3 if none is there, 1 if one is lacking."""
    try:
        found = decide(db=None, bare=False)
    except Unusable as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0 if found.urls["postgresql"] or found.urls["redis"] else 3


if __name__ == "__main__":
    sys.exit(main())
