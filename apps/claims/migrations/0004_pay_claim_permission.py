"""Paying has a permission of its own. Documents are asked for their permission now: two roles had it unasked."""

from typing import Any

from django.db import migrations




def withdraw(apps: Any, schema_editor: Any) -> None:
    """Roles are only ever added to by themselves, so what they are granted no longer is taken away once, here."""
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    withdrawn = {"view_document": ("Support agent", "Sales"), "view_consent": ("Finance",)}
    for codename, roles in withdrawn.items():
        for one in permission.objects.filter(content_type__app_label="claims", codename=codename):
            for role in group.objects.filter(name__in=roles):
                role.permissions.remove(one)


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0003_listed_at"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            "claim",
            {
                "ordering": ["-listed_at", "-id"],
                "permissions": [
                    ("decide_claim", "Can approve and reject claims"),
                    ("pay_claim", "Can mark claims as paid"),
                    ("request_documents", "Can ask an applicant for documents"),
                ],
                "verbose_name": "claim",
                "verbose_name_plural": "claims",
            },
        ),
        migrations.RunPython(withdraw, migrations.RunPython.noop),
    ]
