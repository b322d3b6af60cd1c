"""The timeline as a page of its own, the hand-over, and what happened over all incidents."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from incidents import queries
from incidents.collaboration import queries as team_queries
from incidents.collaboration import services as team
from incidents.collaboration import timeline
from incidents.collaboration.handover import handover_text
from incidents.language import current_language
from incidents.models import Language
from incidents.requests import PortalRequest
from incidents.views import may_view

SHOWN = {
    "all": gettext_lazy("Everything"),
    "comments": gettext_lazy("Comments"),
    "changes": gettext_lazy("Changes"),
    "analyses": gettext_lazy("Analyses"),
}
FEEDS = {
    "all": gettext_lazy("Everything"),
    "mine": gettext_lazy("My incidents"),
    "mentions": gettext_lazy("Mentions"),
    "watching": gettext_lazy("Watching"),
}


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else None


@may_view
@require_GET
def incident_timeline(request: PortalRequest, incident_id: int) -> HttpResponse:
    """The whole history of an incident, a stretch at a time; as a part it continues the one on the incident's page."""
    incident = queries.incident_for(request.user, incident_id)
    show = request.GET.get("show", "all")
    show = show if show in SHOWN else "all"
    page = timeline.page_of(incident, show=show, before=_number(request.GET.get("before")))
    context = {
        "section": "incidents", "incident": incident, "page": page, "show": show, "shown": SHOWN.items(),
        "reader_id": request.user.pk,
    }  # fmt: skip
    part = "entries" if request.htmx and not request.htmx.history_restore_request else "timeline"
    response = render(request, f"incidents/collaboration/{part}.html", context)
    response["Vary"] = "HX-Request"
    return response


@may_view
@require_GET
def incident_handover(request: PortalRequest, incident_id: int) -> HttpResponse:
    """What the next shift needs to know, to be copied."""
    incident = queries.incident_for(request.user, incident_id)
    language = request.GET.get("language", "")
    language = language if language in Language.values else current_language()
    address = request.build_absolute_uri(incident.get_absolute_url())
    context = {
        "section": "incidents", "incident": incident, "language": language, "languages": Language.choices,
        "text": handover_text(incident, language=language, address=address),
    }  # fmt: skip
    return render(request, "incidents/collaboration/handover.html", context)


@may_view
@require_GET
def activity(request: PortalRequest) -> HttpResponse:
    show = request.GET.get("show", "all")
    show = show if show in FEEDS else "all"
    feed = team_queries.feed_of(request.user, show=show, before=_number(request.GET.get("before")))
    context = {"section": "activity", "feed": feed, "show": show, "shown": FEEDS.items()}
    return render(request, "incidents/collaboration/activity.html", context)


@may_view
@require_POST
def activity_seen(request: PortalRequest) -> HttpResponse:
    team.mark_seen(user_id=request.user.pk)
    messages.success(request, _("Everything is marked as read."))
    return redirect("activity")


@may_view
@require_GET
def activity_unread(request: PortalRequest) -> HttpResponse:
    """The number in the header, asked for now and then."""
    return render(request, "incidents/collaboration/unread.html", {"unread": team_queries.unread_count(request.user)})
