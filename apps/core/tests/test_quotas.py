"""Limits: exactly so many, in a window that begins with its first use; all of a set or none."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from apps.core.models import Quota
from apps.core.quotas import Limit, QuotaExceeded, is_spent, quotas_purge, reserve, spend
from tests.parallel import at_once, kinds

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOURLY = Limit("sms.hour", 3, 3600)
pytestmark = pytest.mark.django_db


def take(*limits: Limit, after: float = 0) -> int:
    """0, or the seconds that a refusal asks to wait."""
    try:
        reserve(limits, now=NOW + timedelta(seconds=after))
    except QuotaExceeded as refused:
        return refused.retry_after
    return 0


def used(name: str) -> int:
    return Quota.objects.filter(name=name).values_list("used", flat=True).first() or 0


def test_so_many_pass_and_the_next_is_told_when() -> None:
    assert [take(HOURLY, after=second) for second in (0, 10, 20, 30)] == [0, 0, 0, 3570]


@pytest.mark.parametrize(("after", "wait"), [(3599.5, 1), (3599, 1), (3598.2, 2), (3600, 0), (9999, 0)])
def test_a_window_ends_to_the_second(after: float, wait: int) -> None:
    for _ in range(3):
        take(HOURLY)

    assert take(HOURLY, after=after) == wait


def test_a_new_window_counts_from_one_again() -> None:
    for _ in range(3):
        take(HOURLY)

    assert [take(HOURLY, after=3600 + n) for n in range(4)] == [0, 0, 0, 3597]


def test_a_refusal_takes_no_place_in_any_of_the_set() -> None:
    minute, day = Limit("a.minute", 1, 60), Limit("z.day", 10, 86400)

    assert [take(minute, day), take(minute, day), take(minute, day)] == [0, 60, 60]
    assert (used("a.minute"), used("z.day")) == (1, 1)


def test_the_longest_wait_of_several_refusals_is_told() -> None:
    minute, day = Limit("a.minute", 1, 60), Limit("z.day", 1, 86400)
    take(minute, day)

    assert take(minute, day) == 86400


def test_a_refusal_inside_a_transaction_leaves_that_one_alone() -> None:
    with transaction.atomic():
        Quota.objects.create(name="other", started_at=NOW)
        for _ in range(4):
            take(HOURLY)

    assert (used("sms.hour"), Quota.objects.filter(name="other").count()) == (3, 1)


def test_windows_are_forgotten_after_the_longest_of_them() -> None:
    take(HOURLY)

    assert quotas_purge(now=NOW + timedelta(hours=24)) == 0
    assert quotas_purge(now=NOW + timedelta(hours=24, seconds=1)) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("most", [1, 7, 30])
def test_of_two_hundred_at_once_exactly_so_many_pass(most: int) -> None:
    limits = [Limit("b.hour", most, 3600), Limit("a.hour", 1000, 3600)]

    results = at_once(200, lambda n: reserve(limits[:: 1 if n % 2 else -1], now=NOW))

    assert kinds(results) == {"NoneType": most, "QuotaExceeded": 200 - most}
    assert (used("b.hour"), used("a.hour")) == (most, most)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_window_that_ends_while_many_ask_is_begun_once() -> None:
    for _ in range(3):
        take(HOURLY)

    results = at_once(50, lambda _: reserve([HOURLY], now=NOW + timedelta(hours=1)))

    assert kinds(results) == {"NoneType": 3, "QuotaExceeded": 47}


def test_what_was_spent_counts_in_its_window_and_past_the_limit() -> None:
    spend(HOURLY, 2, now=NOW)
    assert not is_spent(HOURLY, now=NOW)

    spend(HOURLY, 40, now=NOW + timedelta(seconds=10))

    assert is_spent(HOURLY, now=NOW + timedelta(seconds=3599))
    assert not is_spent(HOURLY, now=NOW + timedelta(seconds=3600))


def test_a_new_window_of_spending_begins_at_nothing() -> None:
    spend(HOURLY, 40, now=NOW)

    spend(HOURLY, 1, now=NOW + timedelta(hours=1))

    assert used("sms.hour") == 1
