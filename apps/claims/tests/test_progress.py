"""What an applicant is told of the registration: what has happened, and honestly what has not."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from apps.claims.api.output import claim_json
from apps.claims.api.serializers import ClaimOut
from apps.claims.models import Claim, Registration
from apps.claims.selectors import with_definition
from apps.claims.selectors.progress import claim_progress
from apps.claims.selectors.timeline import claim_timeline
from apps.claims.tests.factories import ClaimFactory, DocumentFactory
from apps.core.models import Delivery, OutboxEvent

pytestmark = pytest.mark.django_db
NOON = datetime.fromisoformat("2026-11-21T12:00:00+03:00")
STEPS = ("contact", "project", "ticket", "relation", "files", "archive", "complete")
S = Delivery.State


def chain(claim: Claim, *states: str, steps: tuple[str, ...] = STEPS, name: str = "registration", **of: Any) -> None:
    """The chain's deliveries: `states` of its first steps, the rest waits its turn. `ago`: minutes since the event."""
    began = timezone.now() - timedelta(minutes=of.pop("ago", 1))
    event = OutboxEvent.objects.create(name="claim.submitted", aggregate=f"claim:{claim.pk}", occurred_at=began)
    for position, step in enumerate(steps, start=1):
        state = states[position - 1] if position <= len(states) else S.QUEUED
        Delivery.objects.create(
            event=event, handler=f"{name}.{step}", target="crm", chain=name, position=position, state=state,
            next_at=began, created_at=began, finished_at=began if state in Delivery.FINAL else None, **of,
        )  # fmt: skip


def registered(claim: Claim, at: datetime, number: str = "TT42") -> None:
    Registration.objects.create(claim=claim, ticket_ref="17x42", ticket_number=number, registered_at=at)


def told(claim: Claim) -> tuple[str, str]:
    with translation.override("en"):
        found = claim_progress(Claim.objects.get(pk=claim.pk), now=timezone.now())
        return found.state, found.text


LATE = "It takes longer than usual. Nothing is lost: we go on by ourselves."


@pytest.mark.parametrize(
    ("states", "ago", "expected"),
    [
        ((), 1, ("in_progress", "We are registering your claim.")),
        ((S.RUNNING,), 5, ("in_progress", "We are registering your claim.")),  # 60 s a call is the CRM's usual
        ((S.WAITING,), 1, ("in_progress", "We are registering your claim.")),
        ((), 3, ("waiting", LATE)),  # held back: its system is paused or away
        ((S.WAITING,), 3, ("waiting", LATE)),
        ((S.DONE, S.UNKNOWN), 3, ("waiting", LATE)),
        ((S.DONE_MANUALLY, S.DONE, S.NEEDS_ATTENTION), 3, ("waiting", LATE)),
        ((S.CANCELLED,) * 7, 3, ("none", "")),
    ],
)  # fmt: skip
def test_before_there_is_a_number(states: tuple[str, ...], ago: int, expected: tuple[str, str]) -> None:
    claim = ClaimFactory()
    chain(claim, *states, ago=ago)

    assert told(claim) == expected


def test_a_second_try_that_takes_long_is_no_usual_work() -> None:
    claim = ClaimFactory()
    chain(claim, S.RUNNING, ago=9, attempts=3)

    assert told(claim) == ("waiting", LATE)


@pytest.mark.parametrize(
    ("states", "handed", "expected"),
    [
        ((S.DONE,) * 4, 1, ("in_progress", "Registered under number TT42. Documents handed over: 1 of 3.")),
        ((S.DONE,) * 7, 3, ("done", "Registered under number TT42. Documents handed over: 3 of 3.")),
    ],
)
def test_once_there_is_a_number(states: tuple[str, ...], handed: int, expected: tuple[str, str]) -> None:
    claim, now = ClaimFactory(), timezone.now()
    chain(claim, *states)
    registered(claim, now)
    DocumentFactory(claim=claim, rejected=True)  # is handed over to nobody
    for place in range(3):
        DocumentFactory(claim=claim, handed_over_at=now if place < handed else None)

    assert told(claim) == expected


def test_a_document_that_comes_later_is_on_its_way_again() -> None:
    claim, now = ClaimFactory(), timezone.now()
    chain(claim, *[S.DONE] * 7)
    registered(claim, now)
    DocumentFactory(claim=claim, handed_over_at=now)
    DocumentFactory(claim=claim)
    chain(claim, steps=("files", "archive"), name="addition", ago=5)

    assert told(claim) == ("waiting", f"Registered under number TT42. Documents handed over: 1 of 2. {LATE}")


def test_where_there_is_no_crm_nothing_is_said() -> None:
    claim = ClaimFactory()
    chain(claim, S.WAITING, steps=("files", "archive"), ago=30)
    DocumentFactory(claim=claim)

    assert told(claim) == ("none", "")
    assert told(ClaimFactory()) == ("none", "")
    assert told(ClaimFactory(draft=True)) == ("none", "")


def test_nothing_of_whom_we_wait_for_is_said() -> None:
    claim = ClaimFactory()
    chain(claim, S.WAITING, ago=30, last_error="vTiger: ACCESS_DENIED at crm.example.com")

    answer = ClaimOut(claim_json(with_definition(claim))).data

    assert answer["registration"]["state"] == "waiting"
    assert not [word for word in ("vtiger", "crm", "denied", "nextcloud") if word in str(answer).lower()]


def test_the_number_stands_in_the_timeline_too() -> None:
    claim = ClaimFactory()
    registered(claim, (claim.submitted_at or NOON) + timedelta(minutes=1))

    with translation.override("en"):
        texts = [line["text"] for line in claim_timeline(with_definition(claim))]

    assert texts[-2:] == ["We received your claim.", "Registered under number TT42."]
