"""Deliveries a second: claimed, done and written down by the kernel, beside the raw SQL of the same."""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID, uuid4

import psycopg

from bench.figures import Figure, spread
from bench.place import Place

ROUNDS = 3
DELIVERIES = 1500  # in one round
PROCESSES = (1, 4)
GOAL = 0.6
CLAIM = """UPDATE core_delivery SET state = 'running', attempts = attempts + 1, lease_by = 'raw',
    lease_until = now() + interval '180 s' WHERE id = (SELECT id FROM core_delivery WHERE state = 'queued'
    ORDER BY next_at, id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id, attempts"""
DONE = "UPDATE core_delivery SET state = 'done', finished_at = now(), lease_by = '' WHERE id = %s AND lease_by = 'raw'"
ATTEMPT = """INSERT INTO core_deliveryattempt (delivery_id, number, started_at, duration_ms, outcome, error, detail, by)
    VALUES (%s, %s, now(), 0, 'ok', '', '{}', '')"""


def measure(place: Place) -> list[Figure]:
    _register()
    rates: dict[tuple[str, int], list[float]] = {}
    for _round in range(ROUNDS):
        for processes in PROCESSES:
            for name, act in (("ours", _drain), ("sql", _raw)):
                rates.setdefault((name, processes), []).append(_rate(place, act, processes))
    return [_figure(rates, processes) for processes in PROCESSES]


def _figure(rates: dict[tuple[str, int], list[float]], processes: int) -> Figure:
    ours, sql = rates["ours", processes], rates["sql", processes]
    ratio = statistics.median(ours) / statistics.median(sql)
    of = f"raw claim and finish: {statistics.median(sql):.0f}/s {spread(sql)}"
    label = f"deliveries by {processes} process{'es' if processes > 1 else ''}"
    ours_text = f"{statistics.median(ours):.0f}/s {spread(ours)}"
    last = processes == PROCESSES[-1]
    goal = f"at least {GOAL}x with 4" if last else ""
    return Figure("deliveries", label, ours_text, of, f"{ratio:.2f}x", goal, ratio >= GOAL if last else None)


def _register() -> None:
    from apps.core import outbox

    @dataclass(frozen=True, kw_only=True)
    class Measured(outbox.Event):
        name: ClassVar[str] = "bench.measured"
        about: ClassVar[str] = "thing_id"
        thing_id: UUID

    outbox._handlers.clear()  # of the product's own none is measured
    outbox.handler("bench.nothing", on=Measured, target="nothing")(lambda work: None)
    _made.append(lambda: Measured(thing_id=uuid4()))


_made: list[Callable[[], object]] = []


def _rate(place: Place, act: Callable[[str], None], processes: int) -> float:
    from django.db import connections, transaction
    from django.utils import timezone

    from apps.core import outbox

    with place.connect() as connection:
        connection.execute("TRUNCATE core_outboxevent CASCADE")
    outbox._wakes.update(quick=[], slow=[])  # nobody else is to drain them
    with transaction.atomic():
        for _ in range(DELIVERIES):
            outbox.publish(_made[0](), now=timezone.now())  # type: ignore[arg-type]
    with place.connect() as connection:
        connection.execute("VACUUM ANALYZE core_delivery")
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=act, args=(place.url(place.main),)) for _ in range(processes)]
    began = time.monotonic()
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    took = time.monotonic() - began
    with place.connect() as connection:
        left = connection.execute("SELECT count(*) FROM core_delivery WHERE state <> 'done'").fetchone()
        assert left == (0,), f"{left} deliveries are not done"
    return DELIVERIES / took


def _drain(url: str) -> None:
    from apps.core.drain import drain

    drain()


def _raw(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.prepare_threshold = 1
        while claimed := connection.execute(CLAIM).fetchone():
            with connection.transaction():
                connection.execute(DONE, [claimed[0]])
                connection.execute(ATTEMPT, claimed)
