from django.db import migrations
from django.db.models import F


def keep_judgements(apps, schema_editor):
    """Until now only staff judged."""
    Document = apps.get_model("claims", "Document")
    Document.objects.filter(state__in=["accepted", "rejected"]).update(judgement=F("state"))


def forget_judgements(apps, schema_editor):
    Document = apps.get_model("claims", "Document")
    Document.objects.exclude(judgement="").update(state=F("judgement"))
    Document.objects.filter(judgement="").update(state="received")
    Document.objects.update(judgement="")


class Migration(migrations.Migration):
    dependencies = [("claims", "0008_documents_read_and_checklists")]
    operations = [migrations.RunPython(keep_judgements, forget_judgements)]
