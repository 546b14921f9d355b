"""A policy's number leads to its validity and to the contact's one project for it."""

from datetime import date
from typing import Any

import pytest

from apps.contacts.tests.factories import ContactFactory
from apps.core.errors import Unavailable
from apps.policies.errors import PolicyNumberRefused
from apps.policies.models import Policy
from apps.policies.services import policy_check, project_for_policy, validity
from apps.policies.tests.factories import PolicyFactory
from apps.projects.models import Project

pytestmark = pytest.mark.django_db
START, END = date(2026, 11, 1), date(2026, 11, 30)


@pytest.mark.parametrize(
    ("day", "status"),
    [(date(2026, 10, 31), "not_yet"), (START, "valid"), (END, "valid"), (date(2026, 12, 1), "expired")],
)
def test_a_policy_is_valid_from_its_first_day_to_its_last(day: date, status: str) -> None:
    assert validity(Policy(valid_from=START, valid_until=END), day) == status


@pytest.mark.parametrize("typed", ["TR-0012345", "tr0012345", " tr 00 12345 ", "ТR-0012345"])
def test_a_number_is_found_however_it_is_written(typed: str) -> None:
    policy = PolicyFactory(number="TR-0012345", valid_from=START, valid_until=END)
    found = policy_check(contact=ContactFactory(), raw=typed, on=START)

    assert (found.policy, found.number, found.status, found.is_new_project) == (policy, "TR-0012345", "valid", True)


def test_a_slip_in_a_known_format_is_told_with_an_example() -> None:
    PolicyFactory()
    with pytest.raises(PolicyNumberRefused) as caught:
        policy_check(contact=ContactFactory(), raw="TR-12", on=START)

    assert "TR-0012345" in str(caught.value.problems[0].detail)


def test_an_unknown_policy_makes_no_project() -> None:
    found = policy_check(contact=ContactFactory(), raw="QQ-999", on=START)

    assert (found.status, found.project, Project.objects.count()) == ("not_found", None, 0)


def away(_number: str) -> None:
    raise Unavailable("away", "away")


def test_a_source_that_is_away_makes_no_project(settings: Any) -> None:
    settings.POLICY_SOURCE = "apps.policies.tests.test_services.away"

    assert policy_check(contact=ContactFactory(), raw="QQ-999", on=START).status == "unavailable"


def test_each_contact_of_a_policy_has_a_project_of_its_own() -> None:
    policy, (maria, igor) = PolicyFactory(), ContactFactory.create_batch(2)

    mine, is_new = project_for_policy(contact=maria, policy=policy)
    again, is_new_again = project_for_policy(contact=maria, policy=policy)
    his, _is_new = project_for_policy(contact=igor, policy=policy)

    assert (is_new, is_new_again) == (True, False)
    assert mine == again != his
    assert policy.number in mine.title
