"""What is remembered of imports: where a document came from, and an import on its way from upload to confirmation."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class ImportedDocument(models.Model):
    """Where a document came from and what it said then. Tells a file's change from one made here."""

    document = models.OneToOneField(
        "knowledge_base.KnowledgeDocument", on_delete=models.CASCADE, primary_key=True, related_name="imported"
    )
    label = models.CharField(max_length=300, db_index=True)  # the folder, checkout or archive
    path = models.CharField(max_length=500)  # in it
    digest = models.CharField(max_length=64, blank=True)  # of a file that holds just this document
    content_hash = models.CharField(max_length=64)  # of the document after the import
    imported_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(label=""), name="import_has_a_label")]

    def __str__(self) -> str:
        return f"{self.label}: {self.path}"


class ImportJob(models.Model):
    """An upload on its way: first judged row by row, then, after a confirmation, imported. Either can be taken up
    again where it stopped."""

    class State(models.TextChoices):
        JUDGING = "judging", _("Being checked")
        JUDGED = "judged", _("Waiting for your confirmation")
        IMPORTING = "importing", _("Being imported")
        DONE = "done", _("Imported")
        REFUSED = "refused", _("Refused")

    name = models.CharField(max_length=255)
    file = models.CharField(max_length=64)  # name in the directory of uploads
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.JUDGING)
    status = models.CharField(max_length=10, default="draft")  # of new documents
    overwrite = models.BooleanField(default=False)  # documents changed here
    removed = models.CharField(max_length=10, default="keep")  # documents whose files are gone: keep, draft, archive
    position = models.PositiveIntegerField(default=0)  # rows done
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["judging", "judged", "importing", "done", "refused"]), name="import_state_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    def get_absolute_url(self) -> str:
        return reverse("admin:knowledge_base_import_job", args=[self.pk])

    @property
    def is_running(self) -> bool:
        return self.state in (self.State.JUDGING, self.State.IMPORTING)


class ImportJobRow(models.Model):
    """The verdict on one row of an upload."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    document_id = models.CharField(max_length=120, blank=True)
    title = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=500, blank=True)
    outcome = models.CharField(max_length=10)
    sentence = models.TextField(blank=True)

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "number"], name="one_verdict_per_row")]
        indexes: ClassVar = [models.Index(fields=["job", "outcome", "number"], name="import_row_outcome")]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"
