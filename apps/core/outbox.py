"""Events and who handles them. `publish` writes an event and its deliveries in the caller's transaction."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, TypeVar
from uuid import UUID

import structlog
from django.db import connection, transaction
from structlog.contextvars import get_contextvars

from apps.core.models import Delivery, OutboxEvent


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact in the past tense. Its fields are ids (UUID or str), never personal data."""

    name: ClassVar[str]
    about: ClassVar[str]  # the field that names the aggregate

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


EventT = TypeVar("EventT", bound=Event)
Repeat = Literal["natural", "search", "never"]


@dataclass
class Work:
    """What a handler is given: the event, and the means to say what it is about to do and what it learned."""

    event: Any
    event_id: UUID
    occurred_at: datetime
    delivery_id: int
    number: int  # of this try, from 1
    remote_id: str
    unclear_since: datetime | None  # an earlier try stated its intent and never learned the outcome
    now: datetime
    lease: str
    clock: Callable[[], datetime]
    detail: dict[str, Any] = field(default_factory=dict)  # masked request and answer, kept with the try
    intended: bool = False

    def intend(self) -> None:
        """Commit that the remote deed is about to be done. Raises LeaseLost if another worker has the delivery now."""
        self._keep(intent_at=self.clock())
        self.intended = True

    def remember(self, remote_id: str) -> None:
        """Commit the remote id the moment it is known. Raises LeaseLost."""
        self.remote_id = remote_id
        self._keep(remote_id=remote_id)

    def _keep(self, **values: Any) -> None:
        with transaction.atomic(durable=True):  # what a later error could undo would prove nothing
            if not Delivery.objects.filter(pk=self.delivery_id, lease_by=self.lease).update(**values):
                raise LeaseLost


class LeaseLost(Exception):
    """The try took longer than its lease, and another worker has taken the delivery over."""


class Obsolete(Exception):
    """There is nothing left to do: the thing is gone or its time is over. The delivery is cancelled with the reason."""


@dataclass(frozen=True)
class Handler:
    name: str
    event: type[Event]
    run: Callable[[Work], None]
    target: str
    repeat: Repeat
    window: timedelta  # of ambiguity: how long the target may still be at a call we gave up
    lifetime: timedelta | None
    chain: str = ""
    position: int = 0


@dataclass(frozen=True)
class Step:
    name: str
    run: Callable[[Work], None]
    target: str
    repeat: Repeat = "natural"
    window: timedelta = timedelta(seconds=180)


_handlers: dict[str, Handler] = {}
_events: dict[str, type[Event]] = {}


def handler(
    name: str,
    *,
    on: type[Event],
    target: str,
    repeat: Repeat = "natural",
    window: timedelta = timedelta(seconds=180),
    lifetime: timedelta | None = None,
) -> Callable[[Callable[[Work], None]], Callable[[Work], None]]:
    """Register what is done when `on` happens.

    `repeat` says what an unclear outcome allows: `natural` (do it again), `search` (look for it first, after `window`)
    or `never` (it may have been done, and twice is worse than not). After `lifetime` the work is worthless.
    """

    def register(run: Callable[[Work], None]) -> Callable[[Work], None]:
        _register(Handler(name, on, run, target, repeat, window, lifetime))
        return run

    return register


def chain(name: str, *, on: type[Event], steps: Sequence[Step]) -> None:
    """Register `steps` to be done one after the other when `on` happens."""
    for position, step in enumerate(steps, start=1):
        _register(
            Handler(f"{name}.{step.name}", on, step.run, step.target, step.repeat, step.window, None, name, position)
        )


def _register(new: Handler) -> None:
    known = _handlers.setdefault(new.name, new)
    if known is not new:
        raise ValueError(f"two handlers are named {new.name}")
    _events[new.event.name] = new.event


def handler_named(name: str) -> Handler | None:
    return _handlers.get(name)


def event_from(row: OutboxEvent) -> Event:
    """The typed event of a stored row. Raises KeyError for an event that nothing handles any more."""
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
    wanted = [one for one in _handlers.values() if one.event.name == event.name]
    if wanted:
        Delivery.objects.bulk_create([_delivery(row, one, now) for one in wanted])
        transaction.on_commit(wake, robust=True)
    return row


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


log = structlog.get_logger(__name__)
_wakes: list[Callable[[], None]] = []


def on_wake(call: Callable[[], None]) -> None:
    """Register how workers are woken (core.tasks does, with Celery)."""
    _wakes.append(call)


def wake() -> None:
    """Hint that there is work. A hint that is lost costs seconds: the sweeper finds the rows."""
    for call in _wakes:
        call()
