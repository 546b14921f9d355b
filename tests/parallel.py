"""Real threads that begin at one moment, each with a database connection of its own."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

MOST = 32  # PostgreSQL allows 100 connections, and others test beside us


def at_once(times: int, act: Callable[[int], Any], *, threads: int = MOST) -> list[Any]:
    """Call `act(0)` … `act(times - 1)` from parallel threads. Returns what each returned or raised, in that order."""
    start = threading.Barrier(min(times, threads))
    met = threading.local()

    def one(number: int) -> Any:
        if not hasattr(met, "done"):
            met.done = start.wait(timeout=30)
        try:
            return act(number)
        except Exception as error:  # noqa: BLE001  the test looks at what came
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=min(times, threads)) as pool:
        return list(pool.map(one, range(times)))


def kinds(results: list[Any]) -> Counter[str]:
    """How often each type was returned or raised."""
    return Counter(type(result).__name__ for result in results)
