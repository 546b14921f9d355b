"""Events and who handles them. `publish` writes an event and its deliveries in the caller's transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string
from structlog.contextvars import get_contextvars

from apps.core.models import Delivery, OutboxEvent

_events: dict[str, type["Event"]] = {}


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact in the past tense. Its fields are ids (UUID or str), never personal data."""

    name: ClassVar[str]
    about: ClassVar[str]  # the field that names the aggregate

    def __init_subclass__(cls) -> None:
        if "name" in cls.__dict__:
            _events[cls.name] = cls

    @property
    def aggregate(self) -> str:
        return f"{self.about.removesuffix('_id')}:{getattr(self, self.about)}"

    def data(self) -> dict[str, str]:
        return {key: str(value) for key, value in asdict(self).items()}

    @classmethod
    def from_data(cls, data: dict[str, str]) -> "Event":
        """The event of stored `data`; keys that a newer version dropped are passed over."""
        known = {f.name: f.type for f in fields(cls)}
        return cls(**{k: UUID(v) if known[k] in (UUID, "UUID") else v for k, v in data.items() if k in known})


Repeat = Literal["natural", "search", "never"]
Lane = Literal["quick", "slow", "heavy"]
LANES: tuple[Lane, ...] = ("quick", "slow", "heavy")


@dataclass
class Work:
    """What a handler is given: the event, and the means to say what it is about to do and what it learned."""

    event: Any
    event_id: UUID
    request_id: str
    occurred_at: datetime
    handler: str
    delivery_id: int
    number: int  # of this try, from 1
    remote_id: str
    unclear_since: datetime | None  # an earlier try stated its intent and never learned the outcome
    now: datetime
    lease: str
    clock: Callable[[], datetime]
    detail: dict[str, Any] = field(default_factory=dict)  # masked request and answer, kept with the try
    intended: bool = False
    asked: bool = True

    def asked_nobody(self) -> None:
        """Say that it was done without asking the target, which is then not known to work."""
        self.asked = False

    def intend(self) -> None:
        """Commit that the remote deed is about to be done. Raises LeaseLost if another worker has the delivery now."""
        self.reach("before_intent")
        self._keep(intent_at=self.clock())
        self.intended = True
        self.reach("after_intent")

    def remember(self, remote_id: str) -> None:
        """Commit the remote id the moment it is known. Raises LeaseLost."""
        self.reach("after_answer")
        self.remote_id = remote_id
        self._keep(remote_id=remote_id)
        self.reach("after_saving")

    def reach(self, point: str) -> None:
        """Say that this try has come to `point`; fault tests kill or break something there."""
        if settings.FAILPOINT_HOOK:
            import_string(settings.FAILPOINT_HOOK)(f"{self.handler}:{point}")

    def _keep(self, **values: Any) -> None:
        with transaction.atomic(durable=True):  # what a later error could undo would prove nothing
            if not Delivery.objects.filter(pk=self.delivery_id, lease_by=self.lease).update(**values):
                raise LeaseLost


class LeaseLost(Exception):
    """The try took longer than its lease, and another worker has taken the delivery over."""


class Postponed(Exception):
    """It can't be done just now for a reason of our own. It is done in `seconds`, and this counts as no try."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Obsolete(Exception):
    """There is nothing left to do: the thing is gone or its time is over. The delivery is cancelled with the reason."""


def always(event: Event) -> bool:
    return True


Adopt = Callable[[Any, str], tuple[str, Callable[[datetime], None]]]


@dataclass(frozen=True)
class Handler:
    """See `handler` and `Step` for what the fields mean."""

    name: str
    event: type[Event]
    run: Callable[[Work], None]
    target: str
    repeat: Repeat
    window: timedelta  # of ambiguity: how long the target may still be at a call we gave up
    lifetime: timedelta | None
    lane: Lane = "quick"
    wanted: Callable[[Any], bool] = always
    ordered: bool = False
    adopt: Adopt | None = None
    chain: str = ""
    position: int = 0


@dataclass(frozen=True)
class Step:
    """One step of a chain. `wanted` says of an event whether the step is done for it at all.

    `adopt(event, remote_id)` looks at a remote id that staff typed and returns it normalised, with what keeps it where
    the later steps look (called with the time, in the transaction that ends the step); or raises DomainError.
    """

    name: str
    run: Callable[[Work], None]
    target: str
    repeat: Repeat = "natural"
    window: timedelta = timedelta(seconds=180)
    wanted: Callable[[Any], bool] = always
    adopt: Adopt | None = None


_handlers: dict[str, Handler] = {}


def handler(
    name: str,
    *,
    on: type[Event],
    target: str,
    repeat: Repeat = "natural",
    window: timedelta = timedelta(seconds=180),
    lifetime: timedelta | None = None,
    lane: Lane = "quick",
    wanted: Callable[[Any], bool] = always,
    ordered: bool = False,
) -> Callable[[Callable[[Work], None]], Callable[[Work], None]]:
    """Register what is done when `on` happens; `on=Event` is for whatever happens.

    `repeat` says what an unclear outcome allows: `natural` (do it again), `search` (look for it first, after `window`)
    or `never` (it may have been done, and twice is worse than not). After `lifetime` the work is worthless.
    What may take a system long goes by the `slow` lane, so that a code by SMS never waits behind it; what keeps our own
    processors busy by the `heavy` one. All deliveries of a target go by one lane. `wanted` is asked when the event is
    published. `ordered`: of events about the same thing each waits for the one before it.
    """

    def register(run: Callable[[Work], None]) -> Callable[[Work], None]:
        _register(Handler(name, on, run, target, repeat, window, lifetime, lane, wanted, ordered))
        return run

    return register


def chain(name: str, *, on: type[Event], steps: Sequence[Step], lane: Lane = "slow") -> None:
    """Register `steps` to be done one after the other when `on` happens."""
    for position, step in enumerate(steps, start=1):
        _register(Handler(
            f"{name}.{step.name}", on, step.run, step.target, step.repeat, step.window, None, lane, step.wanted,
            adopt=step.adopt, chain=name, position=position,
        ))  # fmt: skip


def _register(new: Handler) -> None:
    known = _handlers.setdefault(new.name, new)
    if known is not new:
        raise ValueError(f"two handlers are named {new.name}")


def handler_named(name: str) -> Handler | None:
    return _handlers.get(name)


def handlers() -> list[Handler]:
    return list(_handlers.values())


def event_from(row: OutboxEvent) -> Event:
    """The typed event of a stored row. Raises KeyError for an event that is not known any more."""
    return _events[row.name].from_data(row.data)


def publish(event: Event, *, now: datetime) -> OutboxEvent:
    """Write the event and its deliveries in the transaction that made it true; workers are woken after commit."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(f"publish({event.name}) belongs in the transaction of its change")
    row = OutboxEvent.objects.create(
        name=event.name,
        aggregate=event.aggregate,
        data=event.data(),
        request_id=str(get_contextvars().get("request_id", ""))[:64],
        occurred_at=now,
    )
    wanted = [one for one in _handlers.values() if isinstance(event, one.event) and one.wanted(event)]
    if wanted:
        Delivery.objects.bulk_create([_delivery(row, one, now) for one in wanted])
        wake_after_commit({one.lane for one in wanted})
    return row


def replay(name: str, *, since: datetime, now: datetime) -> int:
    """Make the deliveries that handler or chain `name` would have got for the events since then, had it been there.

    What has one keeps it. Returns how many were made. Raises KeyError for a name that is not known.
    """
    chosen = [one for one in _handlers.values() if name in (one.name, one.chain)]
    if not chosen:
        raise KeyError(name)
    names = [event.name for event in _events.values() if issubclass(event, chosen[0].event)]
    rows = OutboxEvent.objects.filter(name__in=names, occurred_at__gte=since).order_by("occurred_at", "id")
    made = 0
    for row in rows.iterator(chunk_size=500):
        with transaction.atomic():  # of each event by itself: there may be many
            there = set(row.deliveries.values_list("handler", flat=True))
            lacking = [one for one in chosen if one.name not in there and one.wanted(event_from(row))]
            Delivery.objects.bulk_create([_delivery(row, one, now) for one in lacking], ignore_conflicts=True)
        made += len(lacking)
    wake({one.lane for one in chosen})
    return made


def _delivery(row: OutboxEvent, one: Handler, now: datetime) -> Delivery:
    return Delivery(
        event=row,
        handler=one.name,
        target=one.target,
        chain=one.chain,
        position=one.position,
        next_at=now,
        created_at=now,
        expires_at=now + one.lifetime if one.lifetime else None,
    )


_wakes: dict[Lane, list[Callable[[], None]]] = {lane: [] for lane in LANES}


def on_wake(lane: Lane, call: Callable[[], None]) -> None:
    """Register how the workers of a lane are woken (core.tasks does, with Celery)."""
    _wakes[lane].append(call)


def wake(lanes: Iterable[Lane] = LANES) -> None:
    """Hint that there is work. A hint that is lost costs seconds: the sweeper finds the rows."""
    for lane in lanes:
        for call in _wakes[lane]:
            call()


def wake_after_commit(lanes: Iterable[Lane] = LANES) -> None:
    chosen = tuple(lanes)
    transaction.on_commit(lambda: wake(chosen), robust=True)
