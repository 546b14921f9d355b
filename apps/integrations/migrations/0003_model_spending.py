from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0002_system")]

    operations = [
        migrations.CreateModel(
            name="ModelSpending",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True, verbose_name="day")),
                ("spent", models.BigIntegerField(default=0, verbose_name="spent, in millionths")),
                ("calls", models.PositiveIntegerField(default=0, verbose_name="calls")),
                ("useless", models.PositiveIntegerField(default=0, verbose_name="answers of no use")),
                ("tokens_in", models.PositiveBigIntegerField(default=0, verbose_name="tokens sent")),
                ("tokens_out", models.PositiveBigIntegerField(default=0, verbose_name="tokens received")),
            ],
            options={
                "verbose_name": "model spending",
                "verbose_name_plural": "model spending",
                "ordering": ["-day"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("spent__gte", 0)), name="model_spending_not_negative")
                ],
            },
        ),
    ]
