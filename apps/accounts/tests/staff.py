"""Staff for tests: one person for a role."""

from django.contrib.auth.models import Group
from django.test import Client

from apps.accounts.models import User
from apps.accounts.roles import write_permissions


def staff(role: str, username: str = "") -> User:
    """A member of staff with `role` as migrations and grants make it; "" is a superuser."""
    name = username or role.split(" ")[0].lower() or "root"
    user = User.objects.create(username=name, is_staff=True, is_superuser=not role, first_name=role or "Root")
    if role:
        group, _new = Group.objects.get_or_create(name=role)  # a test with real transactions has emptied the table
        if not group.permissions.exists():
            write_permissions()
        user.groups.add(group)
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
