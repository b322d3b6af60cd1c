"""Every call to a model that left this machine: what was sent, what came back, what it cost."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from sre_portal.llm.base import Usage


class ModelCallQuerySet(models.QuerySet["ModelCall"]):
    def of_day(self, day: date) -> ModelCallQuerySet:
        """Calls of one day in UTC."""
        start = datetime.combine(day, time.min, tzinfo=UTC)
        return self.filter(at__gte=start, at__lt=start + timedelta(days=1))

    def spent(self) -> Usage:
        """What these calls consumed together. Calls without a known price count nothing in money."""
        sums = self.aggregate(tokens_in=Sum("tokens_in"), tokens_out=Sum("tokens_out"), cost=Sum("cost"))
        return Usage(sums["tokens_in"] or 0, sums["tokens_out"] or 0, sums["cost"] or 0.0)


class ModelCall(models.Model):
    """One request to a model. Written before it is sent, so that nothing leaves without a trace.

    `messages` is what was sent, masked as it was sent; the originals stay with the incident.
    """

    class Purpose(models.TextChoices):
        EXPLAIN = "explain", _("explanation")
        WEIGH = "weigh", _("weighing of rivals")
        FOLLOW_UP = "follow-up", _("follow-up question")
        DRAFT = "draft", _("draft")
        REPLAY = "replay", _("replay")
        CHECK = "check", _("check of the model")
        EMBED = "embed", _("vectors")

    class Outcome(models.TextChoices):
        SENT = "sent", _("sent")
        ANSWERED = "answered", _("answered")
        FAILED = "failed", _("failed")
        ABANDONED = "abandoned", _("abandoned")

    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.CASCADE, null=True, blank=True, related_name="model_calls",
        verbose_name=_("incident"),
    )  # fmt: skip
    run = models.ForeignKey(
        "incidents.AnalysisRun", on_delete=models.CASCADE, null=True, blank=True, related_name="model_calls",
        verbose_name=_("analysis run"),
    )  # fmt: skip
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("requested by"),
    )  # fmt: skip
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices)
    model = models.CharField(_("model"), max_length=160)
    endpoint = models.CharField(_("endpoint"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"))
    seconds = models.FloatField(_("seconds"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.SENT)
    error = models.CharField(_("error"), max_length=400, blank=True)
    tokens_in = models.PositiveIntegerField(_("tokens sent"), default=0)
    tokens_out = models.PositiveIntegerField(_("tokens received"), default=0)
    cost = models.FloatField(_("cost in US dollars"), null=True, blank=True)
    is_estimated = models.BooleanField(_("estimated"), default=False)
    masked: models.JSONField[Any, Any] = models.JSONField(_("masked"), default=dict, blank=True)
    messages: models.JSONField[Any, Any] = models.JSONField(_("messages"), default=list, blank=True)
    options: models.JSONField[Any, Any] = models.JSONField(_("options"), default=dict, blank=True)
    answer = models.TextField(_("answer"), blank=True)

    objects = ModelCallQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        verbose_name = _("model call")
        verbose_name_plural = _("model calls")
        ordering = ["-id"]
        indexes = [models.Index(fields=["at"], name="model_call_by_time")]

    def __str__(self) -> str:
        return f"{self.purpose}: {self.model} ({self.outcome})"
