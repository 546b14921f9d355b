"""From an event in the kernel to the workflow: which are told, and what becomes of a bad day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
import requests
from django.db import transaction
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from apps.core import outbox
from apps.core.drain import drain
from apps.core.models import Delivery, OutboxEvent, Target
from apps.core.outbox import Event

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, kw_only=True)
class KettleFilled(Event):
    name: ClassVar[str] = "kettle.filled"
    about: ClassVar[str] = "kettle_id"
    kettle_id: str


@pytest.fixture(autouse=True)
def _ours(sandbox, settings, monkeypatch) -> None:
    settings.N8N_URL = f"{sandbox.url}/n8n/webhook/claimdesk"
    settings.N8N_TOKEN, settings.N8N_SECRETS, settings.N8N_EVENTS = "sandbox", ["secret"], ["kettle.filled"]
    monkeypatch.setattr(outbox, "_handlers", {"events.n8n": outbox._handlers["events.n8n"]})
    monkeypatch.setattr(outbox, "_wakes", {"quick": [], "slow": []})


def fill(kettle: str = "red") -> OutboxEvent:
    with transaction.atomic(), bound_contextvars(request_id="req-12345678"):
        return outbox.publish(KettleFilled(kettle_id=kettle), now=timezone.now())


def held(sandbox) -> Any:
    return requests.get(f"{sandbox.url}/_held/n8n", timeout=5).json()["items"]


def turn_on(sandbox, **fault: Any) -> None:
    requests.post(f"{sandbox.url}/_faults/n8n", json=fault, timeout=5).raise_for_status()


def later(**time: float) -> Callable[[], datetime]:
    at = datetime.now(UTC) + timedelta(**time)
    return lambda: at


def test_an_event_that_is_asked_for_is_told(sandbox):
    row = fill()

    drain()

    [told] = held(sandbox)
    assert (told["event"], told["event_id"], told["data"]) == ("kettle.filled", str(row.pk), {"kettle_id": "red"})
    assert (told["signed"], told["request_id"]) == (True, "req-12345678")
    assert Delivery.objects.get().state == "done"


@pytest.mark.parametrize("off", [{"N8N_URL": ""}, {"N8N_EVENTS": ["claim.submitted"]}])
def test_nothing_is_kept_for_a_workflow_that_does_not_want_it(settings, off):
    for name, value in off.items():
        setattr(settings, name, value)

    fill()

    assert not Delivery.objects.exists()


def test_after_a_workflow_error_the_event_is_told_again_with_its_id(sandbox):
    turn_on(sandbox, kind="status", status=500, when="after", times=1)
    row = fill()

    drain()
    drain(clock=later(seconds=30))

    assert [(told["event_id"], told["seen"]) for told in held(sandbox)] == [(str(row.pk), 2), (str(row.pk), 1)]
    assert list(Delivery.objects.get().tries.values_list("outcome", flat=True)) == ["unavailable", "ok"]


def test_a_workflow_that_is_switched_on_later_gets_what_waited(sandbox):
    turn_on(sandbox, kind="refuse", code="not_registered")
    for kettle in range(7):
        fill(str(kettle))
    drain()
    assert Target.objects.get(name="n8n").opened_at

    turn_on(sandbox, kind="")
    drain(clock=later(minutes=2))

    assert len(held(sandbox)) == 7
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}


def test_a_refused_token_stops_all_events_at_once(sandbox, settings):
    settings.N8N_TOKEN = "wrong"
    for kettle in range(3):
        fill(str(kettle))

    drain()

    assert Target.objects.get(name="n8n").opened_at
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]
