"""Starting and cancelling analysis runs."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from incidents import queries, services
from incidents.requests import PortalRequest
from incidents.views import may_change


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
