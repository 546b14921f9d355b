"""Reminders of what a submitted claim lacks: when, how often, in which words, and when there are none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.claims.models import ChecklistEntry, Claim
from apps.claims.rules.reminders import DAYS
from apps.claims.selectors.owed import owed_titles
from apps.claims.services import item_ask, slot_waive
from apps.claims.services.changes import claim_lock, claim_save
from apps.claims.services.reminders import claims_remind
from apps.claims.tests.factories import ClaimFactory, DocumentFactory
from apps.core.models import OutboxEvent
from tests.parallel import at_once

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
Kind, Waived = ChecklistEntry.Kind, ChecklistEntry.Waived
pytestmark = pytest.mark.django_db


@pytest.fixture
def olga() -> User:
    return User.objects.create_user(username="olga", password="x", is_staff=True)


def owing(**of: Any) -> Claim:
    """A submitted claim that lacks its boarding pass and passport, as it is saved."""
    claim: Claim = ClaimFactory(**of)
    return saved(claim)


def saved(claim: Claim, now: datetime = NOW) -> Claim:
    with transaction.atomic():
        claim = claim_lock(claim.pk)
        claim_save(claim, now=now, what=["documents"])
    return claim


def reminded() -> list[str]:
    rows = OutboxEvent.objects.filter(name="documents.reminded").order_by("occurred_at", "id")
    return [row.data["number"] for row in rows]


def test_a_claim_that_lacks_papers_is_reminded_of_them_by_the_schedule_and_then_left_to_staff() -> None:
    claim = owing()
    at = NOW

    for days in DAYS:
        assert claims_remind(now=at + timedelta(days=days) - timedelta(hours=1)) == 0
        at += timedelta(days=days)
        assert claims_remind(now=at) == 1

    assert claims_remind(now=at + timedelta(days=365)) == 0
    assert reminded() == ["1", "2", "3", "4"]
    claim.refresh_from_db()
    assert (claim.reminders, claim.remind_at) == (4, None)


def test_it_is_safe_to_run_twice() -> None:
    owing()
    at = NOW + timedelta(days=DAYS[0])

    counts = [claims_remind(now=at), claims_remind(now=at)]

    assert counts == [1, 0]
    assert reminded() == ["1"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_reminds() -> None:
    owing()
    at = NOW + timedelta(days=DAYS[0])

    counts = at_once(6, lambda _: claims_remind(now=at), threads=6)

    assert sorted(counts) == [0, 0, 0, 0, 0, 1]
    assert reminded() == ["1"]


def test_who_has_sent_everything_or_said_why_not_hears_nothing() -> None:
    claim = owing()
    DocumentFactory(claim=claim, slot="boarding_pass")
    slot_waive(claim_id=claim.pk, slot="passport", why=Waived.LOST, note="", now=NOW)

    assert claims_remind(now=NOW + timedelta(days=365)) == 0
    claim.refresh_from_db()
    assert claim.remind_at is None


@pytest.mark.parametrize("status", ["approved", "rejected", "withdrawn"])
def test_a_claim_that_is_decided_is_not_reminded(status: str) -> None:
    claim = owing()
    Claim.objects.filter(pk=claim.pk).update(status=status)

    assert claims_remind(now=NOW + timedelta(days=365)) == 0


def test_what_is_owed_is_called_as_the_form_calls_it_and_each_thing_once(olga: User) -> None:
    claim = owing(language="en")
    for kind, key, text in (
        (Kind.DOCUMENT, "passport", "The copy is cut."),
        (Kind.QUESTION, "hours_late", "Please check the hours."),
        (Kind.DOCUMENT, "", "A letter of the hotel"),
    ):
        item_ask(claim_id=claim.pk, kind=kind, key=key, text=text, actor=olga, now=NOW)

    titles = owed_titles(Claim.objects.get(pk=claim.pk))

    assert titles == ["Passport", "Hours late", "A letter of the hotel", "Boarding pass"]
