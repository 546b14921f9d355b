"""What ops see and set: health, metrics, the schedule, addresses, panels, checks of production's settings."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import api_token_create
from apps.core import health, metrics, panels, schedule
from apps.core.addresses import client_address
from apps.core.models import Delivery
from apps.core.tests.conftest import House, house  # noqa: F401  the fixture

pytestmark = pytest.mark.django_db


# --- health


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Every part answers well until a test says otherwise."""
    fine = {name: lambda: None for name in health.PARTS}
    monkeypatch.setattr(health, "PARTS", fine)
    monkeypatch.setattr(health, "_asked", {})
    monkeypatch.setattr(health, "BOUND", 0.3)
    return fine


def raising(error: Exception) -> Any:
    def part() -> None:
        raise error

    return part


def test_alive_asks_nobody(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_when_every_part_answers(client: Client, parts: dict[str, Any]) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "parts": dict.fromkeys(parts, "ok")})


@pytest.mark.parametrize("name", ["database", "broker", "channel_layer", "storage"])
def test_a_part_that_is_broken_is_named_without_hosts_and_secrets(
    client: Client, parts: dict[str, Any], name: str
) -> None:
    parts[name] = raising(OperationalError("connection to db.example.com as claimdesk:secret failed"))
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "parts": {**dict.fromkeys(parts, "ok"), name: "OperationalError"}}


def test_late_deliveries_are_told_and_take_nothing_away(client: Client, parts: dict[str, Any]) -> None:
    parts["deliveries"] = raising(health.Late("the oldest unfinished delivery is 700 s old"))
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["parts"]["deliveries"] == "the oldest unfinished delivery is 700 s old"


def test_deliveries_that_cannot_be_counted_tell_no_host(client: Client, parts: dict[str, Any]) -> None:
    parts["deliveries"] = raising(OperationalError("connection to db.example.com failed"))

    assert client.get("/readyz").json()["parts"]["deliveries"] == "OperationalError"


def test_parts_that_hang_are_waited_for_together_and_not_asked_again_meanwhile(parts: dict[str, Any]) -> None:
    asked: list[str] = []
    free = threading.Event()

    def hanging(name: str) -> Any:
        def part() -> None:
            asked.append(name)
            free.wait(30)

        return part

    for name in list(parts):
        parts[name] = hanging(name)

    began = time.monotonic()
    states = [health.ready()[1] for _ in range(2)]
    took = time.monotonic() - began
    free.set()

    assert states == [dict.fromkeys(parts, "no answer in time")] * 2
    assert sorted(asked) == sorted(parts)
    assert took < 5 * 0.3  # two rounds of one bound each, and not one bound for each part


def test_the_real_parts_answer_here() -> None:
    for name, part in health.PARTS.items():
        if name not in ("database", "deliveries"):  # they close the connection that this test's transaction is on
            part()


def test_old_deliveries_make_operation_late(house: House, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr("apps.core.health.connection.close", lambda: None)
    house.handler("app.write")
    house.light()
    Delivery.objects.update(created_at=timezone.now() - timedelta(seconds=601))

    with pytest.raises(health.Late, match=r"60\d s old"):
        health._deliveries()
    Delivery.objects.update(created_at=timezone.now())
    health._deliveries()
    health._database()


# --- metrics


def bearer(*, may: bool) -> dict[str, str]:
    user = User.objects.create_user("prometheus", is_superuser=may)
    _token, secret = api_token_create(user=user, name="Prometheus", expires_at=None, actor=None, now=timezone.now())
    return {"Authorization": f"Bearer {secret}"}


def test_metrics_are_for_a_token_whose_user_may_read_them(client: Client) -> None:
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer cdk_wrong"}).status_code == 401
    assert client.get("/metrics", headers=bearer(may=False)).status_code == 403


def test_metrics_tell_of_requests_and_of_deliveries_that_are_not_done(client: Client, house: House) -> None:  # noqa: F811
    house.handler("app.write")
    house.light()
    Delivery.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    client.get("/healthz")

    answer = client.get("/metrics", headers=bearer(may=True))

    text = answer.content.decode()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'claimdesk_requests_total{method="GET",route="healthz",status="200"}' in text
    assert 'claimdesk_deliveries{state="queued",target="lamp"} 1.0' in text
    [age] = [line for line in text.splitlines() if line.startswith("claimdesk_oldest_delivery_seconds ")]
    assert 180 <= float(age.split()[1]) < 240


def test_methods_that_callers_invent_share_one_label() -> None:
    for n in range(50):
        metrics.count_request(f"INVENTED{n}", "healthz", 405, 0.001)

    assert b"INVENTED" not in metrics.render()
    assert b'method="other"' in metrics.render()


# --- the schedule


def test_the_schedule_is_written_once_and_then_belongs_to_ops() -> None:
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    schedule.write_rows()
    sweep = PeriodicTask.objects.get(task="core.drain")
    assert (sweep.interval.every, sweep.interval.period, sweep.expire_seconds) == (15, "seconds", 3600)

    hourly = IntervalSchedule.objects.create(every=1, period="hours")
    PeriodicTask.objects.filter(pk=sweep.pk).update(interval=hourly, enabled=False)
    schedule.write_rows()
    sweep.refresh_from_db()
    assert (sweep.interval, sweep.enabled) == (hourly, False)


def test_two_equal_intervals_made_by_ops_do_not_stop_a_migration() -> None:
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    PeriodicTask.objects.all().delete()
    for _ in range(2):
        IntervalSchedule.objects.create(every=15, period="seconds")
    schedule.write_rows()

    assert PeriodicTask.objects.filter(task="core.drain").count() == 1


# --- addresses


@pytest.mark.parametrize(
    ("proxies", "forwarded", "socket", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1", "192.0.2.1"),
        (1, "198.51.100.1, 203.0.113.9", "10.0.0.1", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.2", "10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1", "10.0.0.1"),
        (1, "", "10.0.0.1", "10.0.0.1"),
        (1, "'; DROP TABLE--", "10.0.0.1", "10.0.0.1"),
        (1, "203.0.113.9:443", "10.0.0.1", "10.0.0.1"),
        (1, "2001:DB8:0:0::1", "10.0.0.1", "2001:db8::1"),
        (0, "", "::ffff:192.0.2.1", "192.0.2.1"),
        (0, "", "fe80::1%eth0", "fe80::1"),
        (0, "", "", "unknown"),
    ],
)
def test_the_caller_is_whom_the_outermost_trusted_hop_saw(
    settings: Any, proxies: int, forwarded: str, socket: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR=socket)

    assert client_address(request) == address


# --- panels and checks


def test_panels_are_shown_in_their_order_to_those_who_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_panels", [])
    monkeypatch.setattr(panels, "render_to_string", lambda template, context, request: f"{template}: {context['n']}")
    for n, permission in ((2, "accounts.view_user"), (1, "accounts.view_user"), (3, "accounts.delete_user")):
        panels.panel(model="accounts.User", title=f"p{n}", template="t", permission=permission, order=n)(
            lambda request, obj, n=n: {"n": n}  # type: ignore[misc]
        )
    panels.panel(model="claims.Claim", title="other", template="t", permission="accounts.view_user")(
        lambda request, obj: {"n": 9}
    )
    request = RequestFactory().get("/")
    request.user = olga = User.objects.create_user("olga")
    monkeypatch.setattr(User, "has_perm", lambda self, name: name == "accounts.view_user")

    assert panels.rendered(request, olga) == [("p1", "t: 1"), ("p2", "t: 2")]


def test_the_embedded_settings_are_no_production_settings(settings: Any) -> None:
    settings.SHOW_CODES = True

    found = {error.id for error in run_checks(tags=["security"], include_deployment_checks=True)}
    assert {"core.E001", "core.E004", "core.E005"} <= found
