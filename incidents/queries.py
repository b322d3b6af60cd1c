"""What people and programs may read. Every query starts from the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from incidents.analysis.events import EventKind
from incidents.models import PUBLIC_ID_PREFIX, AnalysisRun, EvidenceItem, Incident
from incidents.runs.fragments import RunFacts, StoredEvent
from incidents.runs.run_view import RunView, view_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


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
