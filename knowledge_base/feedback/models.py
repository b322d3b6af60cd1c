"""What people say about documents, what that sums up to, and where it is switched off."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from knowledge_base.models import KnowledgeDocument


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def counted(self) -> FeedbackQuerySet:
        """What moves ranking: neither withdrawn by its author nor settled by a curator."""
        return self.filter(withdrawn_at__isnull=True, settled_at__isnull=True)

    def open_complaints(self) -> FeedbackQuerySet:
        return self.counted().filter(verdict=Feedback.Verdict.WRONG)


class Feedback(models.Model):
    """One person about one document on one occasion. Saying it again replaces what was said."""

    class Verdict(models.TextChoices):
        HELPED = "helped", _("Helped")
        WRONG = "wrong", _("Wrong")

    document = models.ForeignKey(
        KnowledgeDocument, on_delete=models.CASCADE, related_name="feedback", verbose_name=_("document")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("person")
    )
    occasion = models.CharField(
        _("occasion"), max_length=40, blank=True, help_text=_("The incident's number; empty on the document's page.")
    )
    verdict = models.CharField(_("verdict"), max_length=6, choices=Verdict)
    why = models.CharField(_("why"), max_length=500, blank=True)
    weight = models.FloatField(_("weight"), default=1.0)  # less than 1 when it was said of the whole report
    revision = models.PositiveIntegerField(_("about revision"), default=1)
    given_at = models.DateTimeField(_("given at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("settled by"),
    )  # fmt: skip

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ("-given_at", "-id")
        indexes: ClassVar = [models.Index(fields=["document", "verdict"], name="feedback_of_document")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "user", "occasion"], name="one_feedback_per_occasion"),
            models.CheckConstraint(condition=Q(weight__gt=0, weight__lte=1), name="feedback_weight_is_a_share"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id}: {self.verdict}"


class FeedbackTally(models.Model):
    """What the feedback on a document sums up to. Written with every change, so that a search reads one row."""

    document = models.OneToOneField(
        KnowledgeDocument, on_delete=models.CASCADE, primary_key=True, related_name="feedback_tally"
    )
    helped = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)
    shift = models.FloatField(default=0.0)  # what ranking adds; 0 where feedback is switched off for the document
    is_off = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("sum of feedback")
        verbose_name_plural = _("sums of feedback")

    def __str__(self) -> str:
        return f"{self.document_id}: {self.shift:+.3f}"


class FeedbackSwitch(models.Model):
    """Whether feedback moves ranking, of one document or (empty) of all. Rows are added, never altered."""

    document = models.ForeignKey(
        KnowledgeDocument, on_delete=models.CASCADE, null=True, blank=True, related_name="+",
        verbose_name=_("document"), help_text=_("Empty: all of them."),
    )  # fmt: skip
    is_on = models.BooleanField(_("feedback moves ranking"), default=False)
    reason = models.CharField(_("reason"), max_length=300)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("changed by"),
    )  # fmt: skip
    changed_at = models.DateTimeField(_("changed at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("switch of feedback")
        verbose_name_plural = _("switches of feedback")
        ordering = ("-id",)
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(reason=""), name="feedback_switch_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.document_id or '*'}: {'on' if self.is_on else 'off'}"
