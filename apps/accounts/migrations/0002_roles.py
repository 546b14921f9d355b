"""The roles, as groups. Their permissions follow after each migrate (accounts.roles)."""

from typing import Any

from django.db import migrations

ROLES = ["Claims handler", "Senior handler", "Finance", "Support agent", "Sales", "Auditor", "Administrator"]


def create(apps: Any, schema_editor: Any) -> None:
    group = apps.get_model("auth", "Group")
    for name in ROLES:
        group.objects.get_or_create(name=name)


def remove(apps: Any, schema_editor: Any) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(create, remove)]
