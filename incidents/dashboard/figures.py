"""What the dashboard tells, computed by the database: each figure with the list that stands behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from incidents.dashboard.durations import Durations, counts, durations
from incidents.dashboard.periods import Period
from incidents.finding.models import IncidentTrait
from incidents.finding.naming import cause_name, document_names
from incidents.language_model.model_calls import ModelCall
from incidents.models import Incident, Severity
from knowledge_base.feedback.models import FeedbackTally

RECURRING = 8
Right = Incident.DiagnosisRight
Kind = IncidentTrait.Kind


@dataclass(frozen=True, slots=True)
class Named:
    """Something counted by its id: a cause, or a document with what people said of it."""

    id: str
    name: str
    count: int
    share: float  # of the largest
    helped: int = 0
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What people said at closing of the diagnoses of incidents that were resolved in the period."""

    yes: int
    partly: int
    no: int
    unjudged: int

    @property
    def judged(self) -> int:
        return self.yes + self.partly + self.no

    @property
    def share(self) -> float | None:
        return self.yes / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Spending:
    calls: int
    failed: int
    tokens: int
    cost: float
    unpriced: int  # calls of models whose price is not known
    models: tuple[tuple[str, int, float], ...]  # name, calls, cost


@dataclass(frozen=True, slots=True)
class Figures:
    period: Period
    open: Mapping[str, int]  # by severity, "" for those without a verdict
    reported: Sequence[int]  # by part of the period
    resolved: Sequence[int]
    diagnosis: Durations
    resolution: Durations
    causes: Sequence[Named]
    documents: Sequence[Named]
    accuracy: Accuracy
    spending: Spending

    @property
    def open_total(self) -> int:
        return sum(self.open.values())


def figures(period: Period) -> Figures:
    return Figures(
        period=period,
        open=_open(),
        reported=counts(period, within="created_at"),
        resolved=counts(period, within="resolved_at"),
        diagnosis=durations(period, start="created_at", end="diagnosed_at", within="created_at"),
        resolution=durations(period, start="created_at", end="resolved_at", within="resolved_at"),
        causes=_causes(period),
        documents=_documents(period),
        accuracy=_accuracy(period),
        spending=_spending(period),
    )


def _open() -> dict[str, int]:
    waiting = Incident.objects.exclude(status=Incident.Status.RESOLVED).order_by()
    counted = dict(waiting.values_list("severity").annotate(count=Count("pk")))
    return {severity: counted.get(severity, 0) for severity in (*Severity.values, "")}


def _causes(period: Period) -> list[Named]:
    found = _traits(period, Kind.CAUSE).values_list("name").annotate(count=Count("pk")).order_by("-count", "name")
    rows = list(found[:RECURRING])
    most = max((count for _, count in rows), default=1)
    return [Named(name, cause_name(name), count, count / most) for name, count in rows]


def _documents(period: Period) -> list[Named]:
    found = _traits(period, Kind.DOCUMENT).values_list("name").annotate(count=Count("pk"))
    rows = list(found.order_by("-count", "name")[:RECURRING])
    names, most = document_names(name for name, _ in rows), max((count for _, count in rows), default=1)
    tallies = FeedbackTally.objects.in_bulk([name for name, _ in rows])
    return [_document(name, names.get(name, name), count, count / most, tallies.get(name)) for name, count in rows]


def _document(name: str, title: str, count: int, share: float, tally: FeedbackTally | None) -> Named:
    return Named(name, title, count, share, tally.helped if tally else 0, tally.wrong if tally else 0)


def _traits(period: Period, kind: str) -> QuerySet[IncidentTrait]:
    return IncidentTrait.objects.filter(kind=kind, at__gte=period.start, at__lt=period.end).order_by()


def _accuracy(period: Period) -> Accuracy:
    closed = Incident.objects.filter(resolved_at__gte=period.start, resolved_at__lt=period.end).order_by()
    found = dict(closed.values_list("diagnosis_right").annotate(count=Count("pk")))
    return Accuracy(
        found.get(Right.YES, 0), found.get(Right.PARTLY, 0), found.get(Right.NO, 0), unjudged=found.get("", 0)
    )


def _spending(period: Period) -> Spending:
    calls = ModelCall.objects.filter(at__gte=period.start, at__lt=period.end).order_by()
    rows = calls.values("model").annotate(
        calls=Count("pk"), failed=Count("pk", filter=Q(outcome=ModelCall.Outcome.FAILED)),
        unpriced=Count("pk", filter=Q(cost__isnull=True)), money=Sum("cost"), sent=Sum("tokens_in"),
        received=Sum("tokens_out"),
    )  # fmt: skip
    listed = sorted(rows, key=lambda row: -(row["money"] or 0.0))
    return Spending(
        calls=sum(row["calls"] for row in listed),
        failed=sum(row["failed"] for row in listed),
        tokens=sum((row["sent"] or 0) + (row["received"] or 0) for row in listed),
        cost=sum(row["money"] or 0.0 for row in listed),
        unpriced=sum(row["unpriced"] for row in listed),
        models=tuple((row["model"], row["calls"], row["money"] or 0.0) for row in listed[:5]),
    )
