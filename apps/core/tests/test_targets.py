"""Breakers, pauses, lanes and order: which delivery goes to which target now."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from apps.core import claiming, outbox
from apps.core.deliveries import ReasonMissing, delivery_retry
from apps.core.drain import TOO_LATE, drain, end_worthless
from apps.core.errors import AccountRejected, Conflict, Rejected, Unavailable
from apps.core.models import AuditEntry, Delivery, Target
from apps.core.outbox import Event, Postponed, Work
from apps.core.targets import FAILURES, PROBE, check_note, parked, target_pause, target_resume
from apps.core.tests.conftest import House, LampLit

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State
away = Unavailable("the lamp shop is closed", "closed")


def fail_until_open(house: House) -> None:
    for _ in range(FAILURES):
        house.light()
    house.drain()


def test_a_target_that_fails_five_times_in_a_row_gets_nothing_but_a_probe_every_half_minute(house: House) -> None:
    calls = house.handler("app.write", away)
    fail_until_open(house)
    for _ in range(20):
        house.light()

    house.drain()
    at_once = len(calls)
    house.wait(seconds=PROBE + 1)
    house.drain()

    assert (at_once, len(calls)) == (FAILURES, FAILURES + 1)
    assert parked(house.now) == {"lamp"}


def test_a_failed_probe_costs_its_delivery_no_try(house: House) -> None:
    house.handler("app.write", away)
    fail_until_open(house)

    for _ in range(50):
        house.wait(seconds=PROBE + 1)
        house.drain()

    assert set(Delivery.objects.values_list("attempts", "state")) == {(1, State.WAITING)}


def test_when_a_probe_succeeds_everything_that_waited_goes_on_at_once(house: House) -> None:
    house.handler("app.write", *[away] * FAILURES, None)
    fail_until_open(house)
    Delivery.objects.update(next_at=house.now + timedelta(days=1))
    first = Delivery.objects.earliest("id")
    Delivery.objects.filter(pk=first.pk).update(next_at=house.now)

    house.wait(seconds=PROBE + 1)
    house.drain()

    assert set(Delivery.objects.values_list("state", flat=True)) == {State.DONE}
    assert parked(house.now) == frozenset()


def test_a_success_in_between_begins_the_count_anew(house: House) -> None:
    house.handler("app.write", *[away] * (FAILURES - 1), None, *[away] * (FAILURES - 1))
    for _ in range(2 * FAILURES - 1):
        house.light()

    house.drain()

    assert parked(house.now) == frozenset()
    assert Target.objects.get(name="lamp").failures == FAILURES - 1


def test_a_target_that_refuses_our_account_is_left_alone_at_once_and_nothing_is_given_up(house: House) -> None:
    calls = house.handler("app.write", AccountRejected("the key is wrong", "key"))
    for _ in range(5):
        house.light()

    house.drain()
    house.wait(seconds=PROBE + 1)
    house.drain()

    assert len(calls) == 1
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.WAITING, State.QUEUED}
    assert Target.objects.get(name="lamp").last_error == "the key is wrong"


def test_a_paused_target_gets_nothing_until_it_is_resumed(house: House, admin_user: AbstractBaseUser) -> None:
    calls = house.handler("app.write")
    target_pause(name="lamp", reason="they move house", actor=admin_user, now=house.now)
    house.light()
    house.wait(days=2)
    house.drain()
    paused = len(calls)

    target_resume(name="lamp", actor=admin_user, now=house.now)
    house.drain()

    assert (paused, len(calls)) == (0, 1)
    noted = AuditEntry.objects.order_by("at", "id").values_list("action", "object_id", "reason")
    assert list(noted) == [("target.pause", "lamp", "they move house"), ("target.resume", "lamp", "")]


def test_what_is_parked_ends_when_it_is_past_its_use(house: House, admin_user: AbstractBaseUser) -> None:
    calls = house.handler("app.code", lifetime=timedelta(minutes=5))
    house.handler("app.write")
    target_pause(name="lamp", reason="they move house", actor=admin_user, now=house.now)
    house.light()
    house.wait(minutes=4)
    early = end_worthless(clock=house.clock)
    house.wait(minutes=2)

    assert (early, end_worthless(clock=house.clock), end_worthless(clock=house.clock)) == (0, 1, 0)
    ended = house.delivery("app.code")
    assert (ended.state, ended.last_error, ended.finished_at) == (State.CANCELLED, TOO_LATE, house.now)
    assert (house.tries("app.code"), calls) == ([(1, "failed")], [])
    assert house.delivery("app.write").state == State.QUEUED


def test_what_is_past_its_use_is_left_to_the_workers_where_nothing_is_parked(house: House) -> None:
    house.handler("app.code", lifetime=timedelta(minutes=5))
    house.light()
    house.wait(minutes=6)

    assert end_worthless(clock=house.clock) == 0


def test_a_pause_needs_a_reason(house: House, admin_user: AbstractBaseUser) -> None:
    with pytest.raises(ReasonMissing):
        target_pause(name="lamp", reason=" ", actor=admin_user, now=house.now)

    assert not Target.objects.exists()


def test_a_second_pause_says_whose_the_first_is_and_changes_nothing(house: House, admin_user: AbstractBaseUser) -> None:
    target_pause(name="lamp", reason="x" * 300, actor=admin_user, now=house.now)

    with pytest.raises(Conflict) as told:
        target_pause(name="lamp", reason="mine", actor=admin_user, now=house.now)

    row = Target.objects.get(name="lamp")
    assert (row.pause_reason, AuditEntry.objects.count()) == ("x" * 300, 1)
    said = str(told.value.problems[0].detail)
    assert admin_user.get_username() in said
    assert "xxx" in said


def test_what_waits_for_a_slow_system_holds_up_nothing_quick(house: House) -> None:
    outbox.handler("app.code", on=LampLit, target="sms")(house._follow("app.code", ()))
    outbox.handler("app.crm", on=LampLit, target="crm", lane="slow")(house._follow("app.crm", ()))
    house.light()

    quick = drain("quick", clock=house.clock)

    assert (quick, house.delivery("app.code").state, house.delivery("app.crm").state) == (1, "done", "queued")
    assert drain("slow", clock=house.clock) == 1


def test_ordered_events_about_one_thing_go_one_after_the_other(house: House) -> None:
    seen: list[str] = []

    def run(work: Work) -> None:
        seen.append(str(work.event_id))
        if len(seen) == 1:
            raise Unavailable("not yet", "later")

    outbox.handler("app.tell", on=Event, target="broker", ordered=True)(run)
    lamp = uuid4()
    with transaction.atomic():
        first, second = (outbox.publish(LampLit(lamp_id=lamp), now=house.now) for _ in range(2))
    other = house.light()

    house.drain()
    house.wait(seconds=10)
    house.drain()

    assert seen == [str(one) for one in (first.pk, other.pk, first.pk, second.pk)]


def test_what_is_postponed_counts_no_try(house: House) -> None:
    calls = house.handler("app.write", *[Postponed("another claim makes it", 5)] * 30, None)
    house.light()

    for _ in range(31):
        house.drain()
        house.wait(seconds=6)

    assert len(calls) == 31
    assert house.tries("app.write") == [(1, "ok")]


def test_a_handler_gets_only_what_it_wants(house: House) -> None:
    house.handler("app.write", wanted=lambda event: False)
    house.light()

    assert not Delivery.objects.exists()


def test_replay_makes_what_a_later_handler_missed_and_nothing_twice(house: House) -> None:
    early, late = house.light(), house.light()
    house.handler("app.write")
    begin = house.now - timedelta(seconds=1)

    made = (
        outbox.replay("app.write", since=begin, now=house.now),
        outbox.replay("app.write", since=begin, now=house.now),
    )
    house.drain()

    assert made == (2, 0)
    assert {row.event_id for row in Delivery.objects.filter(state=State.DONE)} == {early.pk, late.pk}


def test_who_presses_retry_while_the_breaker_is_open_gets_a_try_at_once(
    house: House, admin_user: AbstractBaseUser
) -> None:
    calls = house.handler("app.write", *[away] * FAILURES, None)
    fail_until_open(house)

    delivery_retry(delivery_id=Delivery.objects.latest("id").pk, actor=admin_user, now=house.now)
    house.drain()

    assert len(calls) > FAILURES
    assert parked(house.now) == frozenset()
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.DONE}


def test_a_pause_holds_also_against_retry(house: House, admin_user: AbstractBaseUser) -> None:
    calls = house.handler("app.write", None)
    target_pause(name="lamp", reason="moving house", actor=admin_user, now=house.now)
    house.light()

    delivery_retry(delivery_id=Delivery.objects.get().pk, actor=admin_user, now=house.now)
    house.drain()

    assert calls == []


def test_what_was_done_without_asking_the_target_does_not_call_it_sound(house: House) -> None:
    def known(work: Work) -> None:
        work.asked_nobody()

    calls = house.handler("app.write", *[away] * FAILURES, known, away)
    fail_until_open(house)
    house.light()
    house.light()

    house.wait(seconds=PROBE + 1)
    house.drain()

    assert len(calls) == FAILURES + 2  # what asked nobody gave the probe back
    assert parked(house.now) == {"lamp"}
    assert Target.objects.get(name="lamp").last_success_at is None


def test_a_probe_is_not_spent_on_what_comes_too_late(house: House) -> None:
    calls = house.handler("app.code", *[away] * FAILURES, None, lifetime=timedelta(seconds=PROBE))
    fail_until_open(house)
    house.wait(seconds=PROBE + 1)
    fresh = house.light()

    house.drain()

    assert len(calls) == FAILURES + 1
    assert Delivery.objects.get(event=fresh).state == State.DONE


def test_a_sound_check_lets_a_probe_through_and_work_alone_closes_the_breaker(house: House) -> None:
    calls = house.handler("app.write", away)
    fail_until_open(house)

    check_note("lamp", ok=True, detail="it answers", now=house.now)
    house.wait(seconds=6)
    house.drain()

    assert len(calls) == FAILURES + 1
    assert parked(house.now) == {"lamp"}
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


def test_a_sound_check_closes_the_breaker_where_no_work_could(house: House) -> None:
    house.handler("app.write", away)
    fail_until_open(house)
    Delivery.objects.all().delete()

    check_note("lamp", ok=True, detail="it answers", now=house.now)

    assert parked(house.now) == frozenset()


def test_a_target_that_names_a_time_is_not_probed_before_it(house: House) -> None:
    calls = house.handler("app.write", Unavailable("closed for an hour", "closed", retry_after=3600))
    fail_until_open(house)

    house.wait(seconds=3000)
    house.drain()

    assert len(calls) == FAILURES


def test_an_event_that_needs_staff_does_not_hold_up_the_later_ones(house: House) -> None:
    seen: list[str] = []

    def run(work: Work) -> None:
        seen.append(str(work.event_id))
        if len(seen) == 1:
            raise Rejected("no queue is bound", "no_queue")

    outbox.handler("app.tell", on=Event, target="broker", ordered=True)(run)
    lamp = uuid4()
    with transaction.atomic():
        both = [outbox.publish(LampLit(lamp_id=lamp), now=house.now) for _ in range(2)]

    house.drain()

    assert seen == [str(one.pk) for one in both]


@pytest.mark.postgres
def test_the_claim_walks_the_index_of_what_is_unfinished(house: House) -> None:
    """Not the table: almost all deliveries are done, and there are ever more of them."""
    slow, ordered = frozenset({"crm", "files"}), frozenset({"app.tell"})

    with transaction.atomic(), connection.cursor() as cursor:
        sql, params = claiming.written("slow", frozenset({"crm"}), ordered, slow)
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "Index Scan using delivery_due" in plan
