"""Incidents, their evidence, the runs that explain them and the events of each run."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

PUBLIC_ID_PREFIX = "INC-"


class Severity(models.TextChoices):
    CRITICAL = "critical", _("Critical")
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class Category(models.TextChoices):
    MEMORY = "memory", _("Memory")
    CONNECTION = "connection", _("Connection")
    REPLICATION = "replication", _("Replication")
    CLUSTER = "cluster", _("Cluster")
    PERFORMANCE = "performance", _("Performance")
    PERSISTENCE = "persistence", _("Persistence")
    SECURITY = "security", _("Security")
    AVAILABILITY = "availability", _("Availability")
    NONE = "none", _("No incident")


class Language(models.TextChoices):
    KOREAN = "ko", "한국어"
    ENGLISH = "en", "English"


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, user: User | AnonymousUser) -> IncidentQuerySet:
        """Every incident for people with a role, none for anybody else."""
        return self if user.has_perm("incidents.view_incident") else self.none()


class Incident(models.Model):
    """Something that went wrong, or seemed to, on one Redis or Valkey deployment."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("incident status", "Open")
        INVESTIGATING = "investigating", pgettext_lazy("incident status", "Investigating")
        MITIGATED = "mitigated", pgettext_lazy("incident status", "Mitigated")
        RESOLVED = "resolved", pgettext_lazy("incident status", "Resolved")

    class Deployment(models.TextChoices):
        STANDALONE = "standalone", _("Standalone")
        REPLICATION = "replication", _("Master and replicas")
        SENTINEL = "sentinel", _("Sentinel")
        CLUSTER = "cluster", _("Cluster")

    class DiagnosisRight(models.TextChoices):
        YES = "yes", _("Yes")
        PARTLY = "partly", _("Partly")
        NO = "no", _("No")

    title = models.CharField(_("title"), max_length=200)
    status = models.CharField(_("status"), max_length=15, choices=Status.choices, default=Status.OPEN)
    # Verdict of the newest report; empty until there is one. Kept here so that lists need no JSON.
    severity = models.CharField(_("severity"), max_length=10, choices=Severity.choices, blank=True)
    category = models.CharField(_("category"), max_length=15, choices=Category.choices, blank=True)
    summary = models.TextField(_("summary"), blank=True)
    confidence = models.FloatField(_("confidence"), null=True, blank=True)

    description = models.TextField(_("description"), blank=True)
    # What the reporter or the capture said, word for word: it may lack a year or a zone, and logs are matched with it.
    timestamp = models.CharField(_("time as reported"), max_length=64, blank=True)
    occurred_at = models.DateTimeField(_("occurred at"), null=True, blank=True)
    redis_version = models.CharField(_("Redis version"), max_length=40, blank=True)
    deployment_type = models.CharField(_("deployment"), max_length=40, blank=True)
    language = models.CharField(
        _("language of the report"), max_length=2, choices=Language.choices, default=Language.ENGLISH
    )

    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True,
        related_name="reported_incidents", verbose_name=_("reporter"),
    )  # fmt: skip
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True,
        related_name="assigned_incidents", verbose_name=_("assignee"),
    )  # fmt: skip
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    # When the first report stood; how long that took is what the dashboard tells.
    diagnosed_at = models.DateTimeField(_("diagnosed at"), null=True, blank=True, editable=False)
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    resolution = models.TextField(_("what fixed it"), blank=True)
    diagnosis_right = models.CharField(
        _("was the diagnosis right?"), max_length=10, choices=DiagnosisRight.choices, blank=True
    )

    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "-id"], name="incident_by_status"),
            models.Index(fields=["severity", "-id"], name="incident_by_severity"),
            models.Index(fields=["category", "-id"], name="incident_by_category"),
            models.Index(fields=["-updated_at", "-id"], name="incident_by_change"),
            models.Index(fields=["status", "severity", "category"], name="incident_by_facets"),
            # These two hold all that the dashboard's spans of time are made of, so that it reads no rows.
            models.Index(fields=["created_at", "diagnosed_at"], name="incident_by_creation"),
            models.Index(fields=["resolved_at", "created_at", "diagnosis_right"], name="incident_by_resolution"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="resolved", resolved_at__isnull=False)
                | (~Q(status="resolved") & Q(resolved_at__isnull=True)),
                name="resolved_incident_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__gte=0, confidence__lte=1),
                name="incident_confidence_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("incident-detail", args=[self.pk])

    @property
    def public_id(self) -> str:
        return f"{PUBLIC_ID_PREFIX}{self.pk:06d}"

    @property
    def latest_run(self) -> AnalysisRun | None:
        return self.runs.order_by("-id").first()


class EvidenceItem(models.Model):
    """One text that was handed in. Never changed afterwards, so that a report can always be checked against it."""

    class Origin(models.TextChoices):
        ERROR_LOGS = "error_logs", _("Error logs field")
        METRICS = "metrics", _("Metrics field")
        REDIS_INFO = "redis_info", _("INFO field")
        ARTIFACT = "artifact", _("Capture")
        FILE = "file", _("File")
        PASTED = "pasted", _("Pasted")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="evidence")
    sequence = models.PositiveIntegerField(_("number"))
    origin = models.CharField(_("came as"), max_length=12, choices=Origin.choices)
    kind = models.CharField(_("recognised as"), max_length=120, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    node = models.CharField(_("node"), max_length=120, blank=True)
    text = models.TextField(_("text"))
    lines = models.PositiveIntegerField(_("lines"), default=0)
    size = models.PositiveIntegerField(_("size"), default=0, help_text=_("in characters"))
    # Captures from programs may be lists or objects; their text is then JSON and goes to the analysis parsed.
    is_json = models.BooleanField(default=False, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("added by"),
    )  # fmt: skip
    added_at = models.DateTimeField(_("added"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ["incident_id", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "sequence"], name="evidence_is_numbered_per_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.kind or self.origin} ({self.incident_id}/{self.sequence})"

    def get_absolute_url(self) -> str:
        return reverse("evidence-detail", args=[self.incident_id, self.sequence])


class AnalysisRunQuerySet(models.QuerySet["AnalysisRun"]):
    def visible_to(self, user: User | AnonymousUser) -> AnalysisRunQuerySet:
        return self if user.has_perm("incidents.view_incident") else self.none()

    def active(self) -> AnalysisRunQuerySet:
        return self.filter(status__in=AnalysisRun.ACTIVE)

    def waiting(self, *, at: datetime) -> AnalysisRunQuerySet:
        """Runs that any worker may take: queued ones, and running ones whose worker stopped renewing the lease."""
        lapsed = Q(status=AnalysisRun.Status.RUNNING, lease_until__lt=at)
        return self.filter(Q(status=AnalysisRun.Status.QUEUED) | lapsed)


class AnalysisRun(models.Model):
    """One attempt to explain one incident. A retry by a person is a new row, never a reused one."""

    class Status(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("run status", "Queued")
        RUNNING = "running", pgettext_lazy("run status", "Running")
        SUCCEEDED = "succeeded", pgettext_lazy("run status", "Succeeded")
        FAILED = "failed", pgettext_lazy("run status", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("run status", "Cancelled")

    ACTIVE = (Status.QUEUED, Status.RUNNING)

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="runs")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.ENGLISH)
    # The evidence is frozen for the run: what is added later belongs to the next one.
    evidence_until = models.PositiveIntegerField(_("evidence up to number"), default=0)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("requested by"),
    )  # fmt: skip

    queued_at = models.DateTimeField(_("queued at"), db_default=Now(), editable=False)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    # Whoever holds the lease may write; `worker` is its name, renewed by a heartbeat while the process lives.
    worker = models.CharField(_("worker"), max_length=120, blank=True)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_sequence = models.PositiveIntegerField(default=0, editable=False)

    analyst = models.CharField(_("analyst"), max_length=120, blank=True)
    result: models.JSONField[Any, Any] = models.JSONField(_("result"), null=True, blank=True)
    usage: models.JSONField[Any, Any] = models.JSONField(_("usage"), default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)

    objects = AnalysisRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("analysis run")
        verbose_name_plural = _("analysis runs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "lease_until"], name="run_waiting"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["incident"],
                condition=Q(status__in=["queued", "running"]),
                name="one_active_run_per_incident",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running"], finished_at__isnull=True)
                | Q(status__in=["succeeded", "failed", "cancelled"], finished_at__isnull=False),
                name="finished_run_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="succeeded") | Q(result__isnull=False), name="succeeded_run_has_a_result"
            ),
        ]

    def __str__(self) -> str:
        return f"Run #{self.pk} of incident #{self.incident_id} ({self.status})"

    def get_absolute_url(self) -> str:
        return reverse("run-detail", args=[self.incident_id, self.pk])

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    def claim(self, *, worker: str, at: datetime, until: datetime) -> bool:
        """Take the run for one worker. Return False if another one has it."""
        # A conditional UPDATE instead of a row lock, because SQLite has no row locks.
        taken = AnalysisRun.objects.filter(pk=self.pk).waiting(at=at).update(
            status=self.Status.RUNNING, worker=worker, lease_until=until, attempts=F("attempts") + 1,
            started_at=Coalesce("started_at", models.Value(at)),
        )  # fmt: skip
        if taken == 0:
            return False
        self.refresh_from_db()
        return True


class RunEventRow(models.Model):
    """What a run told, in order. Stored before anybody sees it; a page is a reader of these rows."""

    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="events")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    payload: models.JSONField[Any, Any] = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("run event")
        verbose_name_plural = _("run events")
        ordering = ["run_id", "sequence"]
        constraints = [models.UniqueConstraint(fields=["run", "sequence"], name="run_events_are_numbered")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.sequence} {self.kind}"


class IncidentChange(models.Model):
    """What happened to an incident, in order: by people, and by the machine when there is no actor.

    Timeline, feed, notices and the live stream all read these rows. Written by `collaboration.recording` alone, which
    keeps the ids of one incident in the order of their commits.
    """

    class Kind(models.TextChoices):
        REPORTED = "reported", _("reported the incident")
        EVIDENCE_ADDED = "evidence_added", _("added evidence")
        ANALYSIS_STARTED = "analysis_started", _("started an analysis")
        ANALYSIS_CANCELLED = "analysis_cancelled", _("cancelled the analysis")
        STATUS = "status", _("changed the status")
        ASSIGNEE = "assignee", _("changed the assignee")
        DETAILS = "details", _("edited the details")
        RESOLUTION = "resolution", _("wrote what fixed it")
        COMMENTED = "commented", _("commented")
        COMMENT_EDITED = "comment_edited", _("edited a comment")
        COMMENT_DELETED = "comment_deleted", _("deleted a comment")
        STEP_DONE = "step_done", _("did a step")
        STEP_REOPENED = "step_reopened", _("took a step back")
        ANALYSIS_ENDED = "analysis_ended", _("the analysis ended")
        VERDICT = "verdict", _("the verdict changed")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    field = models.CharField(max_length=30, blank=True)  # of the details: which one
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    # What a line about it needs beyond names: a step's title, the verdict of a run, numbers of evidence.
    detail: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    comment = models.ForeignKey(
        "incidents.Comment", on_delete=models.CASCADE, null=True, blank=True, related_name="changes"
    )
    run = models.ForeignKey(AnalysisRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["incident_id", "id"]
        indexes = [models.Index(fields=["incident", "-id"], name="changes_of_incident")]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.kind}"


class IdempotencyKey(models.Model):
    """A key that a program sent with `analyze`, so that a repeated request gets the first one's run."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_per_user")]

    def __str__(self) -> str:
        return self.key


# Some tables have files of their own; Django finds models through this module.
from incidents.closing.models import (  # noqa: E402, F401
    Closing,
    ConfidenceSwitch,
    FollowUp,
    IncidentCase,
    PostMortem,
    PostMortemVersion,
    ReportFeedback,
)
from incidents.collaboration.models import (  # noqa: E402, F401
    ActionTick,
    Comment,
    CommentRevision,
    Looking,
    Notice,
    Watch,
)
from incidents.finding.models import (  # noqa: E402, F401
    BulkChange,
    DefaultView,
    IncidentText,
    IncidentTrait,
    SavedView,
)
from incidents.language_model.capsules import Capsule, Replay  # noqa: E402, F401
from incidents.language_model.conversations import Turn  # noqa: E402, F401
from incidents.language_model.evaluation_rows import EvaluationCase, EvaluationRow  # noqa: E402, F401
from incidents.language_model.model_calls import ModelCall  # noqa: E402, F401
from incidents.rule_catalogue.rule_thresholds import RuleThreshold  # noqa: E402, F401
