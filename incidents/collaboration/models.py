"""What people leave at an incident: comments, mentions, watching, ticks, notices, and that they are looking now."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

PERSON = settings.AUTH_USER_MODEL


class Comment(models.Model):
    """What somebody said about an incident. A deleted one keeps its place, and its texts for its history."""

    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        PERSON, on_delete=models.SET_NULL, null=True, blank=True, related_name="comments", verbose_name=_("author")
    )
    text = models.TextField(_("text"))
    mentioned: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        PERSON, related_name="+", blank=True, verbose_name=_("mentioned")
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    class Meta:
        app_label = "incidents"
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ["incident_id", "id"]
        indexes = [models.Index(fields=["author", "-created_at"], name="comments_of_author")]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.text[:60]}"

    def get_absolute_url(self) -> str:
        return reverse("comment-detail", args=[self.incident_id, self.pk])

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class CommentRevision(models.Model):
    """A text that a comment had before it was edited."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="revisions")
    text = models.TextField()
    until = models.DateTimeField(_("until"))

    class Meta:
        app_label = "incidents"
        ordering = ["comment_id", "id"]

    def __str__(self) -> str:
        return f"{self.comment_id} until {self.until:%Y-%m-%d %H:%M}"


class Watch(models.Model):
    """Somebody wants to hear of an incident; switched off it says that they do not, whatever they do there."""

    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="watches")
    user = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="watches")
    is_on = models.BooleanField(_("watching"), default=True)

    class Meta:
        app_label = "incidents"
        verbose_name = _("watcher")
        verbose_name_plural = _("watchers")
        constraints = [models.UniqueConstraint(fields=["incident", "user"], name="one_watch_per_person")]
        indexes = [models.Index(fields=["user", "is_on", "incident"], name="watched_by")]

    def __str__(self) -> str:
        return f"{self.user_id} watches {self.incident_id}"


class ActionTick(models.Model):
    """Somebody did a step of a report. `step` is the fingerprint of its title and command."""

    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="ticks")
    run = models.ForeignKey("incidents.AnalysisRun", on_delete=models.CASCADE, related_name="ticks")
    step = models.CharField(max_length=16)
    title = models.CharField(_("step"), max_length=300)
    done_by = models.ForeignKey(
        PERSON, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("done by")
    )
    done_at = models.DateTimeField(_("done at"))

    class Meta:
        app_label = "incidents"
        verbose_name = _("done step")
        verbose_name_plural = _("done steps")
        ordering = ["incident_id", "id"]
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="one_tick_per_step")]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.title}"


class Notice(models.Model):
    """A change that concerns somebody, until they have seen it. Mail or chat would hang on the making of these."""

    class Reason(models.TextChoices):
        MENTIONED = "mentioned", _("mentions you")
        ASSIGNED = "assigned", _("assigned to you")
        WATCHING = "watching", _("you watch it")

    user = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="notices")
    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="+")
    change = models.ForeignKey("incidents.IncidentChange", on_delete=models.CASCADE, related_name="notices")
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    is_unread = models.BooleanField(default=True)

    class Meta:
        app_label = "incidents"
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["user", "change"], name="one_notice_per_change")]
        indexes = [
            models.Index(fields=["user", "incident"], name="unread_notices", condition=Q(is_unread=True)),
            models.Index(fields=["user", "reason", "-change"], name="notices_by_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.reason} {self.change_id}"


class Looking(models.Model):
    """Somebody has an incident's page open. `process` keeps its rows fresh; stale ones count as gone."""

    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+")
    process = models.CharField(max_length=120)
    seen_at = models.DateTimeField()

    class Meta:
        app_label = "incidents"
        constraints = [models.UniqueConstraint(fields=["incident", "user", "process"], name="looking_once")]

    def __str__(self) -> str:
        return f"{self.user_id} looks at {self.incident_id}"
