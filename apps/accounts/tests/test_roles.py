"""Roles are groups from a migration; what they may do follows after each migrate."""

import pytest
from django.contrib.auth.models import Group, Permission

from apps.accounts import roles
from apps.accounts.models import User
from apps.accounts.roles import ADMINISTRATOR, CLAIMS_HANDLER, FINANCE, ROLES, SENIOR_HANDLER, write_permissions

pytestmark = pytest.mark.django_db


def granted(role: str) -> set[str]:
    rows = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
    return {f"{app}.{name}" for app, name in rows}


@pytest.fixture(autouse=True)
def migrated() -> None:
    for role in ROLES:
        Group.objects.get_or_create(name=role)
    write_permissions()


def test_every_role_has_what_the_apps_grant_it() -> None:
    assert [name for role, wanted in roles._grants.items() for name in wanted - granted(role)] == []
    assert granted(ADMINISTRATOR) >= {"claims.decide_claim", "accounts.add_user", "core.view_metrics"}


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (CLAIMS_HANDLER, "claims.change_claim", "claims.decide_claim"),
        (SENIOR_HANDLER, "claims.decide_claim", "accounts.change_user"),
        (FINANCE, "contacts.reveal_personal", "claims.change_claim"),
        ("Support agent", "claims.view_claim", "contacts.reveal_personal"),
        ("Sales", "contacts.view_contact", "claims.view_requisites"),
        ("Auditor", "core.view_auditentry", "core.change_delivery"),
    ],
)
def test_a_member_may_what_the_role_is_for_and_no_more(role: str, may: str, may_not: str) -> None:
    user = User.objects.create_user("olga")
    user.groups.add(Group.objects.get(name=role))

    assert (user.has_perm(may), user.has_perm(may_not)) == (True, False)


def test_what_ops_have_added_stays_after_the_next_migrate() -> None:
    Group.objects.get(name="Sales").permissions.add(Permission.objects.get(codename="view_requisites"))
    write_permissions()

    assert "claims.view_requisites" in granted("Sales")


def test_a_role_that_ops_deleted_does_not_come_back() -> None:
    Group.objects.get(name="Sales").delete()
    write_permissions()

    assert not Group.objects.filter(name="Sales").exists()


def test_a_grant_to_nobody_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no role is named Wizard"):
        roles.grant("claims.view_claim", "Wizard")
