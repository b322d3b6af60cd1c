"""Knowledge documents and what keeps their indexes in step.

The relational database is the truth. Stored chunks (full text) and vectors are caches made from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from knowledge_base.passages import DocumentCard, chunk_key

CONTENT_FIELDS = (
    "kind", "language", "topic", "category", "severity", "title", "symptoms", "root_causes", "diagnosis_steps",
    "solutions", "prevention", "related_metrics", "tags", "applies_to", "preconditions", "questions", "sources",
    "notes",
)  # fmt: skip
DOCUMENT_ID = RegexValidator(r"^[\w][\w.:-]{0,119}$", _("Use letters, digits and . _ : - only, at most 120 of them."))


def content_hash(fields: dict[str, Any]) -> str:
    """The same for the same content, however it was written down."""
    content = {name: fields.get(name) for name in CONTENT_FIELDS}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class DocumentQuerySet(models.QuerySet["KnowledgeDocument"]):
    """Bulk operations send no signals, so these tell the index themselves."""

    def published(self) -> DocumentQuerySet:
        return self.filter(status=KnowledgeDocument.Status.PUBLISHED)

    def update(self, **values: Any) -> int:
        with transaction.atomic():
            ids = list(self.values_list("pk", flat=True))
            count = super().update(**values)
            if set(values) & set(CONTENT_FIELDS):
                _revise(KnowledgeDocument.objects.filter(pk__in=ids))
            IndexTask.objects.enqueue(ids)
        return count

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        objs = list(objs)
        for document in objs:
            document.stamp_content()
        with transaction.atomic():
            created = super().bulk_create(objs, *args, **kwargs)
            record_revisions(objs)
            IndexTask.objects.enqueue([document.pk for document in objs])
        return created

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        objs, names = list(objs), {*fields, "content_hash", "revision"}
        with transaction.atomic():
            changed = _numbered(objs)
            count = super().bulk_update(objs, names, *args, **kwargs)
            record_revisions(changed)
            IndexTask.objects.enqueue([document.pk for document in objs])
        return count


def _numbered(documents: Iterable[KnowledgeDocument]) -> list[KnowledgeDocument]:
    """Give the documents whose content has changed their next revision's number, and return those."""
    changed = [document for document in documents if document.stamp_content()]
    numbers = next_numbers([document.pk for document in changed])
    for document in changed:
        least = document.revision + (not document._state.adding)
        document.revision = max(least, numbers[document.pk])
    return changed


def _revise(documents: DocumentQuerySet) -> None:
    """Stamp rows that were changed in the database itself."""
    changed = _numbered(documents)
    models.QuerySet.bulk_update(documents, changed, ["content_hash", "revision"])
    record_revisions(changed)


class KnowledgeDocument(models.Model):
    """A runbook, a troubleshooting guide or a past case. Only published ones are ever retrieved."""

    class Kind(models.TextChoices):
        TROUBLESHOOTING = "troubleshooting", _("Troubleshooting guide")
        RUNBOOK = "runbook", _("Runbook")
        CASE = "case", _("Past case")

    class Category(models.TextChoices):
        MEMORY = "memory", _("Memory")
        CONNECTION = "connection", _("Connection")
        REPLICATION = "replication", _("Replication")
        CLUSTER = "cluster", _("Cluster")
        PERFORMANCE = "performance", _("Performance")
        PERSISTENCE = "persistence", _("Persistence")
        SECURITY = "security", _("Security")
        AVAILABILITY = "availability", _("Availability")

    class Severity(models.TextChoices):
        CRITICAL = "critical", _("Critical")
        HIGH = "high", _("High")
        MEDIUM = "medium", _("Medium")
        LOW = "low", _("Low")

    class Language(models.TextChoices):
        KOREAN = "ko", _("Korean")
        ENGLISH = "en", _("English")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", _("In review")
        PUBLISHED = "published", _("Published")
        ARCHIVED = "archived", _("Archived")

    class Origin(models.TextChoices):
        SHIPPED = "shipped", _("Shipped with the product")
        WRITTEN = "written", _("Written here")
        IMPORTED = "imported", _("Imported")
        INCIDENT = "incident", _("Drafted from an incident")

    id = models.CharField(_("identifier"), primary_key=True, max_length=120, validators=[DOCUMENT_ID])
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.TROUBLESHOOTING)
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.ENGLISH)
    topic = models.CharField(
        _("topic"), max_length=80, blank=True, help_text=_("The same for a document and its translation.")
    )
    category = models.CharField(_("category"), max_length=16, choices=Category)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity, default=Severity.MEDIUM)
    title = models.CharField(_("title"), max_length=300)
    symptoms = models.JSONField(_("symptoms"), default=list, blank=True)
    root_causes = models.JSONField(_("root causes"), default=list, blank=True)
    diagnosis_steps = models.JSONField(_("diagnosis steps"), default=list, blank=True)
    solutions = models.JSONField(_("solutions"), default=list, blank=True)
    prevention = models.JSONField(_("prevention"), default=list, blank=True)
    related_metrics = models.JSONField(_("related metrics"), default=list, blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    applies_to = models.JSONField(_("applies to"), default=dict, blank=True)
    preconditions = models.JSONField(_("preconditions"), default=list, blank=True)
    questions = models.JSONField(_("questions it answers"), default=list, blank=True)
    sources = models.JSONField(_("sources"), default=list, blank=True)
    notes = models.TextField(_("notes"), blank=True)

    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PUBLISHED, db_index=True)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.WRITTEN, editable=False)
    revision = models.PositiveIntegerField(_("revision"), default=1, editable=False)
    content_hash = models.CharField(max_length=64, editable=False)
    shipped_hash = models.CharField(max_length=64, blank=True, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    owner = models.CharField(_("owner"), max_length=120, blank=True, help_text=_("Who keeps it true."))
    review_by = models.DateField(_("review by"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = DocumentQuerySet.as_manager()
    held_back = ""  # why a document that was just created was not published

    class Meta:
        verbose_name = _("knowledge document")
        verbose_name_plural = _("knowledge documents")
        permissions: ClassVar = [("publish_knowledgedocument", "Can review, publish and archive knowledge documents")]
        ordering = ("category", "topic", "language", "id")
        indexes: ClassVar = [
            models.Index(fields=["status", "review_by"], name="document_due"),
            models.Index(fields=["category", "topic", "language", "id"], name="document_order"),
            models.Index(fields=["status", "language", "category", "title"], name="document_overview"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(id="") & ~Q(title=""), name="document_has_id_and_title"),
            models.CheckConstraint(condition=Q(revision__gte=1), name="document_revision_from_1"),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "in_review", "published", "archived"]), name="document_status_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["troubleshooting", "runbook", "case"]), name="document_kind_known"
            ),
            models.CheckConstraint(condition=Q(language__in=["ko", "en"]), name="document_language_known"),
            models.CheckConstraint(
                condition=Q(severity__in=["critical", "high", "medium", "low"]), name="document_severity_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    category__in=[
                        "memory", "connection", "replication", "cluster", "performance", "persistence", "security",
                        "availability",
                    ]
                ),
                name="document_category_known",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "content_hash", "revision"}
        with transaction.atomic():
            changed = _numbered([self])
            super().save(*args, **kwargs)
            record_revisions(changed)

    def stamp_content(self) -> bool:
        """Take the fingerprint of the content. Return whether that, and not just status or owner, has changed."""
        current = content_hash(self.content())
        if current == self.content_hash:
            return False
        self.content_hash = current
        return True

    def content(self) -> dict[str, Any]:
        """What the document says, without what is known about it."""
        return {name: getattr(self, name) for name in CONTENT_FIELDS}

    @property
    def is_published(self) -> bool:
        return self.status == self.Status.PUBLISHED

    @property
    def is_edited(self) -> bool:
        """Whether a shipped document was changed here; then an update of the product leaves it alone."""
        return bool(self.shipped_hash) and self.content_hash != self.shipped_hash

    @property
    def is_due(self) -> bool:
        return self.review_by is not None and self.review_by <= timezone.localdate()

    def card(self) -> DocumentCard:
        return DocumentCard(
            id=self.pk,
            revision=self.revision,
            title=self.title,
            kind=self.kind,
            category=self.category,
            severity=self.severity,
            language=self.language,
            topic=self.topic,
            tags=tuple(map(str, self.tags)),
            applies_to=self.applies_to,
            preconditions=tuple(map(str, self.preconditions)),
        )


class RemovedShipped(models.Model):
    """A shipped document, or "glossary:<concept>", that was deleted here: the next start must not bring it back."""

    document_id = models.CharField(max_length=120, unique=True)
    removed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.document_id


class StoredChunk(models.Model):
    """A chunk of a published document with its terms. The database itself keeps the full-text index over it."""

    document = models.ForeignKey(KnowledgeDocument, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    revision = models.PositiveIntegerField()
    items = models.JSONField()  # [[field, number, text], …]
    head = models.TextField()  # terms, separated by blanks
    body = models.TextField()
    digest = models.CharField(max_length=32)  # of what is embedded
    glossary_version = models.CharField(max_length=16)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "position"], name="one_chunk_per_place"),
            models.CheckConstraint(condition=~Q(digest=""), name="chunk_has_a_digest"),
        ]
        indexes: ClassVar = [models.Index(fields=["glossary_version"], name="chunk_glossary_version")]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return chunk_key(self.document_id, self.position)


class GlossaryEntry(models.Model):
    """Words of one concept in Korean, in English and in logs. Curators edit them; searches follow at once."""

    class Weight(models.TextChoices):
        CONCEPT = "concept", _("A matter of Redis")
        GENERAL = "general", _("A word of all operations")
        PRODUCT = "product", _("Redis by name")
        SYSTEM = "system", _("Another system by name")

    concept = models.SlugField(_("concept"), max_length=60, unique=True)
    ko = models.JSONField(_("Korean words"), default=list, blank=True)
    en = models.JSONField(_("English words"), default=list, blank=True)
    log = models.JSONField(_("words in logs"), default=list, blank=True)
    weight = models.CharField(_("says that a text is about"), max_length=8, choices=Weight, default=Weight.CONCEPT)
    shipped_hash = models.CharField(max_length=64, blank=True, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("glossary entry")
        verbose_name_plural = _("glossary")
        ordering = ("concept",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(concept=""), name="glossary_entry_has_a_name"),
            models.CheckConstraint(
                condition=Q(weight__in=["concept", "general", "product", "system"]), name="glossary_weight_known"
            ),
        ]

    def __str__(self) -> str:
        return self.concept

    @property
    def words_hash(self) -> str:
        words = [self.weight, *(sorted(map(str, listed)) for listed in (self.ko, self.en, self.log))]
        return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()


class IndexTaskManager(models.Manager["IndexTask"]):
    def enqueue(self, document_ids: Iterable[str], *, at: datetime | None = None) -> None:
        """Ask for documents to be indexed as they are now. Call it in the transaction that changes them."""
        ids = list(dict.fromkeys(document_ids))
        now = at or timezone.now()
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            # Insert first: the insert waits for a rival's, so that the count below is never lost on PostgreSQL.
            self.bulk_create([IndexTask(document_id=pk, due_at=now) for pk in some], ignore_conflicts=True)
            self.filter(document_id__in=some).update(
                generation=F("generation") + 1, state=IndexTask.State.PENDING, attempts=0, due_at=now, last_error=""
            )

    def claim(self, *, limit: int, lease: timedelta, at: datetime) -> list[IndexTask]:
        """Take tasks that are due, or whose holder has gone, for this process."""
        waiting = Q(state__in=[IndexTask.State.PENDING, IndexTask.State.FAILED], due_at__lte=at)
        abandoned = Q(state=IndexTask.State.RUNNING, lease_until__lt=at)
        with transaction.atomic():
            due = self.filter(waiting | abandoned).order_by("due_at", "pk")
            if connection.features.has_select_for_update_skip_locked:
                due = due.select_for_update(skip_locked=True)
            tasks = list(due[:limit])
            self.filter(pk__in=[task.pk for task in tasks]).update(
                state=IndexTask.State.RUNNING, lease_until=at + lease, attempts=F("attempts") + 1
            )
        return tasks


class IndexTask(models.Model):
    """A document whose vectors are to be brought in step. One row per document, also for deleted ones."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed, will be tried again")

    document_id = models.CharField(_("document"), max_length=120, unique=True)
    generation = models.PositiveIntegerField(default=0)  # counts the changes; a task is done only for the one it read
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    indexed_revision = models.PositiveIntegerField(_("indexed revision"), null=True, blank=True)
    indexed_at = models.DateTimeField(_("indexed"), null=True, blank=True)

    objects = IndexTaskManager()

    class Meta:
        verbose_name = _("index task")
        verbose_name_plural = _("index tasks")
        ordering = ("-due_at", "-pk")
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="index_task_due")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["pending", "running", "done", "failed"]), name="index_task_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} ({self.state})"


class IndexCollection(models.Model):
    """A collection of vectors. The active row is the pointer that searches follow."""

    class State(models.TextChoices):
        BUILDING = "building", _("Being built")
        ACTIVE = "active", _("Active")
        RETIRED = "retired", _("Retired")

    name = models.CharField(max_length=120, unique=True)
    stamp = models.CharField(max_length=120)  # of the embedder that filled it
    state = models.CharField(max_length=8, choices=State, default=State.BUILDING)
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    vectors = models.PositiveIntegerField(default=0)  # at the last check
    sample_asked = models.PositiveIntegerField(default=0)
    sample_found = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="active"), name="one_active_collection"),
            models.CheckConstraint(
                condition=Q(state__in=["building", "active", "retired"]), name="collection_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"


# Feedback has a folder of its own; Django finds models through this module.
# The tables of the life cycle and of retrieval contracts have files of their own; Django finds models through this
# module. What records revisions is used by the methods above and needs those tables.
from knowledge_base.contracts.models import FailingContract, RetrievalMeasurement  # noqa: E402, F401
from knowledge_base.feedback.models import Feedback, FeedbackSwitch, FeedbackTally  # noqa: E402, F401
from knowledge_base.importing.models import ImportedDocument, ImportJob, ImportJobRow  # noqa: E402, F401
from knowledge_base.lifecycle.models import (  # noqa: E402, F401
    DocumentCitation,
    DocumentRevision,
    DocumentTransition,
    DocumentUse,
    Suggestion,
    WorkingDraft,
)
from knowledge_base.lifecycle.recording import next_numbers, record_revisions  # noqa: E402
