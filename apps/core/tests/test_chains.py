"""Chains: ordered steps of one event."""

import pytest

from apps.core.deliveries import delivery_cancel, delivery_complete, delivery_restart, delivery_retry
from apps.core.errors import Rejected, Unavailable
from apps.core.models import Delivery
from apps.core.tests.conftest import House

State = Delivery.State
pytestmark = pytest.mark.django_db


def states(house: House) -> list[str]:
    return list(Delivery.objects.order_by("position").values_list("state", flat=True))


def test_steps_are_done_one_after_the_other_in_their_order(house: House) -> None:
    order: list[str] = []
    house.chain(
        "reg",
        contact=(lambda _: order.append("contact"),),
        project=(lambda _: order.append("project"),),
        ticket=(lambda _: order.append("ticket"),),
    )
    house.light()
    house.drain()

    assert order == ["contact", "project", "ticket"]
    assert states(house) == [State.DONE] * 3


def test_a_step_waits_for_the_one_before_it(house: House) -> None:
    house.chain("reg", contact=(Unavailable("away", "away"), None), project=())
    house.light()
    house.drain()
    waiting = states(house)
    house.wait(seconds=6)
    house.drain()

    assert waiting == [State.WAITING, State.QUEUED]
    assert states(house) == [State.DONE, State.DONE]


def test_a_chain_stops_where_staff_are_needed_and_goes_on_after_them(house: House) -> None:
    house.chain("reg", contact=(), project=(Rejected("no", "no"), None), ticket=())
    house.light()
    house.drain()
    house.wait(days=2)
    house.drain()
    stopped = states(house)

    delivery_retry(delivery_id=house.delivery("reg.project").pk, actor=None, now=house.now)
    house.drain()

    assert stopped == [State.DONE, State.NEEDS_ATTENTION, State.QUEUED]
    assert states(house) == [State.DONE] * 3


def test_a_chain_ends_where_staff_cancel_it(house: House) -> None:
    house.chain("reg", contact=(Rejected("no", "no"),), project=())
    house.light()
    house.drain()

    delivery_cancel(delivery_id=house.delivery("reg.contact").pk, reason="a test", actor=None, now=house.now)
    house.drain()

    assert states(house) == [State.CANCELLED, State.CANCELLED]


def test_a_chain_goes_on_after_a_step_that_staff_skipped(house: House) -> None:
    house.chain("reg", contact=(Rejected("no", "no"),), project=())
    house.light()
    house.drain()
    contact = house.delivery("reg.contact")

    delivery_complete(delivery_id=contact.pk, remote_id="", reason="made by hand", actor=None, now=house.now)
    house.drain()

    assert states(house) == [State.DONE_MANUALLY, State.DONE]


def test_a_chain_begun_again_from_a_step_does_that_step_and_those_after_it(house: House) -> None:
    house.chain("reg", contact=(), project=(), ticket=())
    house.light()
    house.drain()

    delivery_restart(delivery_id=house.delivery("reg.project").pk, actor=None, now=house.now)
    again = states(house)
    house.drain()

    assert again == [State.DONE, State.QUEUED, State.QUEUED]
    assert {name: len(calls) for name, calls in house.seen.items()} == {
        "reg.contact": 1, "reg.project": 2, "reg.ticket": 2
    }  # fmt: skip


def test_one_event_s_stuck_chain_does_not_hold_up_another_s(house: House) -> None:
    house.chain("reg", contact=(Rejected("no", "no"), None), project=())
    stuck, free = house.light(), house.light()
    house.drain()

    assert [d.state for d in stuck.deliveries.order_by("position")] == [State.NEEDS_ATTENTION, State.QUEUED]
    assert [d.state for d in free.deliveries.order_by("position")] == [State.DONE, State.DONE]


def test_two_chains_and_a_lone_handler_of_one_event_do_not_wait_for_each_other(house: House) -> None:
    house.chain("reg", contact=(Rejected("no", "no"),), project=())
    house.chain("bill", open=(), send=())
    house.handler("app.write")
    house.light()
    house.drain()

    done = Delivery.objects.filter(state=State.DONE).values_list("handler", flat=True)
    assert set(done) == {"bill.open", "bill.send", "app.write"}
