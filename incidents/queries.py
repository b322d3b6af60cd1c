"""What people and programs may read. Every query starts from the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from django.db.models import Case, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.shortcuts import get_object_or_404

from incidents.analysis.events import EventKind
from incidents.fragments import RunFacts, StoredEvent
from incidents.models import PUBLIC_ID_PREFIX, AnalysisRun, EvidenceItem, Incident
from incidents.run_view import RunView, view_of
from incidents.texts import storable_text

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

SEVERITY_RANK = Case(
    *(When(severity=name, then=Value(rank)) for rank, name in enumerate(("critical", "high", "medium", "low"))),
    default=Value(9),
    output_field=IntegerField(),
)
ORDERS: Mapping[str, tuple[Any, ...]] = {
    "newest": ("-id",),
    "oldest": ("id",),
    "severity": (SEVERITY_RANK, "-id"),
    "updated": ("-updated_at", "-id"),
}


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """What a list of incidents was asked for. Unknown values count as not asked."""

    q: str = ""
    status: str = ""  # a status, or `unresolved`
    severity: str = ""
    category: str = ""
    assignee: str = ""  # a user name, `me` or `nobody`
    order: str = "newest"

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> IncidentFilter:
        known = {
            item.name: storable_text(str(values[item.name]).strip()[:200])
            for item in fields(cls)
            if values.get(item.name)
        }
        return cls(**known)

    @property
    def is_set(self) -> bool:
        return any(getattr(self, item.name) for item in fields(self) if item.name != "order")


def incidents(user: User | AnonymousUser, wanted: IncidentFilter) -> QuerySet[Incident]:
    found: QuerySet[Incident] = Incident.objects.visible_to(user)
    found = found.select_related("assignee", "reporter").defer("description", "resolution")
    if wanted.status == "unresolved":
        found = found.exclude(status=Incident.Status.RESOLVED)
    elif wanted.status:
        found = found.filter(status=wanted.status)
    if wanted.severity:
        found = found.filter(severity=wanted.severity)
    if wanted.category:
        found = found.filter(category=wanted.category)
    if wanted.assignee:
        found = _assigned(found, wanted.assignee, user)
    if wanted.q:
        found = found.filter(_matches(wanted.q))
    newest_run = AnalysisRun.objects.filter(incident=OuterRef("pk")).order_by("-id").values("status")[:1]
    return found.annotate(run_status=Subquery(newest_run)).order_by(*ORDERS.get(wanted.order, ORDERS["newest"]))


def _assigned(found: QuerySet[Incident], assignee: str, user: User | AnonymousUser) -> QuerySet[Incident]:
    if assignee == "nobody":
        return found.filter(assignee__isnull=True)
    if assignee == "me":
        return found.filter(assignee_id=user.pk)
    return found.filter(assignee__username=assignee)


def _matches(words: str) -> Q:
    """Every word must stand in the incident; a public id, or its number, finds exactly that one."""
    number = words.upper().removeprefix(PUBLIC_ID_PREFIX).lstrip("#")
    if number.isascii() and number.isdigit() and len(number) < 18:
        return Q(pk=int(number)) | Q(title__icontains=words)
    wanted = Q()
    for word in words.split()[:12]:
        wanted &= Q(title__icontains=word) | Q(description__icontains=word) | Q(summary__icontains=word)
    return wanted


def incident_for(user: User | AnonymousUser, incident_id: int) -> Incident:
    """One incident. Raise Http404 for one that does not exist or that this person may not see."""
    return get_object_or_404(Incident.objects.visible_to(user).select_related("assignee", "reporter"), pk=incident_id)


def run_for(user: User | AnonymousUser, run_id: int, *, incident_id: int | None = None) -> AnalysisRun:
    runs = AnalysisRun.objects.visible_to(user).select_related("incident", "requested_by")
    if incident_id is not None:
        runs = runs.filter(incident_id=incident_id)
    return get_object_or_404(runs, pk=run_id)


def active_run_of(public_id: str) -> AnalysisRun | None:
    """The run under way for an incident, by its public id. None for an id that is no incident's."""
    number = public_id.removeprefix(PUBLIC_ID_PREFIX)
    if number == public_id or not number.isdecimal():
        return None
    return AnalysisRun.objects.active().filter(incident_id=int(number)).first()


def evidence_list(incident: Incident) -> QuerySet[EvidenceItem]:
    """Evidence without its texts, which may be large."""
    return incident.evidence.defer("text").select_related("added_by").order_by("sequence")


def run_view(run: AnalysisRun) -> RunView:
    """Everything that a run has told so far."""
    events = [
        StoredEvent(*event) for event in run.events.order_by("sequence").values_list("sequence", "kind", "payload")
    ]
    if run.is_active and events and events[-1].kind == EventKind.DONE:
        run.refresh_from_db()  # it ended between the two queries, and the page must not say that it is under way
    return view_of(RunFacts.of(run), events)
