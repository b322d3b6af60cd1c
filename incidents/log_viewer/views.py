"""One text with numbered lines: the page, the rows that a scrolling browser fetches, the strip, and lines to copy."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from incidents import queries
from incidents.log_viewer.filtering import LogFilter
from incidents.log_viewer.minimap import draw_minimap
from incidents.log_viewer.reading import index_of, marks_of
from incidents.log_viewer.window import PAGE, text_of, window_of
from incidents.models import EvidenceItem, Incident, Severity
from incidents.requests import PortalRequest
from incidents.views import may_view

MOST_COPIED = 20_000  # lines


@may_view
@require_GET
def evidence_detail(request: PortalRequest, incident_id: int, sequence: int) -> HttpResponse:
    """A page of lines. `?line=` leads to a line, `?start=` to a row of what matches the filter."""
    incident, item = _evidence(request, incident_id, sequence)
    wanted = LogFilter.of(request.GET)
    marks = marks_of(item, incident.latest_run)
    window = window_of(item, wanted, marks, line=request.GET.get("line", ""), start=_start(request))
    context = {
        "section": "incidents", "incident": incident, "item": item, "window": window, "wanted": wanted,
        "marks": marks, "levels": Severity.choices, "complaint": _complaint(wanted),
    }  # fmt: skip
    return render(request, "incidents/evidence.html", context)


@may_view
@require_GET
@cache_control(private=True, max_age=300)
def evidence_rows(request: PortalRequest, incident_id: int, sequence: int) -> HttpResponse:
    """The rows that a browser lacks while somebody scrolls."""
    incident, item = _evidence(request, incident_id, sequence)
    count = request.GET.get("count", "")
    window = window_of(
        item, LogFilter.of(request.GET), marks_of(item, incident.latest_run), start=_start(request) or "0",
        count=int(count) if count.isascii() and count.isdigit() and len(count) < 6 else PAGE,
    )  # fmt: skip
    return render(request, "incidents/log/rows.html", {"window": window, "incident": incident})


@may_view
@require_GET
def evidence_map(request: PortalRequest, incident_id: int, sequence: int) -> HttpResponse:
    """The strip beside the lines. It comes by itself, because every line has to be read for it once."""
    incident, item = _evidence(request, incident_id, sequence)
    drawing = draw_minimap(index_of(item), marks_of(item, incident.latest_run))
    return render(request, "incidents/log/minimap.html", {"map": drawing})


@may_view
@require_GET
def evidence_text(request: PortalRequest, incident_id: int, sequence: int) -> HttpResponse:
    """Lines as plain text, `?first=` to `?last=`."""
    _incident, item = _evidence(request, incident_id, sequence)
    first, last = _line(request, "first", 1), _line(request, "last", MOST_COPIED)
    text = text_of(item, first, min(last, first + MOST_COPIED - 1))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _evidence(request: PortalRequest, incident_id: int, sequence: int) -> tuple[Incident, EvidenceItem]:
    incident = queries.incident_for(request.user, incident_id)
    rows = incident.evidence.defer("text").select_related("added_by")
    return incident, get_object_or_404(rows, sequence=sequence)


def _start(request: PortalRequest) -> str:
    return str(request.GET.get("start", ""))


def _line(request: PortalRequest, name: str, default: int) -> int:
    value = str(request.GET.get(name, ""))
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else default


def _complaint(wanted: LogFilter) -> str:
    if not wanted.unread:
        return ""
    told: dict[str, Any] = {"text": wanted.unread}
    return _("“%(text)s” is no time that can be read. Write it like 2026-11-22 03:12:05.") % told
