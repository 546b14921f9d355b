from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("claims", "0009_staff_judged_documents")]
    operations = [
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('judgement', ''), ('state', models.F('judgement')), _connector='OR'), name='document_staff_have_the_last_word'),
        ),
    ]
