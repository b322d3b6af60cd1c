"""Starting, following and cancelling analysis runs."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from incidents import queries, services
from incidents.language import current_language
from incidents.requests import PortalRequest
from incidents.streaming import follow
from incidents.views import may_change, may_view
from sre_portal import sse


@may_change
@require_POST
def start_analysis(request: PortalRequest, incident_id: int) -> HttpResponse:
    incident = queries.incident_for(request.user, incident_id)
    try:
        services.start_analysis(incident=incident, actor=request.user, language=request.POST.get("language", "")[:2])
    except services.AnalysisAlreadyRunning:
        messages.info(request, _("An analysis is under way already."))  # the second click shows the first one's run
    return redirect(incident)


@may_change
@require_POST
def cancel_run(request: PortalRequest, incident_id: int, run_id: int) -> HttpResponse:
    run = queries.run_for(request.user, run_id, incident_id=incident_id)
    services.cancel_run(run=run, actor=request.user)
    return redirect(run.incident)


@may_view
@require_GET
async def run_events(request: PortalRequest, incident_id: int, run_id: int) -> StreamingHttpResponse:
    """Stream a run's stored events as fragments of the page. A browser that comes back gets only what it missed."""
    user = await request.auser()
    run = await sync_to_async(queries.run_for)(user, run_id, incident_id=incident_id)
    # The lambda is essential: it closes the connection of the request's thread, not the event loop's.
    await sync_to_async(lambda: connection.close())()
    return sse.event_stream(follow(run.pk, after=sse.last_event_id(request), style=current_language()))
