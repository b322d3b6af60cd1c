"""The one search box: a page of results, the list that follows typing, and what can be done from here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from incidents import queries
from incidents.converters import PUBLIC_ID_PATTERN
from incidents.finding import search
from incidents.finding.similar import similar_to
from incidents.models import PUBLIC_ID_PREFIX, Incident
from incidents.requests import PortalRequest
from incidents.texts import storable_text
from knowledge_base.rendering import render_line

may_view = permission_required("incidents.view_incident", raise_exception=True)
LONGEST = 2_000
HERE = re.compile(rf"^/incidents/(?P<number>{PUBLIC_ID_PATTERN})/")


@dataclass(frozen=True, slots=True)
class Action:
    """Something that the palette does to the incident on the screen."""

    label: str
    address: str
    name: str = ""
    value: str = ""


@require_GET
def search_page(request: PortalRequest) -> HttpResponse:
    """Results by kind. An exact id leads straight to what it names; `stay` shows the page all the same."""
    query = _query(request)
    is_part = request.htmx and not request.htmx.history_restore_request
    jump = search.exact_address(request.user, query) if query else None
    if jump and not is_part and "stay" not in request.GET:
        return redirect(jump)
    found = search.find(request.user, query)
    passages = found.knowledge.passages if found.knowledge else ()
    context = {
        "section": "search", "query": query, "found": found, "jump": jump,
        "passages": [(passage, render_line(passage.excerpt)) for passage in passages],
        "rules": [(spec, search.rule_title(spec)) for spec in found.rules],
    }  # fmt: skip
    template = "incidents/search/results.html" if is_part else "incidents/search/page.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request"
    return response


@require_GET
def suggestions(request: PortalRequest) -> HttpResponse:
    """The list under the box and in the palette, for whoever types."""
    query = _query(request)
    found = search.suggest(request.user, query)
    context = {
        "query": query, "found": found, "jump": search.exact_address(request.user, query) if query else None,
        "rules": [(spec, search.rule_title(spec)) for spec in found.rules],
        "actions": _actions(request, query),
    }  # fmt: skip
    return render(request, "incidents/search/suggestions.html", context)


@may_view
@require_GET
def incident_similar(request: PortalRequest, incident_id: int) -> HttpResponse:
    """Incidents like one: a part of its page, and a page of its own without JavaScript."""
    incident = queries.incident_for(request.user, incident_id)
    context = {"section": "incidents", "incident": incident, "similar": similar_to(incident)}
    template = "incidents/parts/similar.html" if request.htmx else "incidents/similar.html"
    return render(request, template, context)


def _query(request: PortalRequest) -> str:
    return storable_text(request.GET.get("q", ""))[:LONGEST].lstrip()


def _actions(request: PortalRequest, query: str) -> list[Action]:
    """What can be done to the incident that is looked at, as far as the words fit."""
    here = HERE.match(request.GET.get("at", ""))
    if here is None or not request.user.has_perm("incidents.change_incident"):
        return []
    number = int(here["number"].removeprefix(PUBLIC_ID_PREFIX))
    incident = Incident.objects.visible_to(request.user).filter(pk=number).first()
    words = query.lower().split()
    actions = _actions_on(incident, request) if incident else []
    return [action for action in actions if all(word in action.label.lower() for word in words)]


def _actions_on(incident: Incident, request: PortalRequest) -> list[Action]:
    assign, status = reverse("incident-assign", args=[incident.pk]), reverse("incident-status", args=[incident.pk])
    mine = incident.assignee_id == request.user.pk
    first = Action(_("Let go"), assign) if mine else Action(_("Take it"), assign, "take", "1")
    # Resolving asks questions of its own, which are answered on the page.
    others = [choice for choice in Incident.Status if choice not in (incident.status, Incident.Status.RESOLVED)]
    moves = [
        Action(_("Set status: %(status)s") % {"status": choice.label}, status, "status", choice.value)
        for choice in others
    ]
    return [first, *moves, Action(_("Analyse again"), reverse("run-start", args=[incident.pk]))]
