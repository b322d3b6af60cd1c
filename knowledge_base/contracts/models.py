"""Retrieval as it was measured, and the questions that don't find their document now."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from knowledge_base.models import KnowledgeDocument


class RetrievalMeasurement(models.Model):
    """One asking of all contracts. Without a time it is a request, which the owner of the vectors works off."""

    class Trigger(models.TextChoices):
        COMMAND = "command", _("Command")
        PUBLISH = "publish", _("After publishing")
        REINDEX = "reindex", _("After a reindex")
        GLOSSARY = "glossary", _("After a change of the glossary")
        CURATOR = "curator", _("Asked for by a curator")

    trigger = models.CharField(_("occasion"), max_length=10, choices=Trigger)
    about = models.CharField(_("about"), max_length=120, blank=True)  # the document that was published
    requested_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(_("when"), null=True, blank=True, db_index=True)
    documents = models.PositiveIntegerField(_("documents"), default=0)
    questions = models.PositiveIntegerField(_("questions asked"), default=0)
    questions_known = models.PositiveIntegerField(default=0)  # more than asked: a sample was taken
    recall_1 = models.FloatField(null=True)
    recall_5 = models.FloatField(null=True)
    mrr = models.FloatField(null=True)
    off_topic = models.PositiveIntegerField(default=0)
    abstention = models.FloatField(null=True)  # share of the off-topic questions that were left unanswered
    by_language = models.JSONField(default=dict)
    embedder = models.CharField(max_length=120, blank=True)  # empty: the full text alone
    seconds = models.FloatField(default=0.0)

    class Meta:
        verbose_name = _("measurement of retrieval")
        verbose_name_plural = _("measurements of retrieval")
        ordering = ("-taken_at", "-pk")

    def __str__(self) -> str:
        return f"{self.trigger} {self.taken_at or self.requested_at:%Y-%m-%d %H:%M}"


class FailingContract(models.Model):
    """A question that does not find its document among the first results, as of the last time it was asked."""

    document = models.ForeignKey(KnowledgeDocument, models.CASCADE, related_name="failing_contracts")
    question = models.TextField()
    place = models.PositiveIntegerField(null=True, blank=True)  # None: not among the results at all
    instead = models.CharField(max_length=120, blank=True)  # the document that comes first
    checked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("document_id", "pk")
        indexes: ClassVar = [models.Index(fields=["checked_at"], name="failing_contract_checked")]

    def __str__(self) -> str:
        return f"{self.document_id}: {self.question[:60]}"
