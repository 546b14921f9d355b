from django.contrib.auth.models import Group

from apps.accounts import roles
from apps.accounts.models import User

PASSWORD = "demo-claimdesk"

STAFF = [
    (roles.CLAIMS_HANDLER, "handler", "Ольга", "Ветрова"),
    (roles.SENIOR_HANDLER, "senior", "Игорь", "Лесной"),
    (roles.FINANCE, "finance", "Нина", "Речная"),
    (roles.SUPPORT_AGENT, "support", "Тарас", "Степовий"),
    (roles.SALES, "sales", "Вера", "Полевая"),
    (roles.AUDITOR, "auditor", "Павел", "Горный"),
    (roles.ADMINISTRATOR, "admin", "Анна", "Морская"),
]
LOGINS = [(role, username, PASSWORD) for role, username, _first, _last in STAFF]


def make_staff() -> None:
    """A user for each role. The administrator may do everything."""
    for role, username, first, last in STAFF:
        user, is_new = User.objects.get_or_create(
            username=username,
            defaults={"first_name": first, "last_name": last, "is_staff": True, "email": f"{username}@example.com"},
        )
        if is_new:
            user.set_password(PASSWORD)
            user.is_superuser = role == roles.ADMINISTRATOR
            user.save()
        user.groups.add(Group.objects.get(name=role))
