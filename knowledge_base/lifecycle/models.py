"""What happened to a document: its revisions, its steps from draft to archive, the draft beside the published text,
what others suggest, and who used it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from knowledge_base.models import KnowledgeDocument


class HistoryIsFixed(Exception):
    """A revision is written once. A correction is the next revision."""


class DocumentRevision(models.Model):
    """What a document said from one change to the next. Never altered."""

    class Source(models.TextChoices):
        EDITED = "edited", _("Edited")
        IMPORTED = "imported", _("Imported")
        SHIPPED = "shipped", _("Shipped with the product")
        SUGGESTED = "suggested", _("Suggested from the portal")
        ROLLED_BACK = "rolled_back", _("Rolled back")

    document = models.ForeignKey(KnowledgeDocument, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField(_("revision"))
    content = models.JSONField(_("content"))
    content_hash = models.CharField(max_length=64)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("author")
    )
    source = models.CharField(_("source"), max_length=12, choices=Source, default=Source.EDITED)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    # The one thing that comes later: when readers first saw this text. None: they never did.
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ("document_id", "-number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "number"], name="one_revision_per_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="revision_numbers_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} r{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise HistoryIsFixed(str(self))
        super().save(*args, **kwargs)


class WorkingDraft(models.Model):
    """The next text of a published document. Readers keep the published one until this is published."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", _("In review")

    document = models.OneToOneField(KnowledgeDocument, models.CASCADE, related_name="working_draft")
    revision = models.ForeignKey(DocumentRevision, models.CASCADE, related_name="+")
    base_number = models.PositiveIntegerField()  # the published revision it was begun from
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT, db_index=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=["draft", "in_review"]), name="working_draft_state_known"),
        ]

    def __str__(self) -> str:
        return str(self.revision)

    @property
    def is_outdated(self) -> bool:
        """Whether readers got another text meanwhile, which publishing this one would undo."""
        return self.document.revision != self.base_number


class DocumentTransition(models.Model):
    """One step of a document: who took it, when and why."""

    class Step(models.TextChoices):
        SUBMIT = "submit", _("Submitted for review")
        WITHDRAW = "withdraw", _("Taken back from review")
        SEND_BACK = "send_back", _("Sent back to the author")
        PUBLISH = "publish", _("Published")
        UNPUBLISH = "unpublish", _("Taken out of search")
        ARCHIVE = "archive", _("Archived")
        RESTORE = "restore", _("Restored as a draft")
        DISCARD = "discard", _("Draft discarded")

    document = models.ForeignKey(KnowledgeDocument, models.CASCADE, related_name="transitions")
    step = models.CharField(_("step"), max_length=10, choices=Step)
    revision = models.PositiveIntegerField(_("revision"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    reason = models.CharField(_("reason"), max_length=1_000, blank=True)
    # Filled when broken retrieval contracts were overridden, with what they showed.
    override = models.CharField(_("override"), max_length=1_000, blank=True)
    contracts = models.JSONField(_("contracts"), default=dict, blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("step of a document")
        verbose_name_plural = _("steps of documents")
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"{self.document_id}: {self.step}"


class Suggestion(models.Model):
    """A change that a reader proposes. A curator accepts it as a draft or declines it with an answer."""

    class State(models.TextChoices):
        OPEN = "open", _("Waiting for an answer")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")

    document = models.ForeignKey(KnowledgeDocument, models.CASCADE, related_name="suggestions")
    base_number = models.PositiveIntegerField()  # the revision its author read
    content = models.JSONField(_("content"))
    note = models.CharField(_("why"), max_length=1_000)
    incident = models.CharField(_("incident"), max_length=32, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("from")
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN, db_index=True)
    answer = models.CharField(_("answer"), max_length=1_000, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("answered by"),
    )  # fmt: skip
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        ordering = ("-created_at", "-pk")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=["open", "accepted", "declined"]), name="suggestion_state"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id}: {self.note[:60]}"


class DocumentUse(models.Model):
    """How often a document was opened on a day, from a search or otherwise."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("opened")
        FOUND = "found", _("opened from a search")

    document = models.ForeignKey(KnowledgeDocument, models.CASCADE, related_name="uses")
    day = models.DateField()
    kind = models.CharField(max_length=6, choices=Kind)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "day", "kind"], name="one_count_per_day_and_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.day} {self.kind} {self.count}"


class DocumentCitation(models.Model):
    """A report that cites a document. The incident is named, not linked: its app knows ours, not the other way."""

    document = models.ForeignKey(KnowledgeDocument, models.CASCADE, related_name="citations")
    run_id = models.PositiveBigIntegerField()
    incident = models.CharField(max_length=32)
    cited_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-cited_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "run_id"], name="one_citation_per_run"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} in {self.incident}"
