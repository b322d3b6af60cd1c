"""What is kept when an incident ends: how it was closed, what remains to be done, its case, its post-mortem."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from incidents.models import AnalysisRun, Category, Incident, Language


def _person(label: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=label
    )


class Closing(models.Model):
    """One closing of one incident: what fixed it, and whether the report had been right.

    What the report said is copied, so that the row stays true when runs are deleted.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="closings")
    run = models.ForeignKey(AnalysisRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    resolution = models.TextField(_("what fixed it"), blank=True)
    verified = models.TextField(_("how it was verified"), blank=True)
    prevention = models.TextField(_("so that it does not come back"), blank=True)
    diagnosis_right = models.CharField(
        _("was the diagnosis right?"), max_length=10, choices=Incident.DiagnosisRight.choices, blank=True
    )
    actual_category = models.CharField(_("actual category"), max_length=15, choices=Category.choices, blank=True)
    actual_cause = models.CharField(_("actual cause"), max_length=80, blank=True, help_text=_("id of a hypothesis"))
    actual_words = models.CharField(_("what it was, in words"), max_length=500, blank=True)

    said_category = models.CharField(_("category said"), max_length=15, blank=True)
    said_cause = models.CharField(_("cause said"), max_length=80, blank=True)
    said_confidence = models.FloatField(_("confidence before correction"), null=True, blank=True)
    shown_confidence = models.FloatField(_("confidence shown"), null=True, blank=True)
    analyst = models.CharField(_("analyst"), max_length=120, blank=True)

    closed_by = _person(_("closed by"))
    closed_at = models.DateTimeField(_("closed at"))
    reopened_by = _person(_("reopened by"))
    reopened_at = models.DateTimeField(_("reopened at"), null=True, blank=True)
    reopen_reason = models.CharField(_("why reopened"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("closing")
        verbose_name_plural = _("closings")
        ordering = ["-id"]
        indexes = [models.Index(fields=["said_category", "-id"], name="closing_by_category")]
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(reopened_at__isnull=True), name="one_standing_closing_per_incident"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident.public_id}: {self.get_diagnosis_right_display() or '–'}"


class FollowUp(models.Model):
    """Something that remains to be done after an incident."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="follow_ups")
    text = models.CharField(_("task"), max_length=500)
    owner = _person(_("owner"))
    due = models.DateField(_("due"), null=True, blank=True)
    created_by = _person(_("created by"))
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    done_by = _person(_("done by"))
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)

    class Meta:
        verbose_name = _("follow-up task")
        verbose_name_plural = _("follow-up tasks")
        ordering = ["incident_id", "id"]
        indexes = [models.Index(fields=["due"], condition=Q(done_at__isnull=True), name="follow_up_open_by_due")]

    def __str__(self) -> str:
        return self.text


class ConfidenceSwitch(models.Model):
    """Whether history may lower confidence, of one category or (empty) of all. Rows are added, never altered."""

    category = models.CharField(
        _("category"), max_length=15, choices=Category.choices, blank=True, help_text=_("Empty: all of them.")
    )
    is_on = models.BooleanField(_("correct confidence"), default=False)
    reason = models.CharField(_("reason"), max_length=300)
    changed_by = _person(_("changed by"))
    changed_at = models.DateTimeField(_("changed at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("switch of the confidence correction")
        verbose_name_plural = _("switches of the confidence correction")
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="confidence_switch_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.category or '*'}: {'on' if self.is_on else 'off'}"


class IncidentCase(models.Model):
    """The case that an incident was made into. One per incident, also after its document is gone."""

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="case")
    document = models.OneToOneField(
        "knowledge_base.KnowledgeDocument", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    drafted_hash = models.CharField(max_length=64)
    drafted_at = models.DateTimeField(_("drafted at"))
    masked: models.JSONField[Any, Any] = models.JSONField(_("masked"), default=dict, blank=True)

    class Meta:
        verbose_name = _("case of an incident")
        verbose_name_plural = _("cases of incidents")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.incident_id} → {self.document_id or '–'}"


class PostMortem(models.Model):
    """The post-mortem of an incident in one language. `version` counts every save."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="post_mortems")
    language = models.CharField(_("language"), max_length=2, choices=Language.choices)
    body = models.TextField(_("text"))
    version = models.PositiveIntegerField(_("version"), default=1)
    updated_by = _person(_("updated by"))
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("post-mortem")
        verbose_name_plural = _("post-mortems")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["incident", "language"], name="one_post_mortem_per_language")]

    def __str__(self) -> str:
        return f"{self.incident_id} ({self.language})"


class PostMortemVersion(models.Model):
    """A post-mortem as it was saved. Rows are added, never altered."""

    post_mortem = models.ForeignKey(PostMortem, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    body = models.TextField(_("text"))
    note = models.CharField(_("what changed"), max_length=200, blank=True)
    saved_by = _person(_("saved by"))
    saved_at = models.DateTimeField(_("saved at"))

    class Meta:
        verbose_name = _("version of a post-mortem")
        verbose_name_plural = _("versions of post-mortems")
        ordering = ["post_mortem_id", "-number"]
        constraints = [models.UniqueConstraint(fields=["post_mortem", "number"], name="post_mortem_versions_numbered")]

    def __str__(self) -> str:
        return f"{self.post_mortem_id}/{self.number}"


class ReportFeedback(models.Model):
    """What one person says about one report."""

    class Verdict(models.TextChoices):
        HELPED = "helped", _("Helped")
        WRONG = "wrong", _("Wrong")

    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="feedback")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(_("verdict"), max_length=6, choices=Verdict.choices)
    why = models.CharField(_("why"), max_length=500, blank=True)
    given_at = models.DateTimeField(_("given at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("feedback on a report")
        verbose_name_plural = _("feedback on reports")
        ordering = ["-given_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["run", "user"], name="one_feedback_per_report_and_person")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.verdict}"
