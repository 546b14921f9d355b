"""API tokens: shown once, kept as a hash, ended at once."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.accounts.models import ApiToken, User
from apps.accounts.services import api_token_create, api_token_revoke, api_token_use
from apps.core.models import AuditEntry

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def robot() -> User:
    return User.objects.create_user("billing")


def make(robot: User, *, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    return api_token_create(user=robot, name="Billing", expires_at=expires_at, actor=robot, now=NOW)


def test_a_token_acts_as_its_user_and_its_secret_is_kept_nowhere(robot: User) -> None:
    token, secret = make(robot)

    assert secret.startswith("cdk_")
    assert api_token_use(secret=secret, now=NOW) == robot
    assert secret not in str(vars(ApiToken.objects.get()))
    assert secret.startswith(token.hint)


def test_a_wrong_secret_acts_as_nobody(robot: User) -> None:
    make(robot)

    assert api_token_use(secret="cdk_wrong", now=NOW) is None


def test_a_revoked_token_is_dead_at_once_and_revoking_it_again_changes_nothing(robot: User) -> None:
    token, secret = make(robot)
    api_token_revoke(token=token, actor=robot, now=NOW)
    api_token_revoke(token=token, actor=robot, now=NOW + timedelta(days=1))

    assert api_token_use(secret=secret, now=NOW) is None
    assert ApiToken.objects.get().revoked_at == NOW
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "api_token.create", "api_token.revoke"
    ]  # fmt: skip


@pytest.mark.parametrize(("after", "lives"), [(59, True), (60, False)])
def test_a_token_ends_at_its_time(robot: User, after: int, lives: bool) -> None:
    _token, secret = make(robot, expires_at=NOW + timedelta(seconds=60))

    assert (api_token_use(secret=secret, now=NOW + timedelta(seconds=after)) is not None) is lives


def test_a_token_of_somebody_who_has_left_is_dead(robot: User) -> None:
    _token, secret = make(robot)
    User.objects.update(is_active=False)

    assert api_token_use(secret=secret, now=NOW) is None


def test_the_last_use_is_written_once_a_minute(robot: User) -> None:
    _token, secret = make(robot)
    for seconds in (0, 30, 59, 61, 70):
        api_token_use(secret=secret, now=NOW + timedelta(seconds=seconds))

    assert ApiToken.objects.get().last_used_at == NOW + timedelta(seconds=61)
