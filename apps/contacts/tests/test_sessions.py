"""Applicant's sessions: two hours idle, a day in all, and only a hash is kept."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.contacts.models import ApplicantSession
from apps.contacts.services import session_end, session_open, session_use, verification_purge
from apps.contacts.tests.factories import ContactFactory

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def token() -> str:
    return session_open(contact=ContactFactory(), now=NOW)[1]


def alive(token: str, **after: float) -> bool:
    return session_use(token=token, now=NOW + timedelta(**after)) is not None


def test_a_token_opens_its_session_and_is_stored_nowhere(token: str) -> None:
    session = ApplicantSession.objects.get()

    assert session_use(token=token, now=NOW) == session
    assert token.startswith("apl_")
    assert len(token) >= 43
    assert token not in str(vars(session))


def test_a_foreign_token_opens_nothing(token: str) -> None:
    assert not alive(token + "x")
    assert not alive("")


@pytest.mark.parametrize(("idle", "lives"), [({"minutes": 119}, True), ({"hours": 2}, False)])
def test_a_session_ends_after_two_idle_hours(token: str, idle: dict[str, float], lives: bool) -> None:
    assert alive(token, **idle) is lives


def test_a_session_that_is_used_goes_on_for_a_day_and_no_longer(token: str) -> None:
    used = [alive(token, hours=n) for n in range(1, 24)]

    assert used == [True] * 23
    assert not alive(token, hours=24)


def test_being_seen_is_written_once_a_minute(token: str) -> None:
    for seconds in (10, 59, 61, 90):
        alive(token, seconds=seconds)

    assert ApplicantSession.objects.get().seen_at == NOW + timedelta(seconds=61)


def test_an_ended_session_stays_ended(token: str) -> None:
    session = ApplicantSession.objects.get()
    session_end(session=session, now=NOW + timedelta(minutes=1))
    session_end(session=session, now=NOW + timedelta(minutes=5))

    assert not alive(token, minutes=2)
    assert ApplicantSession.objects.get().ended_at == NOW + timedelta(minutes=1)


def test_sessions_are_forgotten_a_day_after_their_end(token: str) -> None:
    session_end(session=ApplicantSession.objects.get(), now=NOW)
    session_open(contact=ContactFactory(), now=NOW + timedelta(hours=12))

    assert verification_purge(now=NOW + timedelta(days=1)) == 0
    assert verification_purge(now=NOW + timedelta(days=1, seconds=1)) == 1
    assert verification_purge(now=NOW + timedelta(days=1, hours=14, seconds=1)) == 1
