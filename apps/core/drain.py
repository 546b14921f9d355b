"""Claims due deliveries with a lease and runs their handlers. Rows are the truth; whoever wakes us does not matter."""

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import Error as DriverError
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from apps.core import targets
from apps.core.claiming import Claimed, claim, claim_worthless
from apps.core.clock import steady_clock
from apps.core.errors import AccountRejected, IntegrationError, OutcomeUnknown, Rejected, Unavailable
from apps.core.models import Delivery, DeliveryAttempt
from apps.core.outbox import Handler, Lane, LeaseLost, Obsolete, Postponed, Work, event_from, handler_named
from apps.core.realtime import group_name, tell

log = structlog.get_logger(__name__)

State = Delivery.State
Outcome = DeliveryAttempt.Outcome
BACKOFF = [5, 30, 300, 3600, 7200, 14400, 28800, 72000]  # s, before tries 2 to 9
MOST_TRIES = len(BACKOFF) + 1
PATIENCE = timedelta(hours=72)  # with an open breaker, before its deliveries count their tries again
LONGEST_TRY = 900  # s: a try that takes longer hangs, and its lease is left to run out

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
    return timedelta(seconds=BACKOFF[attempts - 1] * random.uniform(0.8, 1.2) / settings.HASTE)


def drain(lane: Lane | None = None, *, seconds: float = 240, clock: Callable[[], datetime] | None = None) -> int:
    """Run due deliveries of `lane` (None: of all) until none is left or `seconds` have passed. Returns how many.

    Raises RuntimeError inside a transaction: it would hold locks while strangers answer, and could undo what is done.
    """
    clock = clock or steady_clock()
    tried, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and (claimed := claim(now := clock(), lane)):
        _run(claimed, now, clock)
        tried += 1
    return tried


def end_worthless(*, most: int = 1000, clock: Callable[[], datetime] | None = None) -> int:
    """End what is parked and past its use, as a worker that claims it would; at most `most`. Returns how many."""
    clock = clock or steady_clock()
    ended = 0
    while ended < most and (claimed := claim_worthless(now := clock())):
        _run(claimed, now, clock)
        ended += 1
    return ended


def _run(claimed: Claimed, now: datetime, clock: Callable[[], datetime]) -> None:
    delivery = claimed.delivery
    with structlog.contextvars.bound_contextvars(
        delivery=delivery.pk, handler=delivery.handler, request_id=delivery.event.request_id
    ):
        _Try(claimed, handler_named(delivery.handler), now, clock).go()


class _Heartbeat:
    """Renews the lease of a try that takes long, from a thread of its own: it ends with the process."""

    def __init__(self, delivery: Delivery, clock: Callable[[], datetime]) -> None:
        self._delivery, self._clock, self._over = delivery, clock, threading.Event()

    def __enter__(self) -> None:
        threading.Thread(target=self._beat, name="lease", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _beat(self) -> None:
        end = time.monotonic() + LONGEST_TRY
        while not self._over.wait(settings.LEASE_SECONDS / 3) and time.monotonic() < end:
            until = self._clock() + timedelta(seconds=settings.LEASE_SECONDS)
            try:
                Delivery.objects.filter(pk=self._delivery.pk, lease_by=self._delivery.lease_by).update(
                    lease_until=until
                )
            except DriverError as error:  # the try itself meets it too; the next beat may get through
                log.warning("lease_not_renewed", error=type(error).__name__)
            finally:
                connection.close()


class _Try:
    """One try of one delivery, from its claim to the row that says how it ended."""

    def __init__(self, claimed: Claimed, one: Handler | None, now: datetime, clock: Callable[[], datetime]) -> None:
        self.delivery, self.handler, self.now, self.clock = claimed.delivery, one, now, clock
        self.claimed = claimed
        self.started = time.monotonic()
        self.work: Work | None = None
        self.asked = False  # whether the target was asked for anything

    def go(self) -> None:
        self.make()
        if self.claimed.is_probe and not self.asked:
            targets.probe_return(self.delivery.target, now=self.clock())

    def make(self) -> None:
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
                event=event_from(row.event), event_id=row.event_id, request_id=row.event.request_id,
                occurred_at=row.event.occurred_at, handler=row.handler, delivery_id=row.pk, number=row.attempts,
                remote_id=row.remote_id, unclear_since=row.intent_at, now=self.now, lease=row.lease_by,
                clock=self.clock,
            )  # fmt: skip
            with _Heartbeat(row, self.clock):
                one.run(self.work)
        except LeaseLost:
            log.warning("delivery_lease_lost")
        except Postponed as reason:
            self.postpone(str(reason), reason.seconds)
        except Obsolete as reason:
            self.end(State.CANCELLED, Outcome.REJECTED, str(reason))
        except IntegrationError as error:
            self.asked = True
            self.fail(one, error)
        except Exception as error:  # any defect of a handler: told with its trace, counted as a try, kept for staff
            log.exception("delivery_failed")
            text = f"{type(error).__name__}: see the log"
            if self.work and self.work.intended:
                self.unclear(one, text)  # it broke after the deed was begun, and maybe after it was done
            else:
                self.later(Outcome.FAILED, text, None)
        else:
            self.end(State.DONE, Outcome.OK, "")
            if self.work.asked:
                self.asked = True
                troubled = self.delivery.target in self.claimed.standing.troubled
                targets.success_note(self.delivery.target, now=self.clock(), troubled=troubled)

    def fail(self, one: Handler, error: IntegrationError) -> None:
        """The target failed us: what becomes of the delivery, and what it says about the target."""
        refused = isinstance(error, AccountRejected)
        if isinstance(error, Rejected) and not refused:
            # A clear answer: this try's intent is over. An earlier one, still unclear, stays.
            self.end(State.NEEDS_ATTENTION, Outcome.REJECTED, error.detail, intent_at=self.delivery.intent_at)
            return
        if isinstance(error, OutcomeUnknown):
            self.unclear(one, error.detail)
        elif isinstance(error, Unavailable):
            self.later(Outcome.UNAVAILABLE, error.detail, error.retry_after)
        else:
            self.later(Outcome.REJECTED, error.detail, None)
        wait = error.retry_after if isinstance(error, Unavailable) else None
        targets.failure_note(self.delivery.target, error=error.detail, refused=refused, wait=wait, now=self.clock())

    def postpone(self, reason: str, seconds: float) -> None:
        """Not a try: the row says why it waits, and nothing more is written. An intent of this try was not acted on."""
        again = self.clock() + timedelta(seconds=seconds / settings.HASTE)
        if self.delivery.expires_at and self.delivery.expires_at <= again:
            self.end(State.CANCELLED, Outcome.UNAVAILABLE, reason)
            return
        Delivery.objects.filter(pk=self.delivery.pk, lease_by=self.delivery.lease_by).update(
            state=State.WAITING, attempts=self.delivery.attempts - 1, next_at=again, last_error=reason,
            lease_by="", lease_until=None, intent_at=self.delivery.intent_at,
        )  # fmt: skip
        log.info("delivery_postponed", reason=reason)
        self.tell()

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
        opened_at = self.claimed.opened_at
        if self.claimed.is_probe and opened_at and self.now - opened_at < PATIENCE:
            return self.postpone(error, BACKOFF[0])  # the target is known to be away: no try of this delivery's own
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
            return self.end(State.WAITING, outcome, error, next_at, intent_at=self.delivery.intent_at)
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
            self.tell()
        log.info("delivery_tried", outcome=outcome, state=state, error=error or None)

    def tell(self) -> None:
        kind, _, key = self.delivery.event.aggregate.partition(":")
        tell(group_name(kind, key), f"{kind}.changed", what=["deliveries"])
