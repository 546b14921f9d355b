import pytest
from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from apps.core import metrics
from apps.core.targets import failure_note, target_pause, target_resume
from apps.core.tests.conftest import House

pytestmark = pytest.mark.django_db


def blocked() -> list[str]:
    return [line for line in metrics.render().decode().splitlines() if line.startswith("claimdesk_target_blocked{")]


def test_a_target_that_gets_nothing_is_told_with_the_reason(house: House, admin_user: AbstractUser) -> None:
    sound = blocked()
    failure_note("lamp", error="No.", refused=True, now=house.now)
    target_pause(name="lamp", reason="They know.", actor=admin_user, now=house.now)
    both = blocked()

    target_resume(name="lamp", actor=admin_user, now=timezone.now())

    assert sound == []
    assert both == [
        'claimdesk_target_blocked{target="lamp",why="paused"} 1.0',
        'claimdesk_target_blocked{target="lamp",why="breaker"} 1.0',
    ]
    assert blocked() == ['claimdesk_target_blocked{target="lamp",why="breaker"} 1.0']
