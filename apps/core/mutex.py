"""A lock by name for one holder at a time, in all processes and on all machines. It is let go when its holder dies."""

import contextlib
import fcntl
import hashlib
import random
import time
from collections.abc import Iterator
from typing import Any, cast

import psycopg
from django.conf import settings
from django.db import connection

_POLL = 0.05  # s
# A machine that vanishes without a word is found out by the database after some 30 s, not after the default two hours.
_KEEPALIVE = {"tcp_keepalives_idle": "15", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}


class MutexTaken(Exception):
    """Another process held the lock for all the time that we were ready to wait; str() says which and how long."""

    def __init__(self, name: str, wait: float) -> None:
        super().__init__(f"{name} was still taken after {wait:g} s")


@contextlib.contextmanager
def mutex(name: str, *, wait: float) -> Iterator[None]:
    """Hold the lock `name` for the block; `wait` is in seconds.

    It is no part of a transaction: on PostgreSQL it lives on a connection of its own, which must reach the server
    itself or through a pooler in session mode; on SQLite it is a file in VAR_DIR, good for this machine.
    Raises MutexTaken, or the database's OperationalError where it cannot be reached.
    """
    with _advisory_lock(name, wait) if connection.vendor == "postgresql" else _file_lock(name, wait):
        yield


@contextlib.contextmanager
def _advisory_lock(name: str, wait: float) -> Iterator[None]:
    with connection.wrap_database_errors:
        own = psycopg.connect(**cast(Any, connection).get_connection_params(), autocommit=True)
    # Closing the connection lets the lock go, whatever happened to it meanwhile.
    with contextlib.closing(own), own.cursor() as cursor:
        limits = {**_KEEPALIVE, "lock_timeout": f"{max(1, round(wait * 1000))}ms"}
        try:
            with connection.wrap_database_errors:
                for limit, value in limits.items():
                    cursor.execute("SELECT set_config(%s, %s, false)", [limit, value])
            cursor.execute("SELECT pg_advisory_lock(%s)", [_key(name)])
        except psycopg.errors.LockNotAvailable:
            raise MutexTaken(name, wait) from None
        yield


@contextlib.contextmanager
def _file_lock(name: str, wait: float) -> Iterator[None]:
    folder = settings.VAR_DIR / "locks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ends = time.monotonic() + wait
    with open(folder / f"{_key(name):016x}".replace("-", "n"), "a") as file:
        while not _taken(file.fileno()):
            if time.monotonic() >= ends:
                raise MutexTaken(name, wait)
            time.sleep(random.uniform(_POLL / 2, _POLL))
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _key(name: str) -> int:
    """The lock's number: 64 bits with a sign, as PostgreSQL takes them."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
