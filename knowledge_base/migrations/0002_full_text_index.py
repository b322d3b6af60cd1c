"""Install the full-text index over stored chunks."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from knowledge_base.lexical import schema


def install(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    schema.install(editor.connection)


def remove(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    schema.remove(editor.connection)


class Migration(migrations.Migration):
    dependencies = [("knowledge_base", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
