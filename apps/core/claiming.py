"""Which delivery is next, and the lease on it. Rows are the truth: nobody hands work out, each worker takes it."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.core import targets
from apps.core.models import Delivery, DeliveryAttempt, OutboxEvent
from apps.core.outbox import LANES, Lane, handler_named, handlers

State = Delivery.State
_PARKED = (State.QUEUED, State.WAITING, State.UNKNOWN)
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # stands for the time in the written statement


@dataclass(frozen=True)
class Claimed:
    delivery: Delivery
    standing: targets.Standing

    @property
    def is_probe(self) -> bool:
        return self.delivery.target in self.standing.probing

    @property
    def opened_at(self) -> datetime | None:
        """Since when the target's breaker is open."""
        return self.standing.opened.get(self.delivery.target)


def claim(now: datetime, lane: Lane | None) -> Claimed | None:
    """Lease the delivery that has been due for longest. One at a time: nothing waits behind it, or is lost with it."""
    standing = targets.standing(now)
    passed: set[str] = set(standing.blocked)
    while True:
        with transaction.atomic(durable=True):
            delivery = _next(now, lane, passed)
            if delivery is None:
                return None
            if _waits(delivery):
                continue  # for what was queued again while this statement was on its way; the next one sees it
            if delivery.target not in standing.probing or targets.probe_take(delivery.target, now=now):
                _lease(delivery, now)
                return Claimed(delivery, standing)
            passed.add(delivery.target)  # another worker has this probe


def claim_worthless(now: datetime) -> Claimed | None:
    """Lease a delivery that is past its use, of a target that gets nothing now: no `claim` comes by to end it."""
    standing = targets.standing(now)
    if not standing.blocked:
        return None
    rows = Delivery.objects.filter(target__in=standing.blocked, state__in=_PARKED, expires_at__lte=now)
    with transaction.atomic(durable=True):
        delivery = rows.select_related("event").select_for_update(skip_locked=True, of=("self",)).first()
        if delivery is None:
            return None
        _lease(delivery, now)
    return Claimed(delivery, standing)


def _next(now: datetime, lane: Lane | None, passed: set[str]) -> Delivery | None:
    """The delivery of the lane that has been due for longest and waits for no other, locked; none that is locked."""
    ordered = frozenset(one.name for one in handlers() if one.ordered)
    # The quick lane is whatever stands in no other: also what a newer version has named and we do not know.
    wanted = {*LANES} - {"quick"} if lane == "quick" else {lane}
    named = frozenset(one.target for one in handlers() if one.lane in wanted)
    if not named and lane not in (None, "quick"):
        return None  # nothing goes by this lane
    sql, params = written(lane, frozenset(passed), ordered, named)
    adapt = connection.ops.adapt_datetimefield_value
    times = [adapt(now) if value == adapt(_ANY_TIME) else value for value in params]
    return next(iter(Delivery.objects.raw(sql, times)), None)


@lru_cache(maxsize=64)
def written(
    lane: Lane | None, passed: frozenset[str], ordered: frozenset[str], named: frozenset[str]
) -> tuple[str, tuple[Any, ...]]:
    """The statement that claims, of the targets `named` (for the quick lane: of all others). Django takes longer to
    write it than PostgreSQL to answer it.

    It walks the index of unfinished deliveries in order and stops at the first that fits: its conditions say what is
    left out, since PostgreSQL does not use that index for what is asked as "one of these, or one of those".
    """
    rows = Delivery.objects.filter(state__in=Delivery.UNFINISHED)
    # A queued one is due at once: its `next_at` is the publisher's clock and only says who comes first.
    rows = rows.exclude(state__in=[State.WAITING, State.UNKNOWN], next_at__gt=_ANY_TIME)
    rows = rows.exclude(state=State.RUNNING, lease_until__gte=_ANY_TIME)
    rows = rows.filter(Q(chain="") | ~Exists(_steps_before()))
    if ordered:
        rows = rows.filter(~Q(handler__in=ordered) | ~Exists(_events_before()))
    if lane:
        rows = rows.exclude(target__in=named) if lane == "quick" else rows.filter(target__in=named)
    free = rows.exclude(target__in=passed).order_by("next_at", "id").select_for_update(skip_locked=True, of=("self",))
    return free[:1].query.sql_with_params()


def _steps_before() -> "QuerySet[Delivery]":
    mine = Delivery.objects.filter(event=OuterRef("event"), chain=OuterRef("chain"), position__lt=OuterRef("position"))
    return mine.exclude(state__in=Delivery.FINAL)


# What staff have to look at holds up no later event: a consumer that is not there must not stop the others.
_PASSED_BY = (*Delivery.FINAL, State.NEEDS_ATTENTION)


def _events_before() -> "QuerySet[OutboxEvent]":
    mine = Delivery.objects.filter(
        event__aggregate=OuterRef("aggregate"), handler=OuterRef(OuterRef("handler")), id__lt=OuterRef(OuterRef("id"))
    ).exclude(state__in=_PASSED_BY)
    return OutboxEvent.objects.filter(Exists(mine), pk=OuterRef("event"))


def _waits(delivery: Delivery) -> bool:
    """Whether it has to wait for another, seen from behind its lock: `_next` saw the others as they were before it."""
    if delivery.chain:
        mine = Delivery.objects.filter(event=delivery.event_id, chain=delivery.chain)
        return mine.filter(position__lt=delivery.position).exclude(state__in=Delivery.FINAL).exists()
    one = handler_named(delivery.handler)
    if one is None or not one.ordered:
        return False
    mine = Delivery.objects.filter(event__aggregate=delivery.event.aggregate, handler=delivery.handler)
    return mine.filter(id__lt=delivery.pk).exclude(state__in=_PASSED_BY).exists()


def _lease(delivery: Delivery, now: datetime) -> None:
    if delivery.state == State.RUNNING:
        _note_lost(delivery)
    delivery.state, delivery.attempts = State.RUNNING, delivery.attempts + 1
    delivery.lease_by, delivery.lease_until = uuid.uuid4().hex, now + timedelta(seconds=settings.LEASE_SECONDS)
    delivery.save(update_fields=["state", "attempts", "lease_by", "lease_until"])


def _note_lost(delivery: Delivery) -> None:
    """Write down the try that nobody ended: its worker was killed, or was slower than its lease."""
    assert delivery.lease_until is not None
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=delivery.attempts,
        started_at=delivery.lease_until - timedelta(seconds=settings.LEASE_SECONDS),
        duration_ms=settings.LEASE_SECONDS * 1000,
        outcome=DeliveryAttempt.Outcome.LOST,
        error="the worker was lost",
    )
