"""Pages about incidents and their evidence."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents import queries, services
from incidents.closing import services as closing_services
from incidents.collaboration.conflicts import EditConflict, conflict_rows, version_of
from incidents.collaboration.forms import version_seen
from incidents.collaboration.page import note_visit, team_context
from incidents.collaboration.queries import people
from incidents.diagnostics.evidence import describe, prefill, recognise
from incidents.evidence_rows import GLANCE
from incidents.evidence_search import place_of
from incidents.forms import EvidenceForm, IncidentForm, StatusForm
from incidents.language import current_language
from incidents.models import AnalysisRun, Incident
from incidents.onboarding.first_commands import helpful_next
from incidents.requests import PortalRequest
from incidents.runs.run_view import report_context
from incidents.samples import SAMPLES

may_view = permission_required("incidents.view_incident", raise_exception=True)
may_add = permission_required("incidents.add_incident", raise_exception=True)
may_change = permission_required("incidents.change_incident", raise_exception=True)


@may_add
@require_http_methods(["GET", "POST"])
def incident_new(request: PortalRequest) -> HttpResponse:
    if request.method == "GET":
        form = IncidentForm(initial={"language": current_language()})
        return render(request, "incidents/new.html", {"section": "incidents", "form": form})
    form = IncidentForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "incidents/new.html", {"section": "incidents", "form": form}, status=422)
    incident = services.create_incident(
        intake=form.intake(), reporter=request.user, language=form.cleaned_data["language"]
    )
    services.start_analysis(incident=incident, actor=request.user)
    _tell_left_out(request, form)
    return redirect(incident)


@may_add
@require_POST
def sample_start(request: PortalRequest, name: str) -> HttpResponse:
    """Report a shipped sample as an incident, which is then analysed like any other."""
    if (sample := SAMPLES.get(name)) is None:
        raise Http404
    incident = services.create_incident(
        intake=sample.intake(), reporter=request.user, language=current_language(), title=str(sample.title)
    )
    services.start_analysis(incident=incident, actor=request.user)
    return redirect(incident)


@may_add
@require_POST
def recognise_text(request: PortalRequest) -> HttpResponse:
    """Say what a text looks like while it is being typed. The form works the same without it."""
    pieces = recognise(request.POST.get("pasted", "")[:GLANCE])
    language = current_language()
    rows = describe(pieces)
    context = {
        "recognised": [(row.label.say(language), row) for row in rows],
        "helpful": helpful_next({row.kind for row in rows}),
        "prefill": prefill(pieces),
        "deployments": dict(Incident.Deployment.choices),
    }
    return render(request, "incidents/parts/recognised.html", context)


@may_view
@require_GET
def incident_detail(request: PortalRequest, incident_id: int) -> HttpResponse:
    incident = queries.incident_for(request.user, incident_id)
    return _incident_page(request, incident, incident.latest_run)


@may_view
@require_GET
def run_detail(request: PortalRequest, incident_id: int, run_id: int) -> HttpResponse:
    """An earlier run, with the report as it was."""
    run = queries.run_for(request.user, run_id, incident_id=incident_id)
    return _incident_page(request, run.incident, run)


def _incident_page(
    request: PortalRequest, incident: Incident, run: AnalysisRun | None, *, form: EvidenceForm | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    view = queries.run_view(run) if run else None
    runs = list(incident.runs.select_related("requested_by").defer("result").order_by("-id")[:30])
    context: dict[str, Any] = {
        "section": "incidents", "incident": incident, "run": run, "view": view, "runs": runs,
        "is_latest": not runs or run == runs[0],
        "evidence": queries.evidence_list(incident),
        "form": form or EvidenceForm(), "statuses": Incident.Status.choices,
        "verdicts": Incident.DiagnosisRight.choices,
    }  # fmt: skip
    context |= team_context(request, incident)
    note_visit(request, incident)
    if view is not None:
        context["facts"] = view.facts
        if view.report is not None:
            context |= report_context(view.report, view.facts)
    return render(request, "incidents/detail.html", context, status=status)


@may_change
@require_POST
def evidence_add(request: PortalRequest, incident_id: int) -> HttpResponse:
    """Add evidence and analyse again."""
    incident = queries.incident_for(request.user, incident_id)
    form = EvidenceForm(request.POST, request.FILES)
    if not form.is_valid():
        return _incident_page(request, incident, incident.latest_run, form=form, status=422)
    services.add_evidence(incident=incident, intake=form.intake(), actor=request.user)
    _tell_left_out(request, form)
    try:
        services.start_analysis(incident=incident, actor=request.user)
    except services.AnalysisAlreadyRunning:
        messages.info(request, _("The evidence was added. The analysis under way does not see it; start another one."))
    return redirect(incident)


@may_view
@require_GET
def evidence_find(request: PortalRequest, incident_id: int) -> HttpResponse:
    """Lead from a quote of a report to its place in the evidence."""
    incident = queries.incident_for(request.user, incident_id)
    place = place_of(incident, request.GET.get("text", ""), request.GET.get("source", ""), request.GET.get("line", ""))
    if place is None:
        messages.info(request, _("That line could not be found in the evidence any more."))
        return redirect(incident)
    address = reverse("evidence-detail", args=[incident.pk, place.sequence])
    return redirect(f"{address}?line={place.line}#L{place.line}" if place.line else address)


@may_change
@require_POST
def incident_status(request: PortalRequest, incident_id: int) -> HttpResponse:
    incident = queries.incident_for(request.user, incident_id)
    form = StatusForm(request.POST)
    seen = version_seen(request.POST["seen"]) if "seen" in request.POST else None
    if not form.is_valid():
        messages.error(request, _("That status does not exist."))
        return redirect(incident)
    try:
        closing_services.set_status(incident=incident, actor=request.user, seen=seen, **form.cleaned_data)
    except EditConflict as conflict:
        return status_conflict(request, queries.incident_for(request.user, incident_id), form, conflict)
    return redirect(incident)


def status_conflict(
    request: PortalRequest, incident: Incident, form: StatusForm, conflict: EditConflict
) -> HttpResponse:  # fmt: skip
    """Two people changed the status: show the second one both versions, and let them decide."""
    context = {
        "section": "incidents", "incident": incident, "form": form, "conflicts": conflict_rows(conflict),
        "seen": version_of(incident), "statuses": Incident.Status.choices, "verdicts": Incident.DiagnosisRight.choices,
    }  # fmt: skip
    return render(request, "incidents/collaboration/status_conflict.html", context, status=409)


@may_change
@require_POST
def incident_assign(request: PortalRequest, incident_id: int) -> HttpResponse:
    """Give an incident to somebody, take it, or let go of it."""
    incident = queries.incident_for(request.user, incident_id)
    name = request.user.get_username() if request.POST.get("take") else request.POST.get("assignee", "")
    assignee = next((person for person in people() if person.username == name), None)
    if name and assignee is None:
        messages.error(request, _("%(name)s can't be given an incident.") % {"name": name[:150]})
    else:
        services.assign(incident=incident, assignee=assignee, actor=request.user)
    return redirect(incident)


def _tell_left_out(request: PortalRequest, form: EvidenceForm) -> None:
    if form.left_out:
        names = ", ".join(form.left_out[:8])
        messages.warning(request, _("Not text, therefore left out: %(names)s") % {"names": names})
