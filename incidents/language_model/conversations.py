"""What was asked about an incident after its analysis, and what was drafted for others; kept with the incident."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

STALE = timedelta(seconds=30)  # an answer that has not grown for so long belongs to a process that is gone


class Turn(models.Model):
    """A question and its answer, or a draft. The answer grows while it is written."""

    class Kind(models.TextChoices):
        QUESTION = "question", _("Question")
        MESSAGE = "message", _("Message to the team")
        STATUS_PAGE = "status-page", _("Status page")
        POST_MORTEM = "post-mortem", _("Post-mortem")

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        WRITING = "writing", _("Writing")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="turns")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.QUESTION)
    language = models.CharField(_("language"), max_length=2, default="en")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("asked by"),
    )  # fmt: skip
    question = models.TextField(_("question"), blank=True)
    answer = models.TextField(_("answer"), blank=True)
    struck: models.JSONField[Any, Any] = models.JSONField(_("struck out"), default=list, blank=True)
    analyst = models.CharField(_("analyst"), max_length=160, default="rules")
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.WAITING)
    notice = models.TextField(_("notice"), blank=True)
    usage: models.JSONField[Any, Any] = models.JSONField(_("usage"), default=dict, blank=True)
    asked_at = models.DateTimeField(_("asked at"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        app_label = "incidents"
        verbose_name = _("conversation turn")
        verbose_name_plural = _("conversation turns")
        ordering = ["incident_id", "id"]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.kind} ({self.status})"

    @property
    def is_open(self) -> bool:
        """Whether the answer may still grow."""
        waits = self.status in (self.Status.WAITING, self.Status.WRITING)
        return waits and timezone.now() - self.updated_at < STALE

    @property
    def is_abandoned(self) -> bool:
        return self.status in (self.Status.WAITING, self.Status.WRITING) and not self.is_open

    @property
    def is_draft(self) -> bool:
        return self.kind != self.Kind.QUESTION
