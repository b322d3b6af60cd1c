"""Pages about the language model: questions and drafts, what was or would be sent, and replays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.db import connection
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents import queries, replaying
from incidents.analysis.chat.drafting import DraftKind
from incidents.analysis.chat.prompts import versions_of
from incidents.language import current_language
from incidents.language_model import capsule_services, conversation_services, language_models
from incidents.language_model.capsules import Capsule, Replay
from incidents.language_model.conversations import Turn
from incidents.language_model.evaluation_rows import EvaluationCase
from incidents.models import Incident
from incidents.requests import PortalRequest
from incidents.views import may_change, may_view
from sre_portal import sse

DRAFTS = {kind.value for kind in DraftKind}
MOST_COMPARED = 4  # replays that stand beside a run
POLL_SECONDS = 0.15  # how often a growing answer is looked at while somebody watches it


@may_view
@require_http_methods(["GET", "POST"])
def conversation(request: PortalRequest, incident_id: int) -> HttpResponse:
    """What was asked and drafted; a POST asks. Works as a part of the incident's page and as a page of its own."""
    incident = queries.incident_for(request.user, incident_id)
    if request.method == "POST":
        if not request.user.has_perm("incidents.change_incident"):
            return HttpResponse(status=403)
        _begin(request, incident)
        if not request.htmx:
            return redirect(reverse("conversation", args=[incident.pk]) + "#newest")
    template = "incidents/chat/turns.html" if request.htmx else "incidents/chat/conversation.html"
    return render(request, template, _context(incident))


def _begin(request: PortalRequest, incident: Incident) -> None:
    language = request.POST.get("language") or incident.language
    language = language if language in ("ko", "en") else incident.language
    kind = request.POST.get("draft", "")
    try:
        if kind in DRAFTS:
            conversation_services.ask_for_draft(
                incident=incident, kind=kind, asker=request.user, language=language
            )  # fmt: skip
        else:
            question = request.POST.get("question", "")
            conversation_services.ask(incident=incident, question=question, asker=request.user, language=language)
    except conversation_services.NothingToAskAbout:
        messages.info(request, _("Write a question first; the incident needs a report for it."))


def _context(incident: Incident) -> dict[str, Any]:
    return {
        "section": "incidents", "incident": incident,
        "turns": list(incident.turns.select_related("asked_by").order_by("id")),
        "can_ask": language_models.is_configured(), "drafts": [one for one in Turn.Kind.choices if one[0] in DRAFTS],
        "language": current_language(),
    }  # fmt: skip


@may_view
@require_GET
async def turn_events(request: PortalRequest, incident_id: int, turn_id: int) -> StreamingHttpResponse:
    """Show an answer as it grows. Only reads; who writes it is another thread."""
    user = await request.auser()
    await sync_to_async(_turn_for)(user, incident_id, turn_id)
    # The lambda is essential: it closes the connection of the request's thread, not the event loop's.
    await sync_to_async(lambda: connection.close())()
    return sse.event_stream(_follow(turn_id, current_language()))


def _turn_for(user: Any, incident_id: int, turn_id: int) -> Turn:
    incident = queries.incident_for(user, incident_id)
    return get_object_or_404(incident.turns, pk=turn_id)


async def _follow(turn_id: int, language: str) -> AsyncIterator[bytes]:
    shown = None
    while True:
        html, is_open = await asyncio.to_thread(_rendered, turn_id, language)
        if html != shown:
            shown = html
            yield sse.encode(event="turn" if is_open else "done", data=html)
        if not is_open:
            return
        await asyncio.sleep(POLL_SECONDS)


def _rendered(turn_id: int, language: str) -> tuple[str, bool]:
    try:
        turn = Turn.objects.select_related("incident", "asked_by").filter(pk=turn_id).first()
        if turn is None:
            return "", False
        with translation.override(language):
            return render_to_string("incidents/chat/answer.html", {"turn": turn}), turn.is_open
    finally:
        connection.close()


# --- What is sent ----------------------------------------------------------------------------------------------


@may_view
@require_GET
def sent(request: PortalRequest, incident_id: int) -> HttpResponse:
    """Exactly what a model would be sent for this incident now, and what it was sent before.

    What would be sent takes reading all evidence again. The page asks for that by itself once it stands.
    """
    incident = queries.incident_for(request.user, incident_id)
    run = incident.runs.filter(result__isnull=False).order_by("-id").first()
    is_due = run is not None and "now" in request.GET
    would, mapping = conversation_services.preview_of(run) if run and is_due else ([], {})
    context = {
        "is_to_come": run is not None and not is_due,
        "section": "incidents", "incident": incident, "would": would, "mapping": sorted(mapping.items()),
        "calls": incident.model_calls.select_related("requested_by")[:50],
        "is_configured": language_models.is_configured(),
        "model": language_models.model_for(language_models.EXPLAIN),
    }  # fmt: skip
    return render(request, "incidents/chat/sent.html", context)


# --- Time capsules ---------------------------------------------------------------------------------------------


@may_view
@require_GET
def capsule(request: PortalRequest, incident_id: int, run_id: int) -> HttpResponse:
    """A run as an evaluation case, to be saved into a folder of cases."""
    run = queries.run_for(request.user, run_id, incident_id=incident_id)
    response = JsonResponse(capsule_services.as_case(run), json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="{run.incident.public_id.lower()}-{run.pk}.json"'
    return response


@may_change
@require_POST
def keep_case(request: PortalRequest, incident_id: int, run_id: int) -> HttpResponse:
    """Keep a run as a case for evaluations, with one click."""
    run = queries.run_for(request.user, run_id, incident_id=incident_id)
    if run.result is None:
        messages.error(request, _("This analysis has no report yet."))
    else:
        case = capsule_services.keep_case(run=run, keeper=request.user)
        messages.success(request, _("Kept as the evaluation case %(name)s.") % {"name": case.slug})
    return redirect("run-replays", incident_id, run_id)


@may_view
@require_http_methods(["GET", "POST"])
def replays(request: PortalRequest, incident_id: int, run_id: int) -> HttpResponse:
    """Make a run again with something changed, and compare."""
    run = queries.run_for(request.user, run_id, incident_id=incident_id)
    if request.method == "POST":
        return _start_replay(request, run)
    made = list(run.replays.select_related("requested_by")[:MOST_COMPARED])
    capsule = Capsule.objects.filter(run=run).first()
    context = {
        "section": "incidents", "incident": run.incident, "run": run, "replays": made,
        "parameters": json.dumps(capsule.parameters, ensure_ascii=False, indent=1) if capsule else "",
        "rows": replaying.side_by_side(run, made), "kept": EvaluationCase.objects.filter(run=run).first(),
        "models": ["rules", *language_models.configured_models()], "knowledge": Replay.Knowledge.choices,
        "prompts": versions_of("explain"), "is_waiting": any(one.status == Replay.Status.WAITING for one in made),
    }  # fmt: skip
    return render(request, "incidents/chat/replays.html", context)


@may_change
@require_POST
def _start_replay(request: PortalRequest, run: Any) -> HttpResponse:
    knowledge, version = request.POST.get("knowledge", ""), request.POST.get("prompts", "")
    try:
        replaying.start_replay(
            run=run, prompt_version=int(version) if version in map(str, versions_of("explain")) else None,
            analyst=request.POST.get("analyst", "")[:160], requested_by=request.user,
            knowledge=knowledge if knowledge in Replay.Knowledge else Replay.Knowledge.FROZEN,
        )  # fmt: skip
    except replaying.NotSealed:
        messages.error(request, _("This analysis has no time capsule; analyse again to get one."))
    return redirect("run-replays", run.incident_id, run.pk)
