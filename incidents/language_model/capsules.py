"""Time capsules: what an analysis was made of, so that it can be made again and compared."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Capsule(models.Model):
    """What a run had before it beside its evidence, which never changes. Its output stands in the run itself."""

    run = models.OneToOneField("incidents.AnalysisRun", on_delete=models.CASCADE, related_name="capsule")
    knowledge: models.JSONField[Any, Any] = models.JSONField(_("knowledge"), default=dict)
    parameters: models.JSONField[Any, Any] = models.JSONField(_("parameters"), default=dict)
    sealed_at = models.DateTimeField(_("sealed"), db_default=Now(), editable=False)

    class Meta:
        app_label = "incidents"
        verbose_name = _("time capsule")
        verbose_name_plural = _("time capsules")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Capsule of run #{self.run_id}"


class Replay(models.Model):
    """A run made again from its capsule, with something changed. Leaves the incident itself alone."""

    class Knowledge(models.TextChoices):
        FROZEN = "frozen", _("as it was")
        CURRENT = "current", _("as it is now")
        NONE = "none", _("none")

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    run = models.ForeignKey("incidents.AnalysisRun", on_delete=models.CASCADE, related_name="replays")
    analyst = models.CharField(_("analyst"), max_length=160, help_text=_("`rules`, or the name of a model"))
    knowledge = models.CharField(_("knowledge"), max_length=8, choices=Knowledge.choices, default=Knowledge.FROZEN)
    prompt_version = models.PositiveSmallIntegerField(_("version of the prompts"), null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.WAITING)
    result: models.JSONField[Any, Any] = models.JSONField(_("result"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    worker = models.CharField(_("worker"), max_length=120, blank=True)  # who makes it; empty while nobody does
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    at = models.DateTimeField(_("at"), db_default=Now(), editable=False)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        app_label = "incidents"
        verbose_name = _("replay")
        verbose_name_plural = _("replays")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Replay of run #{self.run_id} by {self.analyst} ({self.status})"
