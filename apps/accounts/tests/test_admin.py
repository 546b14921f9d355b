import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from apps.accounts.models import ApiToken, User
from apps.accounts.roles import write_permissions
from apps.accounts.services import api_token_create, api_token_use
from apps.core.models import AuditEntry

pytestmark = pytest.mark.django_db
TOKENS, USERS = "/admin/accounts/apitoken/", "/admin/accounts/user/"


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def administrator():
    write_permissions()
    user = User.objects.create(username="administrator", is_staff=True)
    user.groups.add(Group.objects.get(name="Administrator"))
    return user


def test_a_tokens_secret_is_shown_once(administrator):
    system = User.objects.create(username="system", is_staff=True)
    client = client_of(administrator)

    made = client.post(f"{TOKENS}add/", {"user": system.pk, "name": "metrics"})

    (secret,) = set(re.findall(r"cdk_[\w-]{43}", made.content.decode()))
    assert api_token_use(secret=secret, now=timezone.now()) == system
    token = ApiToken.objects.get()
    assert secret not in client.get(f"{TOKENS}{token.pk}/change/").content.decode()
    assert secret not in client.get(TOKENS).content.decode()
    assert AuditEntry.objects.get(action="api_token.create").actor == administrator


def test_a_revoked_token_ends_at_once(administrator):
    token, secret = api_token_create(
        user=administrator, name="metrics", expires_at=None, actor=None, now=timezone.now()
    )

    client_of(administrator).post(TOKENS, {"action": "revoke", "_selected_action": [str(token.pk)]})

    assert api_token_use(secret=secret, now=timezone.now()) is None
    assert AuditEntry.objects.filter(action="api_token.revoke").count() == 1


def test_a_token_is_not_edited(administrator):
    token, _secret = api_token_create(
        user=administrator, name="metrics", expires_at=None, actor=None, now=timezone.now()
    )
    page = f"{TOKENS}{token.pk}/change/"

    assert client_of(administrator).post(page, {"name": "other"}).status_code == 403


def test_an_administrator_gives_no_superusers_token(administrator):
    root = User.objects.create(username="root", is_superuser=True, is_staff=True)

    client_of(administrator).post(f"{TOKENS}add/", {"user": root.pk, "name": "all"})

    assert not ApiToken.objects.exists()


def user_form(user, **changed):
    return {"username": user.username, "first_name": user.first_name, "last_name": "", "email": "", "language": "ru",
            "time_zone": "Europe/Moscow", "is_active": "on", "is_staff": "on", **changed}  # fmt: skip


def test_an_administrator_gives_roles_and_makes_no_superuser(administrator):
    clerk = User.objects.create(username="clerk", is_staff=True)
    finance = Group.objects.get(name="Finance")
    client = client_of(administrator)

    saved = client.post(f"{USERS}{clerk.pk}/change/", user_form(clerk, groups=[finance.pk], is_superuser="on"))

    assert saved.status_code == 302
    clerk.refresh_from_db()
    assert list(clerk.groups.all()) == [finance]
    assert not clerk.is_superuser


def test_a_superuser_is_changed_by_superusers_only(administrator):
    root = User.objects.create(username="root", is_superuser=True, is_staff=True)
    client = client_of(administrator)

    assert client.post(f"{USERS}{root.pk}/change/", user_form(root, is_active="")).status_code == 403
    assert client.get(f"{USERS}{root.pk}/password/").status_code in (302, 403)
    assert client_of(root).post(f"{USERS}{root.pk}/change/", user_form(root)).status_code == 302


def test_a_new_user_is_staff(administrator):
    secret = "quite a long secret"
    client_of(administrator).post(f"{USERS}add/", {
        "username": "new", "usable_password": "true", "password1": secret, "password2": secret, "language": "ru",
        "time_zone": "Europe/Moscow", "first_name": "Анна", "last_name": "Новая",
    })  # fmt: skip

    assert User.objects.get(username="new").is_staff


def test_nobody_deletes_a_user(administrator):
    clerk = User.objects.create(username="clerk", is_staff=True)

    assert client_of(administrator).post(f"{USERS}{clerk.pk}/delete/", {"post": "yes"}).status_code == 403
