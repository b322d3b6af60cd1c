"""Lists of incidents: conditions as the database takes them, counts beside the filters, one page of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from incidents.collaboration.models import Watch
from incidents.finding.filters import ME, NOBODY, PERIODS, UNJUDGED, UNRESOLVED, IncidentFilter, moment_of
from incidents.finding.matching import matching
from incidents.finding.models import IncidentTrait
from incidents.models import AnalysisRun, Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Reader = User | AnonymousUser

PER_PAGE = 30
FACETS = ("status", "severity", "category")
SEVERITY_RANK = Case(
    *(When(severity=name, then=Value(rank)) for rank, name in enumerate(("critical", "high", "medium", "low"))),
    default=Value(9),
    output_field=IntegerField(),
)
ORDERINGS: Mapping[str, tuple[Any, ...]] = {
    "newest": ("-id",),
    "oldest": ("id",),
    "severity": (SEVERITY_RANK, "-id"),
    "updated": ("-updated_at", "-id"),
    "stale": ("updated_at", "id"),
}
EMPTY = Q(pk__in=())


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One page of a list and where it stands in the whole."""

    rows: list[Incident]
    number: int
    pages: int
    total: int
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


def page_of(user: Reader, wanted: IncidentFilter, *, number: str | None) -> IncidentPage:
    """One page of the incidents that are wanted. A number out of range leads to the nearest page."""
    facets, total = count_facets(user, wanted)
    pages = max(-(-total // PER_PAGE), 1)
    at = min(max(int(number), 1), pages) if number and number.isdecimal() and len(number) < 9 else 1
    # Numbers first, rows after: the database then skips to the page in an index instead of in whole rows.
    chosen = list(_in_order(matching_incidents(user, wanted), wanted)[(at - 1) * PER_PAGE : at * PER_PAGE])
    return IncidentPage(rows_of(chosen), at, pages, total, facets)


def rows_of(numbers: list[int], *, leave_out: tuple[str, ...] = ("description", "resolution")) -> list[Incident]:
    """Incidents as rows show them, in the order of the numbers."""
    found = with_run_status(Incident.objects.filter(pk__in=numbers)).select_related("assignee", "reporter")
    by_number = found.defer(*leave_out).in_bulk()
    return [by_number[number] for number in numbers if number in by_number]


def with_run_status(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    newest_run = AnalysisRun.objects.filter(incident=OuterRef("pk")).order_by("-id").values("status")[:1]
    return incidents.annotate(run_status=Subquery(newest_run))


def listed(user: Reader, wanted: IncidentFilter) -> QuerySet[Incident]:
    """All incidents that are wanted, in order, whole: for programs, which bring a pagination of their own."""
    found = matching_incidents(user, wanted).select_related("assignee", "reporter")
    return with_run_status(found).order_by(*ORDERINGS[wanted.order])


def _in_order(found: QuerySet[Incident], wanted: IncidentFilter) -> QuerySet[Incident, int]:
    return found.order_by(*ORDERINGS[wanted.order]).values_list("pk", flat=True)


def matching_incidents(user: Reader, wanted: IncidentFilter) -> QuerySet[Incident]:
    return Incident.objects.visible_to(user).filter(conditions(wanted, user))


def count_facets(user: Reader, wanted: IncidentFilter) -> tuple[dict[str, dict[str, int]], int]:
    """How many incidents each status, severity and category would show, and how many are shown: one query.

    A value's count keeps to all filters but those of its own kind, which is what choosing it would give.
    """
    others = replace(wanted, status=(), severity=(), category=())
    groups = matching_incidents(user, others).order_by().values_list(*FACETS).annotate(count=Count("pk"))
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    total = 0
    for status, severity, category, count in groups:
        values = {"status": status, "severity": severity, "category": category}
        holds = {name: _holds(name, values[name], getattr(wanted, name)) for name in FACETS}
        total += count if all(holds.values()) else 0
        for name in FACETS:
            if all(holds[other] for other in FACETS if other != name):
                counts[name][values[name]] += count
                if name == "status" and status != Incident.Status.RESOLVED:
                    counts[name][UNRESOLVED] += count
    return {name: dict(counted) for name, counted in counts.items()}, total


def _holds(name: str, value: str, wanted: tuple[str, ...]) -> bool:
    unresolved = name == "status" and UNRESOLVED in wanted and value != Incident.Status.RESOLVED
    return not wanted or value in wanted or unresolved


# --- Conditions ----------------------------------------------------------------------------------------------------


def conditions(wanted: IncidentFilter, user: Reader) -> Q:
    where = _choices(wanted) & _people(wanted, user) & _times(wanted) & _traits(wanted)
    if wanted.version:
        where &= Q(redis_version__istartswith=wanted.version)
    return where & matching(wanted.q) if wanted.q else where


def _choices(wanted: IncidentFilter) -> Q:
    where = Q()
    if wanted.status:
        where &= Q(status__in=wanted.status) | (~Q(status="resolved") if UNRESOLVED in wanted.status else EMPTY)
    if wanted.severity:
        where &= Q(severity__in=wanted.severity)
    if wanted.category:
        where &= Q(category__in=wanted.category)
    if wanted.deployment:
        where &= Q(deployment_type__in=wanted.deployment)
    if wanted.right:
        unjudged = Q(diagnosis_right="", status="resolved") if UNJUDGED in wanted.right else EMPTY
        where &= Q(diagnosis_right__in=[one for one in wanted.right if one != UNJUDGED]) | unjudged
    return where


def _people(wanted: IncidentFilter, user: Reader) -> Q:
    where = Q()
    for name in ("assignee", "reporter"):
        value = getattr(wanted, name)
        if value == NOBODY:
            where &= Q(**{f"{name}__isnull": True})
        elif value:
            where &= Q(**({f"{name}_id": user.pk} if value == ME else {f"{name}__username": value}))
    if wanted.watcher:
        who = {"user_id": user.pk} if wanted.watcher == ME else {"user__username": wanted.watcher}
        where &= Q(Exists(Watch.objects.filter(incident=OuterRef("pk"), is_on=True, **who)))
    return where


def _times(wanted: IncidentFilter) -> Q:
    now, where = timezone.now(), Q()
    if wanted.period:
        where &= Q(created_at__gte=now - PERIODS[wanted.period][0])
    if wanted.resolved:
        where &= Q(resolved_at__gte=now - PERIODS[wanted.resolved][0])
    if since := moment_of(wanted.since):
        where &= Q(created_at__gte=since)
    if until := moment_of(wanted.until, end=True):
        where &= Q(created_at__lt=until)
    return where


def _traits(wanted: IncidentFilter) -> Q:
    where = Q()
    for name in ("cause", "finding", "document"):
        if value := getattr(wanted, name):
            named = IncidentTrait.objects.filter(kind=name, name=value, incident=OuterRef("pk"))
            where &= Q(Exists(named))
    return where
