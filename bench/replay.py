"""The product's own SQL without the product: what one request sends to PostgreSQL, sent again by a bare client."""

import multiprocessing
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.load import Load, in_threads

PROCESSES = 2
FOREVER = 3600.0  # s


@dataclass(frozen=True)
class Statement:
    sql: str
    params: tuple[Any, ...]


def capture(act: Callable[[], object]) -> list[Statement]:
    """The statements that `act` executes on Django's connection, with BEGIN and COMMIT, in order."""
    executed: list[Statement] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        executed.append(Statement(sql, tuple(params or ())))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep), CaptureQueriesContext(connection) as logged:
        act()
    waiting = iter(executed)
    words = ("BEGIN", "COMMIT", "ROLLBACK")
    return [Statement(row["sql"], ()) if row["sql"] in words else next(waiting) for row in logged.captured_queries]


class Script:
    """Captured statements that can be sent for another row: `known` are the texts that name the captured one."""

    def __init__(self, statements: Sequence[Statement], known: Sequence[str]) -> None:
        self.statements = statements
        self.known = known

    def play(self, cursor: "psycopg.ClientCursor[Any]", others: Sequence[str]) -> None:
        """Execute all with `others` in place of `known`, and a new UUID for each that is neither."""
        swaps = dict(zip(self.known, others, strict=True))
        for one in self.statements:
            cursor.execute(one.sql, [self._swapped(value, swaps) for value in one.params] or None)
            if cursor.description:
                cursor.fetchall()

    def _swapped(self, value: Any, swaps: dict[str, str]) -> Any:
        if isinstance(value, list):
            return [self._swapped(one, swaps) for one in value]
        if isinstance(value, uuid.UUID):
            text = str(value)
            return uuid.UUID(swaps.setdefault(text, str(uuid.uuid4())))
        if not isinstance(value, str) or len(value) > 200:
            return value
        for known in self.known:
            if known in value:
                value = value.replace(known, swaps[known])
        return swaps.setdefault(value, str(uuid.uuid4())) if _is_uuid(value) else value


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


def run(script: Script, url: str, connections: int, rows: Sequence[Sequence[str]], *, seconds: float) -> Load:
    """Play `script` for `rows` over so many connections of two processes: round and round, with FOREVER each once."""
    shares = [connections // PROCESSES + (number < connections % PROCESSES) for number in range(PROCESSES)]
    shares = [share for share in shares if share]
    fork = multiprocessing.get_context("fork")
    with fork.Pool(len(shares)) as pool:
        parts = [(script, url, share, rows[place :: len(shares)], seconds) for place, share in enumerate(shares)]
        loads = pool.starmap(_play, parts)
    return Load([s for one in loads for s in one.seconds], max(one.took for one in loads))


def _play(script: Script, url: str, threads: int, rows: Sequence[Sequence[str]], seconds: float) -> Load:
    done = Load()
    lines = [psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) for _number in range(threads)]
    began = time.perf_counter()

    def work(number: int) -> None:
        cursor, mine = lines[number].cursor(), rows[number::threads]
        place = 0
        while time.perf_counter() - began < seconds and (place < len(mine) or seconds < FOREVER):
            start = time.perf_counter()
            script.play(cursor, mine[place % len(mine)])  # type: ignore[arg-type]
            done.seconds.append(time.perf_counter() - start)
            place += 1

    in_threads(work, threads)
    done.took = time.perf_counter() - began
    for line in lines:
        line.close()
    return done
