import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone


def database_now() -> datetime:
    """The database's time (UTC), which all processes share: a worker's wrong clock can't break a lease."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now.astimezone(UTC)


def steady_clock() -> Callable[[], datetime]:
    """A clock that is set by the database once, and runs on without asking it again. For some minutes."""
    begun, at = time.monotonic(), database_now()
    return lambda: at + timedelta(seconds=time.monotonic() - begun)
