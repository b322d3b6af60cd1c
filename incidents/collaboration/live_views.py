"""The stream of an incident's page."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import StreamingHttpResponse
from django.views.decorators.http import require_GET

from incidents import queries
from incidents.collaboration.streaming import Position, Reader, follow_page
from incidents.language import current_language
from incidents.requests import PortalRequest
from incidents.views import may_view
from sre_portal import sse


@may_view
@require_GET
async def incident_live(request: PortalRequest, incident_id: int) -> StreamingHttpResponse:
    """Stream what happens to an incident, and what the run tells that `?run=` names."""
    user = await request.auser()
    run_id = await sync_to_async(_run_of)(user, incident_id, request.GET.get("run", ""))
    # The lambda is essential: it closes the connection of the request's thread, not the event loop's.
    await sync_to_async(lambda: connection.close())()
    reader = Reader(current_language(), user.pk or 0)
    return sse.event_stream(follow_page(incident_id, run_id, after=Position.of(request), reader=reader))


def _run_of(user: object, incident_id: int, run_id: str) -> int | None:
    queries.incident_for(user, incident_id)  # type: ignore[arg-type]  # 404 for who may not see it
    if not (run_id.isascii() and run_id.isdigit() and len(run_id) < 19):
        return None
    return queries.run_for(user, int(run_id), incident_id=incident_id).pk  # type: ignore[arg-type]
