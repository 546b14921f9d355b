"""Claims due deliveries with a lease and runs their handlers. Rows are the truth; whoever wakes us does not matter."""

import random
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_noop

from apps.core.clock import database_now
from apps.core.errors import OutcomeUnknown, Rejected, Unavailable
from apps.core.models import Delivery, DeliveryAttempt
from apps.core.outbox import Handler, LeaseLost, Obsolete, Work, event_from, handler_named
from apps.core.realtime import group_name, tell

log = structlog.get_logger(__name__)

State = Delivery.State
Outcome = DeliveryAttempt.Outcome
BACKOFF = [5, 30, 300, 3600, 7200, 14400, 28800, 72000]  # s, before tries 2 to 9
MOST_TRIES = len(BACKOFF) + 1

# Kept as they stand here; staff read them in their own language (desk.words.said).
NO_HANDLER = gettext_noop("no handler has this name any more")
TOO_LATE = gettext_noop("too late to be of use")
WORKER_LOST = gettext_noop("the worker was lost after the deed was begun")
LOST_OFTEN = gettext_noop("its workers were lost again and again")
STILL_AT_IT = gettext_noop("the target may still be at the deed that was begun")


def backoff(attempts: int) -> timedelta | None:
    """How long to wait after the `attempts`-th failed try, with jitter of a fifth; None when the tries are used up."""
    if attempts >= MOST_TRIES:
        return None
    return timedelta(seconds=BACKOFF[attempts - 1] * random.uniform(0.8, 1.2))


def drain(*, seconds: float = 240, clock: Callable[[], datetime] = database_now) -> int:
    """Run due deliveries until none is left or `seconds` have passed. Returns how many were tried.

    Raises RuntimeError inside a transaction: it would hold locks while strangers answer, and could undo what is done.
    """
    tried, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and (delivery := _claim(now := clock())):
        _run(delivery, now, clock)
        tried += 1
    return tried


def due(now: datetime) -> Q:
    """Deliveries whose time has come, or whose worker has gone silent.

    A queued one is due at once: its `next_at` is the publisher's clock and only says who comes first.
    """
    retried = Q(state__in=[State.WAITING, State.UNKNOWN], next_at__lte=now)
    return Q(state=State.QUEUED) | retried | Q(state=State.RUNNING, lease_until__lt=now)


@transaction.atomic(durable=True)
def _claim(now: datetime) -> Delivery | None:
    """Lease the delivery that has been due for longest. One at a time: nothing waits behind it, or is lost with it."""
    earlier = Delivery.objects.filter(
        event=OuterRef("event"), chain=OuterRef("chain"), position__lt=OuterRef("position")
    ).exclude(state__in=Delivery.FINAL)
    rows = Delivery.objects.filter(due(now), Q(chain="") | ~Exists(earlier)).select_related("event")
    delivery = rows.select_for_update(skip_locked=True, of=("self",)).order_by("next_at", "id").first()
    if delivery is None:
        return None
    if delivery.state == State.RUNNING:
        _note_lost(delivery)
    delivery.state, delivery.attempts = State.RUNNING, delivery.attempts + 1
    delivery.lease_by, delivery.lease_until = uuid.uuid4().hex, now + timedelta(seconds=settings.LEASE_SECONDS)
    delivery.save(update_fields=["state", "attempts", "lease_by", "lease_until"])
    return delivery


def _note_lost(delivery: Delivery) -> None:
    """Write down the try that nobody ended: its worker was killed, or was slower than its lease."""
    assert delivery.lease_until is not None
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=delivery.attempts,
        started_at=delivery.lease_until - timedelta(seconds=settings.LEASE_SECONDS),
        duration_ms=settings.LEASE_SECONDS * 1000,
        outcome=Outcome.LOST,
        error="the worker was lost",
    )


def _run(delivery: Delivery, now: datetime, clock: Callable[[], datetime]) -> None:
    with structlog.contextvars.bound_contextvars(
        delivery=delivery.pk, handler=delivery.handler, request_id=delivery.event.request_id
    ):
        _Try(delivery, handler_named(delivery.handler), now, clock).go()


class _Try:
    """One try of one delivery, from its claim to the row that says how it ended."""

    def __init__(self, delivery: Delivery, one: Handler | None, now: datetime, clock: Callable[[], datetime]) -> None:
        self.delivery, self.handler, self.now, self.clock = delivery, one, now, clock
        self.started = time.monotonic()
        self.work: Work | None = None

    def go(self) -> None:
        delivery, one = self.delivery, self.handler
        if one is None:
            return self.end(State.NEEDS_ATTENTION, Outcome.FAILED, NO_HANDLER)
        if delivery.expires_at and delivery.expires_at <= self.now:
            return self.end(State.CANCELLED, Outcome.FAILED, TOO_LATE)
        if delivery.intent_at and one.repeat == "never":
            return self.unclear(one, WORKER_LOST)
        if delivery.attempts > MOST_TRIES:
            return self.end(State.NEEDS_ATTENTION, Outcome.LOST, LOST_OFTEN)
        if delivery.intent_at and one.repeat == "search" and self.now < (ripe := delivery.intent_at + one.window):
            return self.end(State.UNKNOWN, Outcome.UNKNOWN, STILL_AT_IT, ripe)
        return self.call(one)

    def call(self, one: Handler) -> None:
        row = self.delivery
        try:
            self.work = Work(
                event=event_from(row.event), event_id=row.event_id, occurred_at=row.event.occurred_at,
                delivery_id=row.pk, number=row.attempts, remote_id=row.remote_id, unclear_since=row.intent_at,
                now=self.now, lease=row.lease_by, clock=self.clock,
            )  # fmt: skip
            one.run(self.work)
        except LeaseLost:
            log.warning("delivery_lease_lost")
        except Obsolete as reason:
            self.end(State.CANCELLED, Outcome.REJECTED, str(reason))
        except Rejected as error:
            self.end(State.NEEDS_ATTENTION, Outcome.REJECTED, error.detail)
        except OutcomeUnknown as error:
            self.unclear(one, error.detail)
        except Unavailable as error:
            self.later(Outcome.UNAVAILABLE, error.detail, error.retry_after)
        except Exception as error:  # any defect of a handler: told with its trace, counted as a try, kept for staff
            log.exception("delivery_failed")
            text = f"{type(error).__name__}: see the log"
            if self.work and self.work.intended:
                self.unclear(one, text)  # it broke after the deed was begun, and maybe after it was done
            else:
                self.later(Outcome.FAILED, text, None)
        else:
            self.end(State.DONE, Outcome.OK, "")

    def unclear(self, one: Handler, error: str) -> None:
        if one.repeat == "natural":
            return self.later(Outcome.UNKNOWN, error, None)
        if one.repeat == "search" and self.delivery.attempts < MOST_TRIES:
            return self.end(State.UNKNOWN, Outcome.UNKNOWN, error, self.clock() + one.window)
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
        next_at = self.clock() + wait
        if self.delivery.expires_at and self.delivery.expires_at <= next_at:
            return self.end(State.CANCELLED, outcome, f"{error} (the next try would be too late)")
        if self.work and self.work.intended:
            # Nothing was done, so this try's intent is taken back. An earlier one, still unclear, stays.
            return self.end(State.WAITING, outcome, error, next_at, intent_at=None)
        return self.end(State.WAITING, outcome, error, next_at)

    def end(
        self, state: State, outcome: Outcome, error: str, next_at: datetime | None = None, **values: object
    ) -> None:
        """Write how the try ended, if the delivery is still ours."""
        changed = {"state": state, "lease_by": "", "lease_until": None, "last_error": error, **values}
        if state in Delivery.FINAL:
            changed["finished_at"] = self.clock()
        if next_at:
            changed["next_at"] = next_at
        with transaction.atomic():
            if not Delivery.objects.filter(pk=self.delivery.pk, lease_by=self.delivery.lease_by).update(**changed):
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
