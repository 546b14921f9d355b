"""Waking the workers: never in the way of a request, and never needed for the work to be found."""

import os
import threading
import time
from typing import Any

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from apps.core import outbox, tasks
from apps.core.models import Delivery
from apps.core.tasks import Waker, drain_deliveries
from apps.core.tests.conftest import House


def test_the_web_process_knows_how_to_wake_workers() -> None:
    assert tasks.wake_workers in outbox._wakes["quick"]
    assert tasks.wake_slow_workers in outbox._wakes["slow"]


def test_wake_ups_leave_from_another_thread_and_several_leave_as_one() -> None:
    threads: list[str] = []
    entered, free = threading.Event(), threading.Event()

    def slow() -> None:
        threads.append(threading.current_thread().name)
        entered.set()
        free.wait(10)

    waker = Waker(slow)
    waker()
    entered.wait(10)
    for _ in range(50):
        waker()
    free.set()

    assert waker.wait(10)
    assert threads == ["waker", "waker"]


def test_a_broker_that_hangs_holds_no_caller_up() -> None:
    free = threading.Event()
    waker = Waker(lambda: free.wait(30))

    for _ in range(100):
        waker()

    assert not waker.wait(0.01)
    free.set()
    assert waker.wait(10)


def test_after_a_lost_wake_up_there_is_silence_and_then_one_for_all_that_were_asked_for_meanwhile() -> None:
    tries: list[float] = []

    def away() -> None:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise OperationalError("no broker")

    waker = Waker(away, silence=0.3)
    waker()
    assert waker.wait(10)
    waker()
    waker()
    assert waker.wait(10)

    assert len(tries) == 2
    assert tries[1] - tries[0] >= 0.3


def test_a_forked_process_wakes_with_a_thread_of_its_own() -> None:
    waker = Waker(lambda: None)
    waker()
    waker.wait(10)

    child = os.fork()
    if child == 0:
        sent = threading.Event()
        waker._send = sent.set
        waker()
        os._exit(0 if sent.wait(10) else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.django_db(transaction=True)
def test_a_lost_wake_up_costs_a_sweep_and_nothing_else(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker is not there: publishing neither raises nor waits, and the schedule's task finds the row."""

    def nobody_there(**_: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(drain_deliveries, "apply_async", nobody_there)
    outbox.on_wake("quick", Waker(lambda: drain_deliveries.apply_async(expires=60)))
    house.handler("app.write")
    with transaction.atomic():
        house.light()

    assert Delivery.objects.get().state == Delivery.State.QUEUED
    assert drain_deliveries() == 1
    assert Delivery.objects.get().state == Delivery.State.DONE
