"""What an incident's page shows of the team, beside the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from incidents.collaboration import timeline
from incidents.collaboration.conflicts import version_of
from incidents.collaboration.forms import CommentForm
from incidents.collaboration.head import head_of
from incidents.collaboration.queries import is_watching, people
from incidents.collaboration.services import mark_seen
from incidents.models import Incident

if TYPE_CHECKING:
    from incidents.requests import PortalRequest


def team_context(request: PortalRequest, incident: Incident) -> dict[str, Any]:
    """The timeline with its composer, how the incident stands, and from where the stream goes on."""
    wanted = request.GET.get("entry", "")
    reach = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None
    page = timeline.page_of(incident, reach=reach)
    return {
        "head": head_of(incident.pk, at=timezone.now()),
        "page": page,
        "show": "all",
        # The newest entry that is drawn: what came after it, the stream brings. Changes of comments may come twice.
        "seen_change": page.entries[0].id if page.entries else 0,
        "reader_id": request.user.pk,
        "version": version_of(incident),
        "comment_form": CommentForm(),
        "people": people(),
        "is_watching": is_watching(request.user, incident),
    }


def note_visit(request: PortalRequest, incident: Incident) -> None:
    """Whoever opens an incident has seen what there was to tell about it."""
    mark_seen(user_id=request.user.pk, incident_id=incident.pk)
