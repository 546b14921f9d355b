"""Lists are in the order in which claims were begun or, once submitted, submitted."""

from typing import Any

from django.db import migrations, models
from django.db.models.functions import Coalesce


def fill(apps: Any, schema_editor: Any) -> None:
    apps.get_model("claims", "Claim").objects.update(listed_at=Coalesce("submitted_at", "created_at"))


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL changes no table with pending triggers of the same transaction

    dependencies = [("claims", "0002_search_index")]

    operations = [
        migrations.AddField(
            "claim",
            "listed_at",
            models.DateTimeField(null=True, verbose_name="begun or submitted"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField("claim", "listed_at", models.DateTimeField(verbose_name="begun or submitted")),
        migrations.AlterModelOptions(
            "claim",
            {
                "ordering": ["-listed_at", "-id"],
                "permissions": [
                    ("decide_claim", "Can approve and reject claims"),
                    ("request_documents", "Can ask an applicant for documents"),
                ],
                "verbose_name": "claim",
                "verbose_name_plural": "claims",
            },
        ),
        migrations.RemoveIndex("claim", "claim_newest"),
        migrations.RemoveIndex("claim", "claim_status_newest"),
        migrations.RemoveIndex("claim", "claim_event_newest"),
        migrations.AddIndex("claim", models.Index(fields=["-listed_at", "-id"], name="claim_newest")),
        migrations.AddIndex("claim", models.Index(fields=["status", "-listed_at", "-id"], name="claim_status_newest")),
        migrations.AddIndex(
            "claim", models.Index(fields=["event_type", "-listed_at", "-id"], name="claim_event_newest")
        ),
    ]
