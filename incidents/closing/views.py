"""Pages about the end of an incident: closing, reopening, follow-up tasks, feedback, files to take away."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents import queries
from incidents.closing import services
from incidents.closing.documents.building import Document, report_document
from incidents.closing.documents.writing import CONTENT_TYPES, write
from incidents.closing.forms import ClosingForm, FollowUpForm, VerdictForm
from incidents.closing.services import Task
from incidents.language import current_language
from incidents.models import AnalysisRun, Incident, Language
from incidents.requests import PortalRequest
from incidents.views import may_change, may_view
from knowledge_base.feedback import services as feedback
from knowledge_base.feedback.services import NoReasonGiven
from knowledge_base.models import KnowledgeDocument


@may_change
@require_http_methods(["GET", "POST"])
def incident_close(request: PortalRequest, incident_id: int) -> HttpResponse:
    """The closing form; on a resolved incident it completes what was said."""
    incident = queries.incident_for(request.user, incident_id)
    standing = services.standing_closing(incident)
    if request.method == "GET":
        return _closing_page(request, incident, ClosingForm.of(standing, incident))
    form = ClosingForm(request.POST)
    if not form.is_valid():
        return _closing_page(request, incident, form, status=422)
    services.close_incident(incident=incident, answers=form.answers(), actor=request.user)
    messages.success(request, _("The incident is closed."))
    return redirect(incident)


def _closing_page(request: PortalRequest, incident: Incident, form: ClosingForm, *, status: int = 200) -> HttpResponse:
    run = incident.runs.filter(result__isnull=False).order_by("-id").first()
    context = {"section": "incidents", "incident": incident, "form": form, "report": run.result if run else None}
    return render(request, "incidents/closing/form.html", context, status=status)


@may_change
@require_POST
def incident_reopen(request: PortalRequest, incident_id: int) -> HttpResponse:
    incident = queries.incident_for(request.user, incident_id)
    try:
        services.reopen_incident(incident=incident, reason=request.POST.get("reason", ""), actor=request.user)
    except services.NotResolved:
        messages.info(request, _("The incident is open already."))
    return redirect(incident)


@may_change
@require_POST
def follow_up_add(request: PortalRequest, incident_id: int) -> HttpResponse:
    incident = queries.incident_for(request.user, incident_id)
    form = FollowUpForm(request.POST)
    if form.is_valid():
        task = Task(form.cleaned_data["text"], form.cleaned_data["owner"], form.cleaned_data["due"])
        services.add_follow_ups(incident=incident, tasks=[task], actor=request.user)
    else:
        messages.error(request, _("A task needs a few words, and its date must be one such as 2026-01-31."))
    return redirect(f"{incident.get_absolute_url()}#follow-ups")


@may_change
@require_POST
def follow_up_tick(request: PortalRequest, incident_id: int, follow_up_id: int) -> HttpResponse:
    incident = queries.incident_for(request.user, incident_id)
    task = get_object_or_404(incident.follow_ups, pk=follow_up_id)
    services.tick_follow_up(follow_up=task, done=request.POST.get("done") == "1", actor=request.user)
    return redirect(f"{incident.get_absolute_url()}#follow-ups")


# --- Feedback ------------------------------------------------------------------------------------------------------


@may_view
@require_http_methods(["GET", "POST"])
def incident_feedback(request: PortalRequest, incident_id: int) -> HttpResponse:
    """What the reader thinks of the newest report and of each document that it cites."""
    incident = queries.incident_for(request.user, incident_id)
    run = incident.runs.filter(result__isnull=False).order_by("-id").first()
    problem = _take_feedback(request, incident, run) if request.method == "POST" else ""
    if request.method == "POST" and not request.htmx and not problem:
        return redirect(f"{incident.get_absolute_url()}#feedback")
    context = {"section": "incidents", "incident": incident, "problem": problem, **_feedback_on(request, incident, run)}
    part = request.htmx and not request.htmx.history_restore_request
    template = "incidents/closing/feedback.html" if part else "incidents/closing/feedback_page.html"
    return render(request, template, context, status=422 if problem and not part else 200)


def _take_feedback(request: PortalRequest, incident: Incident, run: AnalysisRun | None) -> str:
    """Keep what was said. Return what is wrong with it, in words; empty when it was kept."""
    form = VerdictForm(request.POST)
    if not form.is_valid() or run is None:
        return _("Say whether it helped or is wrong, in 500 characters at most.")
    verdict, why = form.cleaned_data["verdict"], form.cleaned_data["why"]
    document_id = request.POST.get("document", "")
    try:
        if document_id:
            _judge_document(request, incident, run, document_id, verdict, why)
        elif verdict == "withdraw":
            services.withdraw_judgement(run=run, user=request.user)
        else:
            services.judge_report(run=run, user=request.user, verdict=verdict, why=why)
    except NoReasonGiven:
        return _("Say in a few words what is wrong; the curator has nothing else to go by.")
    return ""


def _judge_document(
    request: PortalRequest, incident: Incident, run: AnalysisRun, document_id: str, verdict: str, why: str
) -> None:
    if document_id not in services.cited_by(run):
        raise Http404
    document = get_object_or_404(KnowledgeDocument, pk=document_id)
    occasion = incident.public_id
    if verdict == "withdraw":
        feedback.withdraw_feedback(document=document, user=request.user, occasion=occasion)
    else:
        feedback.give_feedback(document=document, user=request.user, verdict=verdict, why=why, occasion=occasion)


def _feedback_on(request: PortalRequest, incident: Incident, run: AnalysisRun | None) -> dict[str, Any]:
    if run is None:
        return {"run": None, "cited": []}
    result = run.result or {}
    listed = [*(result.get("references") or ()), *(result.get("related_cases") or ())]
    cited = {item["id"]: item["title"] for item in listed}
    own = feedback.own_feedback(user=request.user, occasion=incident.public_id, document_ids=cited)
    spoken = {pk: one for pk, one in own.items() if one.weight == 1.0}
    mine = run.feedback.filter(user=request.user, withdrawn_at__isnull=True).first()
    return {"run": run, "mine": mine, "cited": [(pk, title, spoken.get(pk)) for pk, title in cited.items()]}


# --- Files ---------------------------------------------------------------------------------------------------------


@may_view
@require_GET
def report_file(request: PortalRequest, incident_id: int, ending: str) -> HttpResponse:
    """The newest report as a file, in the language asked for or else the reader's."""
    incident = queries.incident_for(request.user, incident_id)
    language = request.GET.get("language", "")
    language = language if language in Language.values else current_language()
    return file_of(report_document(incident, language=language), ending)


def file_of(document: Document, ending: str) -> HttpResponse:
    """A document as a download. Raises Http404 for an unknown ending."""
    if ending not in CONTENT_TYPES:
        raise Http404
    response = HttpResponse(write(document, ending), content_type=CONTENT_TYPES[ending])
    response["Content-Disposition"] = f'attachment; filename="{document.name}.{ending}"'
    return response
