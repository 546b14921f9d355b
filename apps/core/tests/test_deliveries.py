"""What staff and ops may do with a delivery, and what they see of all of them."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser

from apps.core.deliveries import NotMovable, delivery_cancel, delivery_retry, oldest_unfinished
from apps.core.errors import OutcomeUnknown, Rejected, Unavailable
from apps.core.models import AuditEntry, Delivery
from apps.core.outbox import Obsolete, Work
from apps.core.tests.conftest import House

State = Delivery.State
pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> AbstractUser:
    return get_user_model()._default_manager.create_user("olga", is_staff=True)


def audited() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.values_list("action", "actor__username", "reason"))


def test_a_stuck_delivery_that_is_queued_again_gets_all_its_tries_back(house: House, clerk: AbstractUser) -> None:
    house.handler("app.write", Rejected("no", "no"), Unavailable("away", "away"))
    house.light()
    house.drain()

    delivery_retry(delivery_id=house.delivery("app.write").pk, actor=clerk, now=house.now)
    house.drain()

    again = house.delivery("app.write")
    assert (again.state, again.attempts) == (State.WAITING, 1)
    assert house.tries("app.write") == [(1, "rejected"), (0, "staff"), (1, "unavailable")]
    assert audited() == [("delivery.retry", "olga", "")]


def test_a_cancelled_delivery_is_ended_with_its_reason_in_try_and_audit(house: House, clerk: AbstractUser) -> None:
    house.handler("app.write", Unavailable("away", "away"))
    house.light()
    house.drain()

    delivery_cancel(delivery_id=house.delivery("app.write").pk, reason="told by phone", actor=clerk, now=house.now)
    house.wait(days=1)

    assert house.drain() == 0
    ended = house.delivery("app.write")
    assert (ended.state, ended.finished_at) == (State.CANCELLED, house.now - timedelta(days=1))
    assert list(ended.tries.values_list("outcome", "error", "by"))[-1] == ("staff", "told by phone", "olga")
    assert audited() == [("delivery.cancel", "olga", "told by phone")]


def test_what_was_cancelled_can_be_queued_again_even_after_its_lifetime(house: House) -> None:
    calls = house.handler("app.write", Obsolete("sold"), None, lifetime=timedelta(minutes=5))
    house.light()
    house.drain()
    house.wait(hours=1)

    delivery_retry(delivery_id=house.delivery("app.write").pk, actor=None, now=house.now)
    house.drain()

    again = house.delivery("app.write")
    assert (again.state, len(calls), again.tries.get(outcome="staff").by) == (State.DONE, 2, "manage.py")


@pytest.mark.parametrize("state", [State.DONE, State.DONE_MANUALLY, State.RUNNING])
def test_what_is_finished_or_being_done_is_left_alone(house: House, state: str) -> None:
    house.handler("app.write")
    house.light()
    row = house.delivery("app.write")
    Delivery.objects.filter(pk=row.pk).update(state=state, finished_at=house.now)

    for move in (
        lambda: delivery_retry(delivery_id=row.pk, actor=None, now=house.now),
        lambda: delivery_cancel(delivery_id=row.pk, reason="no", actor=None, now=house.now),
    ):
        with pytest.raises(NotMovable):
            move()

    assert house.delivery("app.write").state == state
    assert audited() == []


def test_staff_who_hurry_do_not_make_a_searching_handler_forget_what_to_look_for(house: House) -> None:
    def send(work: Work) -> None:
        work.intend()
        raise OutcomeUnknown("silence", "silence")

    calls = house.handler("app.write", send, None, repeat="search", window=timedelta(minutes=3))
    house.light()
    house.drain()
    begun = house.now
    house.wait(minutes=1)

    delivery_retry(delivery_id=house.delivery("app.write").pk, actor=None, now=house.now)
    house.drain()
    in_the_window = len(calls)
    house.wait(minutes=2)
    house.drain()

    assert in_the_window == 1
    assert calls[1].unclear_since == begun


def test_staff_may_take_it_on_themselves_that_a_message_goes_out_twice(house: House) -> None:
    def send(work: Work) -> None:
        work.intend()
        raise OutcomeUnknown("silence", "silence")

    calls = house.handler("app.write", send, None, repeat="never")
    house.light()
    house.drain()

    delivery_retry(delivery_id=house.delivery("app.write").pk, actor=None, now=house.now)
    house.drain()

    assert (house.delivery("app.write").state, len(calls)) == (State.DONE, 2)


def test_the_age_of_the_oldest_unfinished_delivery_counts_from_its_making(house: House) -> None:
    assert oldest_unfinished(now=house.now) == timedelta()

    house.handler("app.away", Unavailable("away", "away"))
    house.handler("app.refused", Rejected("no", "no"))
    house.light()
    house.drain()
    house.wait(minutes=7)

    assert oldest_unfinished(now=house.now) == timedelta(minutes=7)
    Delivery.objects.filter(handler="app.away").delete()
    assert oldest_unfinished(now=house.now) == timedelta()


def test_a_clock_that_runs_behind_makes_no_negative_age(house: House) -> None:
    house.handler("app.write")
    house.light()

    assert oldest_unfinished(now=house.now - timedelta(hours=1)) == timedelta()
