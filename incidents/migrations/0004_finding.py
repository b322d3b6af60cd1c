"""Indexed words and traits of incidents, saved views, bulk changes; and the full-text index itself."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from incidents.finding import schema


def install(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    schema.install(editor.connection)


def remove(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    schema.remove(editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('incidents', '0003_rule_threshold'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('status', 'status'), ('assignee', 'assignee'), ('watch', 'watching')], max_length=10)),
                ('before', models.JSONField(default=dict)),
                ('after', models.CharField(blank=True, max_length=150)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'bulk change',
                'verbose_name_plural': 'bulk changes',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='DefaultView',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='default_view', serialize=False, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'default view',
                'verbose_name_plural': 'default views',
            },
        ),
        migrations.CreateModel(
            name='IncidentText',
            fields=[
                ('incident', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='indexed_text', serialize=False, to='incidents.incident')),
                ('head', models.TextField(blank=True)),
                ('said', models.TextField(blank=True)),
                ('report', models.TextField(blank=True)),
                ('evidence', models.TextField(blank=True)),
                ('comments', models.TextField(blank=True)),
                ('evidence_until', models.PositiveIntegerField(default=0)),
                ('version', models.PositiveSmallIntegerField(default=0)),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'verbose_name': 'indexed incident',
                'verbose_name_plural': 'indexed incidents',
            },
        ),
        migrations.CreateModel(
            name='IncidentTrait',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('finding', 'finding'), ('cause', 'root cause'), ('document', 'cited document')], max_length=10)),
                ('name', models.CharField(max_length=120)),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'trait',
                'verbose_name_plural': 'traits',
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('query', models.CharField(blank=True, max_length=2000, verbose_name='filters')),
                ('is_shared', models.BooleanField(default=False, verbose_name='shared with everybody')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name': 'saved view',
                'verbose_name_plural': 'saved views',
                'ordering': ['is_shared', 'name', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='incident',
            name='diagnosed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='diagnosed at'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['-updated_at', '-id'], name='incident_by_change'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['created_at', 'status', 'severity'], name='incident_by_creation'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['resolved_at', 'diagnosis_right'], name='incident_by_resolution'),
        ),
        migrations.AddField(
            model_name='bulkchange',
            name='actor',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='incidenttrait',
            name='incident',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='traits', to='incidents.incident'),
        ),
        migrations.AddField(
            model_name='savedview',
            name='owner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='defaultview',
            name='view',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='incidents.savedview'),
        ),
        migrations.AddIndex(
            model_name='incidenttrait',
            index=models.Index(fields=['kind', 'name', '-incident'], name='trait_by_name'),
        ),
        migrations.AddIndex(
            model_name='incidenttrait',
            index=models.Index(fields=['kind', 'at', 'name'], name='trait_by_time'),
        ),
        migrations.AddConstraint(
            model_name='incidenttrait',
            constraint=models.UniqueConstraint(fields=('incident', 'kind', 'name'), name='trait_once_per_incident'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(fields=('owner', 'name'), name='view_name_per_owner'),
        ),
        migrations.RunPython(install, remove),
    ]
