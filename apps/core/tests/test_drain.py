"""The drain: who may have a delivery, and what each way of failing costs it."""

from datetime import timedelta

import pytest
from django.db import transaction

from apps.core import outbox
from apps.core.drain import BACKOFF, MOST_TRIES, backoff
from apps.core.errors import OutcomeUnknown, Rejected, Unavailable
from apps.core.models import Delivery, DeliveryAttempt, OutboxEvent
from apps.core.outbox import LeaseLost, Obsolete, Work
from apps.core.tests.conftest import House
from tests.parallel import at_once

State = Delivery.State
away = Unavailable("the lamp shop is closed", "closed")
refused = Rejected("no such lamp", "refused")
unclear = OutcomeUnknown("the line went dead", "unclear")

pytestmark = pytest.mark.django_db


# --- the good way


def test_a_delivery_is_done_once_and_told_so(house: House) -> None:
    calls = house.handler("app.write")
    event = house.light()

    assert (house.drain(), house.drain()) == (1, 0)

    done = house.delivery("app.write")
    assert (done.state, done.attempts, done.finished_at, done.lease_by) == (State.DONE, 1, house.now, "")
    assert house.tries("app.write") == [(1, "ok")]
    assert [(work.event_id, work.number, work.unclear_since) for work in calls] == [(event.pk, 1, None)]


def test_what_a_handler_learns_is_kept_with_delivery_and_try(house: House) -> None:
    def act(work: Work) -> None:
        work.intend()
        work.remember("12x345")
        work.detail["answer"] = 200

    house.handler("app.write", act)
    house.light()
    house.drain()

    done = house.delivery("app.write")
    assert (done.remote_id, done.intent_at) == ("12x345", house.now)
    assert done.tries.get().detail == {"answer": 200}


def test_a_delivery_is_due_at_once_even_if_the_clock_of_the_publisher_is_ahead(house: House) -> None:
    house.handler("app.write")
    house.wait(minutes=10)
    house.light()
    house.wait(minutes=-10)

    assert house.drain() == 1


@pytest.mark.django_db(transaction=True)
def test_a_drain_inside_a_transaction_is_refused(house: House) -> None:
    house.handler("app.write")
    house.light()

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        house.drain()


@pytest.mark.django_db(transaction=True)
def test_an_intent_that_could_be_undone_is_refused(house: House) -> None:
    def act(work: Work) -> None:
        with transaction.atomic():
            work.intend()

    house.handler("app.write", act)
    house.light()
    house.drain()

    assert house.tries("app.write") == [(1, "failed")]
    assert house.delivery("app.write").intent_at is None


# --- failing


@pytest.mark.parametrize("attempts", range(1, MOST_TRIES))
def test_the_wait_grows_with_each_try_and_differs_by_a_fifth_at_most(attempts: int) -> None:
    waits = {backoff(attempts) for _ in range(50)}

    assert len(waits) > 1
    assert all(wait and 0.8 <= wait.total_seconds() / BACKOFF[attempts - 1] <= 1.2 for wait in waits)


def test_there_is_no_wait_after_the_last_try() -> None:
    assert backoff(MOST_TRIES) is None


def test_what_fails_again_and_again_is_tried_nine_times_over_a_day_and_a_half_and_then_staff_are_asked(
    house: House,
) -> None:
    calls = house.handler("app.write", ZeroDivisionError())
    house.light()

    for _ in range(20):
        house.drain()
        house.wait(days=1)

    stuck = house.delivery("app.write")
    assert (stuck.state, stuck.attempts, len(calls)) == (State.NEEDS_ATTENTION, MOST_TRIES, MOST_TRIES)
    assert house.tries("app.write") == [(n, "failed") for n in range(1, MOST_TRIES + 1)]
    assert stuck.last_error == "ZeroDivisionError: see the log"
    assert sum(BACKOFF) > 30 * 3600


def test_a_target_that_stays_away_for_days_comes_before_staff_in_the_end(house: House) -> None:
    house.handler("app.write", away)
    house.light()

    for _ in range(20):
        house.drain()
        house.wait(days=1)

    stuck = house.delivery("app.write")
    assert (stuck.state, stuck.last_error) == (State.NEEDS_ATTENTION, "the lamp shop is closed")
    assert house.tries("app.write") == [(n, "unavailable") for n in range(1, MOST_TRIES + 1)]


def test_a_try_before_its_time_is_not_made(house: House) -> None:
    calls = house.handler("app.write", away, None)
    house.light()
    house.drain()

    house.wait(seconds=3.9)
    house.drain()
    early = len(calls)
    house.wait(seconds=2.2)
    house.drain()

    assert (early, len(calls)) == (1, 2)
    assert house.delivery("app.write").state == State.DONE


@pytest.mark.parametrize(("asked", "least", "most"), [(600, 600, 600), (0.5, 4, 6), (1e9, 86400, 86400)])
def test_a_target_that_names_a_time_is_left_alone_until_then_within_a_day(
    house: House, asked: float, least: float, most: float
) -> None:
    house.handler("app.write", Unavailable("slow down", "busy", retry_after=asked))
    house.light()
    house.drain()

    wait = (house.delivery("app.write").next_at - house.now).total_seconds()
    assert least <= wait <= most


def test_what_was_refused_is_not_sent_again(house: House) -> None:
    house.handler("app.write", refused)
    house.light()
    house.drain()

    stuck = house.delivery("app.write")
    assert (stuck.state, stuck.last_error) == (State.NEEDS_ATTENTION, "no such lamp")
    assert house.tries("app.write") == [(1, "rejected")]


def test_what_has_nothing_left_to_do_is_cancelled_with_the_reason(house: House) -> None:
    house.handler("app.write", Obsolete("the lamp was sold"))
    house.light()
    house.drain()

    ended = house.delivery("app.write")
    assert (ended.state, ended.last_error, ended.finished_at) == (State.CANCELLED, "the lamp was sold", house.now)


# --- an unclear outcome, by what the handler says of repeating it


def test_after_an_unclear_outcome_a_natural_deed_is_simply_done_again(house: House) -> None:
    calls = house.handler("app.write", unclear, None, repeat="natural")
    house.light()
    house.drain()
    house.wait(seconds=6)
    house.drain()

    assert house.tries("app.write") == [(1, "unknown"), (2, "ok")]
    assert calls[1].unclear_since is None


def test_after_an_unclear_outcome_a_searching_handler_waits_out_the_window_and_then_looks(house: House) -> None:
    def send(work: Work) -> None:
        work.intend()
        raise unclear

    calls = house.handler("app.write", send, None, repeat="search", window=timedelta(seconds=180))
    house.light()
    house.drain()
    begun = house.now
    house.wait(seconds=179)

    assert house.drain() == 0
    assert house.delivery("app.write").state == State.UNKNOWN

    house.wait(seconds=1)
    house.drain()
    assert house.delivery("app.write").state == State.DONE
    assert calls[1].unclear_since == begun


def test_a_search_that_fails_does_not_forget_that_there_is_something_to_look_for(house: House) -> None:
    def send(work: Work) -> None:
        work.intend()
        raise unclear

    calls = house.handler("app.write", send, away, None, repeat="search")
    house.light()
    house.drain()
    begun = house.now
    for _ in range(2):
        house.wait(minutes=10)
        house.drain()

    assert [work.unclear_since for work in calls] == [None, begun, begun]


def test_an_outcome_that_stays_unclear_comes_before_staff(house: House) -> None:
    house.handler("app.write", unclear, repeat="search")
    house.light()

    for _ in range(20):
        house.drain()
        house.wait(hours=1)

    assert house.delivery("app.write").state == State.NEEDS_ATTENTION
    assert house.tries("app.write") == [(n, "unknown") for n in range(1, MOST_TRIES + 1)]


def test_what_must_not_happen_twice_comes_before_staff_after_an_unclear_outcome(house: House) -> None:
    calls = house.handler("app.write", unclear, repeat="never")
    house.light()
    house.drain()
    house.wait(days=1)
    house.drain()

    assert (house.delivery("app.write").state, len(calls)) == (State.NEEDS_ATTENTION, 1)


def test_what_must_not_happen_twice_and_is_soon_worthless_just_ends_after_an_unclear_outcome(house: House) -> None:
    house.handler("app.write", unclear, repeat="never", lifetime=timedelta(minutes=5))
    house.light()
    house.drain()

    assert house.delivery("app.write").state == State.CANCELLED


@pytest.mark.parametrize(("repeat", "state"), [("never", State.NEEDS_ATTENTION), ("search", State.UNKNOWN)])
def test_a_handler_that_breaks_after_its_deed_was_begun_may_have_done_it(house: House, repeat: str, state: str) -> None:
    def send_and_break(work: Work) -> None:
        work.intend()
        raise ZeroDivisionError

    calls = house.handler("app.write", send_and_break, repeat=repeat)
    house.light()
    house.drain()
    house.wait(seconds=60)
    house.drain()

    assert (house.delivery("app.write").state, len(calls)) == (state, 1)
    assert house.tries("app.write") == [(1, "unknown")]


def test_a_deed_that_was_begun_and_surely_not_done_begins_afresh(house: House) -> None:
    def send(work: Work) -> None:
        work.intend()
        raise away

    calls = house.handler("app.write", send, None, repeat="never")
    house.light()
    house.drain()
    house.wait(seconds=6)
    house.drain()

    assert house.delivery("app.write").state == State.DONE
    assert calls[1].unclear_since is None


# --- time that runs out


def test_what_comes_too_late_is_cancelled_without_a_call(house: House) -> None:
    calls = house.handler("app.write", lifetime=timedelta(minutes=5))
    house.light()
    house.wait(minutes=5)
    house.drain()

    assert calls == []
    assert (house.delivery("app.write").state, house.tries("app.write")) == (State.CANCELLED, [(1, "failed")])


def test_a_wait_that_would_outlast_the_use_of_it_is_not_begun(house: House) -> None:
    house.handler("app.write", away, lifetime=timedelta(seconds=300))
    house.light()
    for _ in range(3):
        house.drain()
        house.wait(seconds=40)

    ended = house.delivery("app.write")
    assert (ended.state, ended.attempts) == (State.CANCELLED, 3)
    assert ended.last_error == "the lamp shop is closed (the next try would be too late)"


# --- poison


def test_a_handler_that_breaks_is_counted_and_leaves_its_neighbours_alone(house: House) -> None:
    house.handler("app.broken", ZeroDivisionError())
    house.handler("app.write")
    house.light()

    assert house.drain() == 2

    assert house.delivery("app.write").state == State.DONE
    broken = house.delivery("app.broken")
    assert (broken.state, broken.last_error) == (State.WAITING, "ZeroDivisionError: see the log")
    assert house.tries("app.broken") == [(1, "failed")]


def test_an_event_that_cannot_be_read_any_more_leaves_its_neighbours_alone(house: House) -> None:
    house.handler("app.write")
    unreadable, whole = house.light(), house.light()
    OutboxEvent.objects.filter(pk=unreadable.pk).update(data={})

    assert house.drain() == 2

    assert Delivery.objects.get(event=unreadable).last_error == "TypeError: see the log"
    assert Delivery.objects.get(event=whole).state == State.DONE


def test_a_delivery_whose_handler_has_gone_comes_before_staff(house: House) -> None:
    house.handler("app.write")
    house.light()
    outbox._handlers.clear()
    house.drain()

    stuck = house.delivery("app.write")
    assert (stuck.state, stuck.last_error) == (State.NEEDS_ATTENTION, "no handler has this name any more")


# --- leases


def lose(house: House, name: str = "app.write", *, intent: bool = False) -> None:
    """The state that a worker leaves which is killed in the middle of its try."""
    row = house.delivery(name)
    row.state, row.attempts, row.lease_by = State.RUNNING, row.attempts + 1, "somebody"
    row.lease_until, row.intent_at = house.now + timedelta(seconds=180), house.now if intent else row.intent_at
    row.save()


def test_a_lease_keeps_others_away_until_it_ends(house: House) -> None:
    house.handler("app.write")
    house.light()
    lose(house)

    house.wait(seconds=180)
    early = house.drain()
    house.wait(seconds=1)

    assert (early, house.drain()) == (0, 1)
    assert house.tries("app.write") == [(1, "lost"), (2, "ok")]


def test_a_worker_that_lost_its_lease_writes_nothing(house: House) -> None:
    def too_slow(work: Work) -> None:
        Delivery.objects.filter(pk=work.delivery_id).update(lease_by="another")

    house.handler("app.write", too_slow)
    house.light()
    house.drain()

    held = house.delivery("app.write")
    assert (held.state, held.lease_by, held.finished_at) == (State.RUNNING, "another", None)
    assert house.tries("app.write") == []


def test_a_worker_that_lost_its_lease_learns_it_before_the_deed(house: House) -> None:
    learned: list[bool] = []

    def too_slow(work: Work) -> None:
        Delivery.objects.filter(pk=work.delivery_id).update(lease_by="another")
        try:
            work.intend()
        except LeaseLost:
            learned.append(True)
            raise

    house.handler("app.write", too_slow)
    house.light()
    house.drain()

    assert learned == [True]
    assert house.delivery("app.write").intent_at is None


def test_a_delivery_that_kills_its_worker_each_time_comes_before_staff(house: House) -> None:
    calls = house.handler("app.write")
    house.light()
    for _ in range(MOST_TRIES):
        lose(house)
        house.wait(seconds=181)
    house.drain()

    assert (house.delivery("app.write").state, calls) == (State.NEEDS_ATTENTION, [])
    assert house.delivery("app.write").last_error == "its workers were lost again and again"


def test_a_lost_worker_that_had_not_begun_the_deed_costs_nothing_but_time(house: House) -> None:
    calls = house.handler("app.write", repeat="never")
    house.light()
    lose(house)
    house.wait(seconds=181)
    house.drain()

    assert (house.delivery("app.write").state, len(calls)) == (State.DONE, 1)


def test_a_lost_worker_that_had_begun_what_must_not_happen_twice_leaves_it_to_staff(house: House) -> None:
    calls = house.handler("app.write", repeat="never")
    house.light()
    lose(house, intent=True)
    house.wait(seconds=181)
    house.drain()

    assert (house.delivery("app.write").state, calls) == (State.NEEDS_ATTENTION, [])
    assert house.tries("app.write") == [(1, "lost"), (2, "unknown")]


def test_a_lost_worker_that_had_begun_a_deed_that_can_be_looked_for_is_followed_after_the_window(house: House) -> None:
    calls = house.handler("app.write", repeat="search", window=timedelta(seconds=300))
    house.light()
    begun = house.now
    lose(house, intent=True)

    house.wait(seconds=181)
    house.drain()
    in_the_window = len(calls)
    house.wait(seconds=119)
    house.drain()

    assert (in_the_window, len(calls)) == (0, 1)
    assert calls[0].unclear_since == begun


def test_tries_and_deliveries_agree_in_number(house: House) -> None:
    """Every failing path counts: there is a row for each try that was made, and no path makes one without."""

    def begin_and_fall_silent(work: Work) -> None:
        work.intend()
        raise unclear

    house.handler("app.away", away)
    house.handler("app.refused", refused)
    house.handler("app.unclear", begin_and_fall_silent, repeat="search")
    house.handler("app.broken", ZeroDivisionError())
    house.handler("app.obsolete", Obsolete("gone"))
    house.handler("app.done")
    house.light()
    for _ in range(60):
        house.drain()
        house.wait(days=2)

    rows = Delivery.objects.all()
    assert {row.handler: row.tries.count() for row in rows} == {row.handler: row.attempts for row in rows}
    assert not rows.filter(state__in=Delivery.UNFINISHED).exists()


# --- two drains


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_drains_at_once_run_each_delivery_once(house: House) -> None:
    calls = house.handler("app.write")
    for _ in range(60):
        house.light()

    at_once(8, lambda _: house.drain())

    assert len(calls) == len({work.delivery_id for work in calls}) == 60
    assert DeliveryAttempt.objects.count() == 60


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_drain_passes_by_what_another_holds_locked(house: House) -> None:
    calls = house.handler("app.write")
    first, second = house.light(), house.light()
    with transaction.atomic():
        Delivery.objects.select_for_update().get(event=first)

        [tried] = at_once(1, lambda _: house.drain())

    assert tried == 1
    assert [work.event_id for work in calls] == [second.pk]
