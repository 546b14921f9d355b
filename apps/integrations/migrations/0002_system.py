from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0003_targets"), ("integrations", "0001_sms_messages")]

    operations = [
        migrations.CreateModel(
            name="System",
            fields=[],
            options={
                "verbose_name": "integration",
                "verbose_name_plural": "integrations",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("core.target",),
        ),
    ]
