"""Limits counted in the database: reserved atomically before the thing is done, all of a set or none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from apps.core.models import Quota

LONGEST = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """At most `most` in `seconds` (a day or less), counted under `name` (no personal data: hash it first)."""

    name: str
    most: int
    seconds: int


class QuotaExceeded(Exception):
    def __init__(self, limit: Limit, retry_after: int) -> None:
        """`retry_after` is in seconds, at least 1."""
        super().__init__(limit.name)
        self.limit = limit
        self.retry_after = retry_after


# A window begins with its first use. One statement, so that no two callers take the same last place.
_RESERVE = """
INSERT INTO core_quota AS q (name, started_at, used) VALUES (%s, %s, 1)
ON CONFLICT (name) DO UPDATE SET
    used = CASE WHEN q.started_at <= %s THEN 1 ELSE q.used + 1 END,
    started_at = CASE WHEN q.started_at <= %s THEN excluded.started_at ELSE q.started_at END
WHERE q.started_at <= %s OR q.used < %s
RETURNING used
"""


def reserve(limits: Sequence[Limit], *, now: datetime) -> None:
    """Take one place in each of `limits`, or none at all. Raises QuotaExceeded with the longest wait."""
    refused: list[QuotaExceeded] = []
    with transaction.atomic():
        # One order for all callers, so that two of them can't wait for each other.
        for limit in sorted(limits, key=lambda one: one.name):
            if not _take(limit, now):
                started = Quota.objects.get(name=limit.name).started_at
                left = started + timedelta(seconds=limit.seconds) - now
                refused.append(QuotaExceeded(limit, max(1, math.ceil(left.total_seconds()))))
        if refused:
            transaction.set_rollback(True)
    if refused:
        raise max(refused, key=lambda one: one.retry_after)


def _take(limit: Limit, now: datetime) -> bool:
    field = Quota._meta.get_field("started_at")
    at, past = (field.get_db_prep_value(t, connection) for t in (now, now - timedelta(seconds=limit.seconds)))
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, [limit.name, at, past, past, past, limit.most])
        return cursor.fetchone() is not None


def spend(limit: Limit, amount: int, *, now: datetime) -> None:
    """Count `amount` of what is known only when it is spent, also past the limit."""
    with transaction.atomic():
        row, _ = Quota.objects.select_for_update().get_or_create(name=limit.name, defaults={"started_at": now})
        if row.started_at <= now - timedelta(seconds=limit.seconds):
            row.started_at, row.used = now, 0
        row.used += amount
        row.save(update_fields=["started_at", "used"])


def is_spent(limit: Limit, *, now: datetime) -> bool:
    """Whether nothing of `limit` is left in its window."""
    since = now - timedelta(seconds=limit.seconds)
    return Quota.objects.filter(name=limit.name, started_at__gt=since, used__gte=limit.most).exists()


def quotas_purge(*, now: datetime) -> int:
    """Forget windows that began more than a day ago: no limit is longer. Returns how many."""
    return Quota.objects.filter(started_at__lt=now - LONGEST).delete()[0]
