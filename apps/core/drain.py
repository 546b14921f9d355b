"""Claims due deliveries with a lease and runs their handlers. Rows are the truth; whoever wakes us does not matter."""

import random
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from apps.core.clock import database_now
from apps.core.errors import OutcomeUnknown, Rejected, Unavailable
from apps.core.models import Delivery, DeliveryAttempt
from apps.core.outbox import Handler, LeaseLost, Obsolete, Work, event_from, handler_named
from apps.core.realtime import group_name, tell

log = structlog.get_logger(__name__)

State = Delivery.State
Outcome = DeliveryAttempt.Outcome
BATCH = 20
LEASE = timedelta(seconds=180)  # longer than the slowest single try
BACKOFF = [5, 30, 300, 3600, 7200, 14400, 28800, 72000]  # s, before tries 2 to 9


def backoff(attempts: int) -> timedelta | None:
    """How long to wait after the `attempts`-th failed try, with jitter of a fifth; None when the tries are used up."""
    if attempts > len(BACKOFF):
        return None
    return timedelta(seconds=BACKOFF[attempts - 1] * random.uniform(0.8, 1.2))


def drain(*, seconds: float = 240, clock: Callable[[], datetime] = database_now) -> int:
    """Run due deliveries until none is left or `seconds` have passed. Returns how many were tried."""
    tried, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        lease, ids = _claim(clock())
        if not ids:
            break
        for pk in ids:
            tried += _run(pk, lease, clock)
    return tried


def due(now: datetime) -> Q:
    """Deliveries whose time has come, or whose worker has gone silent."""
    ready = Q(state__in=[State.QUEUED, State.WAITING, State.UNKNOWN], next_at__lte=now)
    return ready | Q(state=State.RUNNING, lease_until__lt=now)


def _claim(now: datetime) -> tuple[str, list[int]]:
    lease = uuid.uuid4().hex
    earlier = Delivery.objects.filter(
        event=OuterRef("event"), chain=OuterRef("chain"), position__lt=OuterRef("position")
    ).exclude(state__in=Delivery.FINAL)
    with transaction.atomic():
        ids = list(
            Delivery.objects.filter(due(now), Q(chain="") | ~Exists(earlier))
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("next_at", "id")
            .values_list("id", flat=True)[:BATCH]
        )
        # One that was RUNNING keeps its intent: _run tells a lost worker's try by it.
        Delivery.objects.filter(id__in=ids).update(
            state=State.RUNNING, lease_by=lease, lease_until=now + LEASE, attempts=F("attempts") + 1
        )
    return lease, ids


def _run(pk: int, lease: str, clock: Callable[[], datetime]) -> int:
    now = clock()
    if not Delivery.objects.filter(pk=pk, lease_by=lease).update(lease_until=now + LEASE):
        return 0
    delivery = Delivery.objects.select_related("event").get(pk=pk)
    one = handler_named(delivery.handler)
    with structlog.contextvars.bound_contextvars(
        delivery=pk, handler=delivery.handler, request_id=delivery.event.request_id
    ):
        _Try(delivery, one, lease, now, clock).go()
    return 1


class _Try:
    """One try of one delivery, from its claim to the row that says how it ended."""

    def __init__(
        self, delivery: Delivery, one: Handler | None, lease: str, now: datetime, clock: Callable[[], datetime]
    ) -> None:
        self.delivery, self.handler, self.lease, self.now, self.clock = delivery, one, lease, now, clock
        self.started = time.monotonic()
        self.work: Work | None = None

    def go(self) -> None:
        delivery = self.delivery
        if self.handler is None:
            return self.end(State.NEEDS_ATTENTION, Outcome.FAILED, "no handler has this name any more")
        if delivery.expires_at and delivery.expires_at <= self.now:
            return self.end(State.CANCELLED, Outcome.FAILED, "too late to be of use")
        if delivery.intent_at and self.handler.repeat == "never":
            return self.unclear("the worker was lost after the deed was begun")
        if delivery.intent_at and self.handler.repeat == "search":
            ripe = delivery.intent_at + self.handler.window
            if self.now < ripe:
                return self.end(State.UNKNOWN, Outcome.LOST, "the worker was lost after the deed was begun", ripe)
        return self.call(self.handler)

    def call(self, one: Handler) -> None:
        row = self.delivery
        self.work = Work(
            event=event_from(row.event), event_id=row.event_id, occurred_at=row.event.occurred_at, delivery_id=row.pk,
            number=row.attempts, remote_id=row.remote_id, unclear_since=row.intent_at, now=self.now, lease=self.lease,
        )  # fmt: skip
        try:
            one.run(self.work)
        except LeaseLost:
            log.warning("delivery_lease_lost")
        except Obsolete as reason:
            self.end(State.CANCELLED, Outcome.REJECTED, str(reason))
        except Rejected as error:
            self.end(State.NEEDS_ATTENTION, Outcome.REJECTED, error.detail)
        except OutcomeUnknown as error:
            self.unclear(error.detail)
        except Unavailable as error:
            self.later(Outcome.UNAVAILABLE, error.detail, error.retry_after)
        except Exception as error:  # any defect of a handler: told with its trace, counted as a try, kept for staff
            log.exception("delivery_failed")
            self.later(Outcome.FAILED, f"{type(error).__name__}: see the log", None)
        else:
            self.end(State.DONE, Outcome.OK, "")

    def unclear(self, error: str) -> None:
        assert self.handler is not None
        if self.handler.repeat == "natural":
            return self.later(Outcome.UNKNOWN, error, None)
        if self.handler.repeat == "search":
            return self.end(State.UNKNOWN, Outcome.UNKNOWN, error, self.now + self.handler.window)
        if self.delivery.expires_at:
            # A person waits for it now; if it did not arrive they ask again, and nobody can mend it later.
            return self.end(State.CANCELLED, Outcome.UNKNOWN, error)
        return self.end(State.NEEDS_ATTENTION, Outcome.UNKNOWN, error)

    def later(self, outcome: Outcome, error: str, retry_after: float | None) -> None:
        wait = backoff(self.delivery.attempts)
        if wait is None:
            return self.end(State.NEEDS_ATTENTION, outcome, error)
        if retry_after:
            wait = max(wait, timedelta(seconds=min(retry_after, 86400)))
        # Nothing was done, so the intent is taken back: the next try may begin afresh.
        return self.end(State.WAITING, outcome, error, self.now + wait, intent_at=None)

    def end(
        self, state: State, outcome: Outcome, error: str, next_at: datetime | None = None, **values: object
    ) -> None:
        """Write how the try ended, if the delivery is still ours."""
        now = self.clock()
        changed = {"state": state, "lease_by": "", "lease_until": None, "last_error": error, **values}
        if state in Delivery.FINAL:
            changed["finished_at"] = now
        if next_at:
            changed["next_at"] = next_at
        with transaction.atomic():
            if not Delivery.objects.filter(pk=self.delivery.pk, lease_by=self.lease).update(**changed):
                log.warning("delivery_lease_lost")
                return
            DeliveryAttempt.objects.create(
                delivery=self.delivery,
                number=self.delivery.attempts,
                started_at=self.now,
                duration_ms=int((time.monotonic() - self.started) * 1000),
                outcome=outcome,
                error=error,
                detail=self.work.detail if self.work else {},
            )
            kind, _, key = self.delivery.event.aggregate.partition(":")
            tell(group_name(kind, key), f"{kind}.changed", what=["deliveries"])
        log.info("delivery_tried", outcome=outcome, state=state, error=error or None)
