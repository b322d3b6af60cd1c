from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge_base", "0006_review_dates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name="knowledgedocument", name="document_review_by"),
        migrations.AddIndex(
            model_name="knowledgedocument",
            index=models.Index(fields=["status", "review_by"], name="document_due"),
        ),
        migrations.AddIndex(
            model_name="knowledgedocument",
            index=models.Index(fields=["category", "topic", "language", "id"], name="document_order"),
        ),
        migrations.AddIndex(
            model_name="knowledgedocument",
            index=models.Index(fields=["status", "language", "category", "title"], name="document_overview"),
        ),
    ]
