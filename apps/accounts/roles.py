"""Roles are groups. Their names come from a migration; what each may do is written here after every migrate.

Accounts knows no app above it, so each app grants its own permissions: `grant("claims_handler", "claims.view_claim")`.
"""

from collections import defaultdict
from typing import Any

from django.apps import apps as installed
from django.db import transaction
from django.utils.translation import gettext_noop

CLAIMS_HANDLER = gettext_noop("Claims handler")
SENIOR_HANDLER = gettext_noop("Senior handler")
FINANCE = gettext_noop("Finance")
SUPPORT_AGENT = gettext_noop("Support agent")
SALES = gettext_noop("Sales")
AUDITOR = gettext_noop("Auditor")
ADMINISTRATOR = gettext_noop("Administrator")
ROLES = (CLAIMS_HANDLER, SENIOR_HANDLER, FINANCE, SUPPORT_AGENT, SALES, AUDITOR, ADMINISTRATOR)

_grants: dict[str, set[str]] = defaultdict(set)


def grant(permission: str, *roles: str) -> None:
    """Give each of `roles` the `app.codename` permission. Administrators have all of them anyway."""
    for role in roles:
        if role not in ROLES:
            raise ValueError(f"no role is named {role}")
        _grants[role].add(permission)


def write_permissions(**_: Any) -> None:
    """Add to each role's group what the apps grant it. Nothing is taken away: staff may have added more."""
    from django.contrib.auth.models import Group, Permission

    if not installed.is_installed("django.contrib.auth"):
        return
    by_name = {f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type")}
    with transaction.atomic():
        for role in ROLES:
            group = Group.objects.filter(name=role).first()
            if group is None:
                continue
            names = by_name if role == ADMINISTRATOR else _grants[role]
            group.permissions.add(*(by_name[name] for name in names if name in by_name))
