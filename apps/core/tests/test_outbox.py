"""Publishing: the event and its deliveries are written with the change, or not at all."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from apps.core import outbox
from apps.core.models import Delivery, OutboxEvent
from apps.core.outbox import event_from, publish
from apps.core.tests.conftest import House, LampLit


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_a_transaction_is_refused(house: House) -> None:
    with pytest.raises(transaction.TransactionManagementError, match="belongs in the transaction of its change"):
        publish(LampLit(lamp_id=uuid4()), now=house.now)

    assert not OutboxEvent.objects.exists()


@pytest.mark.django_db
def test_each_handler_that_wants_the_event_gets_a_delivery(house: House) -> None:
    house.handler("app.write", repeat="never", lifetime=None)
    house.chain("app.register", first=(), second=())

    row = house.light()

    made = Delivery.objects.order_by("id").values_list("event", "handler", "chain", "position", "state")
    assert list(made) == [
        (row.pk, "app.write", "", 0, "queued"),
        (row.pk, "app.register.first", "app.register", 1, "queued"),
        (row.pk, "app.register.second", "app.register", 2, "queued"),
    ]


@pytest.mark.django_db
def test_a_change_that_is_undone_leaves_neither_event_nor_delivery_nor_wake_up(
    house: House, django_capture_on_commit_callbacks: Any
) -> None:
    house.handler("app.write")

    with django_capture_on_commit_callbacks() as after_commit, pytest.raises(RuntimeError), transaction.atomic():
        publish(LampLit(lamp_id=uuid4()), now=house.now)
        raise RuntimeError

    assert (OutboxEvent.objects.count(), Delivery.objects.count(), after_commit) == (0, 0, [])


@pytest.mark.django_db
def test_workers_are_woken_after_the_commit_and_not_before(
    house: House, django_capture_on_commit_callbacks: Any
) -> None:
    house.handler("app.write")
    woken: list[int] = []
    outbox.on_wake("quick", lambda: woken.append(1))

    with django_capture_on_commit_callbacks(execute=True):
        house.light()
        assert woken == []

    assert woken == [1]


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_that_breaks_does_not_break_the_change(house: House) -> None:
    house.handler("app.write")

    def broken() -> None:
        raise ZeroDivisionError

    outbox.on_wake("quick", broken)
    house.light()

    assert Delivery.objects.count() == 1


@pytest.mark.django_db
def test_an_event_that_nobody_wants_is_kept_all_the_same(house: House) -> None:
    house.light()

    assert (OutboxEvent.objects.count(), Delivery.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_a_stored_event_comes_back_typed_without_what_a_newer_version_dropped(house: House) -> None:
    house.handler("app.write")
    row = house.light()
    row.data = {**row.data, "colour": "green"}

    event = event_from(row)

    assert isinstance(event, LampLit)
    assert row.aggregate == f"lamp:{event.lamp_id}"


def test_two_handlers_of_one_name_are_refused(house: House) -> None:
    house.handler("app.write")

    with pytest.raises(ValueError, match=r"two handlers are named app\.write"):
        house.handler("app.write")


def test_events_of_the_product_hold_ids_alone() -> None:
    """No personal data in the outbox: every field of every event is named for an id, or counts or dates something."""
    found = [event for event in outbox._events.values() if ".tests." not in event.__module__]
    fields = [name for event in found for name in event.__annotations__ if name not in ("name", "about")]

    assert fields
    assert {name for name in fields if not name.endswith("_id")} == {"day", "number"}
