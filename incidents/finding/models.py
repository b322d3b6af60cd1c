"""What finding incidents needs beside them: indexed words, named traits, saved views, and bulk changes to undo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class IncidentText(models.Model):
    """The terms of one incident, which the database keeps a full-text index over. A cache: one command remakes it.

    Columns hold terms as `knowledge_base.tokens` makes them, divided by spaces, each column from its own source so that
    a change of one needs no reading of the others.
    """

    incident = models.OneToOneField(
        "incidents.Incident", on_delete=models.CASCADE, primary_key=True, related_name="indexed_text"
    )
    head = models.TextField(blank=True)  # title, summary, number, version
    said = models.TextField(blank=True)  # description and what fixed it
    report = models.TextField(blank=True)  # root cause, findings and the lines they quote
    evidence = models.TextField(blank=True)
    comments = models.TextField(blank=True)
    evidence_until = models.PositiveIntegerField(default=0)
    version = models.PositiveSmallIntegerField(default=0)  # of the way terms are made
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "incidents"
        verbose_name = _("indexed incident")
        verbose_name_plural = _("indexed incidents")

    def __str__(self) -> str:
        return f"Terms of incident #{self.pk}"


class IncidentTrait(models.Model):
    """Something that the newest report of an incident names: by these, incidents are alike and causes are counted."""

    class Kind(models.TextChoices):
        FINDING = "finding", _("finding")
        CAUSE = "cause", _("root cause")
        DOCUMENT = "document", _("cited document")

    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="traits")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=120)
    at = models.DateTimeField()  # the incident's creation, so that counting by time needs no join

    class Meta:
        app_label = "incidents"
        verbose_name = _("trait")
        verbose_name_plural = _("traits")
        constraints = [models.UniqueConstraint(fields=["incident", "kind", "name"], name="trait_once_per_incident")]
        indexes = [
            models.Index(fields=["kind", "name", "-incident"], name="trait_by_name"),
            models.Index(fields=["kind", "at", "name"], name="trait_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.kind} {self.name}"


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def seen_by(self, user: Any) -> SavedViewQuerySet:
        """Somebody's own views and those that others share."""
        return self.filter(Q(owner=user) | Q(is_shared=True))


class SavedView(models.Model):
    """A list of incidents that somebody comes back to: filters and order under a name."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=2000, blank=True)
    is_shared = models.BooleanField(_("shared with everybody"), default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["is_shared", "name", "pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="view_name_per_owner")]

    def __str__(self) -> str:
        return self.name


class DefaultView(models.Model):
    """The view that somebody's list opens with. It may be one that another person shares."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="default_view"
    )
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")

    class Meta:
        app_label = "incidents"
        verbose_name = _("default view")
        verbose_name_plural = _("default views")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.view_id}"


class BulkChange(models.Model):
    """One change made to many incidents at once, with what stood before, so that it can be taken back."""

    class Kind(models.TextChoices):
        STATUS = "status", _("status")
        ASSIGNEE = "assignee", _("assignee")
        WATCH = "watch", _("watching")

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    before: models.JSONField[Any, Any] = models.JSONField(default=dict)  # incident id → status, assignee id or watching
    after = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField(db_default=Now(), editable=False)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "incidents"
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} of {len(self.before)} incidents"
