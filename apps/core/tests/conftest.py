"""A small world for the kernel's tests: an event, handlers that follow a script, and a clock that a test moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from apps.core import outbox
from apps.core.drain import drain
from apps.core.models import Delivery, OutboxEvent
from apps.core.outbox import Event, Step, Work

Act = Callable[[Work], None] | Exception | None


@dataclass(frozen=True, kw_only=True)
class LampLit(Event):
    name: ClassVar[str] = "lamp.lit"
    about: ClassVar[str] = "lamp_id"
    lamp_id: UUID


@dataclass
class House:
    """Handlers of LampLit, its deliveries, and the time."""

    now: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)
    seen: dict[str, list[Work]] = field(default_factory=dict)

    def handler(self, name: str, *script: Act, **options: Any) -> list[Work]:
        """Register a handler: its calls do what `script` says, one after the other; the last stays. Returns them."""
        outbox.handler(name, on=LampLit, target="lamp", **options)(self._follow(name, script))
        return self.seen[name]

    def chain(self, name: str, **scripts: tuple[Act, ...]) -> None:
        steps = [Step(step, self._follow(f"{name}.{step}", script), "lamp") for step, script in scripts.items()]
        outbox.chain(name, on=LampLit, steps=steps)

    def _follow(self, name: str, script: tuple[Act, ...]) -> Callable[[Work], None]:
        seen = self.seen[name] = []

        def run(work: Work) -> None:
            act = script[min(len(seen), len(script) - 1)] if script else None
            seen.append(work)
            if isinstance(act, Exception):
                raise act
            if act:
                act(work)

        return run

    def light(self) -> OutboxEvent:
        with transaction.atomic():
            return outbox.publish(LampLit(lamp_id=uuid4()), now=self.now)

    def clock(self) -> datetime:
        return self.now

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    def drain(self) -> int:
        return drain(clock=self.clock)

    def delivery(self, name: str) -> Delivery:
        """The only delivery to a handler."""
        return Delivery.objects.select_related("event").get(handler=name)

    def tries(self, name: str) -> list[tuple[int, str]]:
        return list(self.delivery(name).tries.values_list("number", "outcome"))


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(outbox, "_handlers", {})
    monkeypatch.setattr(outbox, "_wakes", {lane: [] for lane in outbox.LANES})
    return House()
