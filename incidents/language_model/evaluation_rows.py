"""Results of evaluations that were asked to be kept: one row per arm, drawn as a trend in the admin."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class EvaluationRow(models.Model):
    """One arm of an evaluation over one folder of cases."""

    at = models.DateTimeField(_("at"), db_default=Now(), editable=False)
    folder = models.CharField(_("cases"), max_length=200)
    analyst = models.CharField(_("analyst"), max_length=160)
    with_knowledge = models.BooleanField(_("with knowledge"), default=True)
    with_verification = models.BooleanField(_("with verification"), default=True)
    cases = models.PositiveIntegerField(_("number of cases"), default=0)
    tokens = models.PositiveIntegerField(_("tokens"), default=0)
    cost = models.FloatField(_("cost in US dollars"), default=0.0)
    seconds = models.FloatField(_("seconds per case"), default=0.0)
    summary: models.JSONField[Any, Any] = models.JSONField(_("summary"), default=dict)

    class Meta:
        app_label = "incidents"
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.analyst} on {self.folder} ({self.cases})"


class EvaluationCase(models.Model):
    """An analysis that was kept as a case for evaluations: `manage.py evaluate --kept`."""

    run = models.OneToOneField(
        "incidents.AnalysisRun", on_delete=models.SET_NULL, null=True, blank=True, related_name="evaluation_case",
        verbose_name=_("analysis run"),
    )  # fmt: skip
    slug = models.CharField(_("name"), max_length=80, unique=True)
    case: models.JSONField[Any, Any] = models.JSONField(_("case"), default=dict)
    is_confirmed = models.BooleanField(
        _("confirmed"), default=False, help_text=_("somebody said that the diagnosis was right")
    )
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("kept by"),
    )  # fmt: skip
    kept_at = models.DateTimeField(_("kept"), db_default=Now(), editable=False)

    class Meta:
        app_label = "incidents"
        verbose_name = _("evaluation case")
        verbose_name_plural = _("evaluation cases")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.slug
