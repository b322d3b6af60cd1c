"""The dashboard: how incidents went, over a period that one picks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from incidents.dashboard.charts import bar_chart, line_chart
from incidents.dashboard.durations import Quantiles
from incidents.dashboard.figures import Figures, figures
from incidents.dashboard.periods import LENGTHS, Part, Period
from incidents.finding.filters import PERIOD_WORDS
from incidents.models import Incident
from incidents.requests import PortalRequest
from incidents.samples import SAMPLES

may_view = permission_required("incidents.view_incident", raise_exception=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One part of the period in the tables beside the charts, with the list of what was reported in it."""

    start: datetime
    last: datetime
    address: str
    reported: int
    resolved: int
    diagnosis: Quantiles
    resolution: Quantiles


@may_view
@require_GET
def dashboard(request: PortalRequest) -> HttpResponse:
    period = Period.named(request.GET.get("period", ""), now=timezone.now())
    found = figures(period)
    context = {
        "section": "dashboard",
        "figures": found,
        "period": period,
        "periods": [(name, PERIOD_WORDS[name]) for name in LENGTHS],
        "rows": _rows(found),
        "volume": bar_chart(found.reported, found.resolved),
        "trends": {
            "diagnosis": line_chart(*_lines(found.diagnosis.parts)),
            "resolution": line_chart(*_lines(found.resolution.parts)),
        },
        "is_empty": not Incident.objects.exists(),
        "samples": SAMPLES.items(),
    }
    return render(request, "incidents/dashboard.html", context)


def _lines(parts: list[Quantiles]) -> tuple[list[float | None], list[float | None]]:
    return [part.median for part in parts], [part.ninetieth for part in parts]


def _rows(found: Figures) -> list[Row]:
    return [
        Row(
            part.start, part.end - timedelta(seconds=1), _address(part), found.reported[n], found.resolved[n],
            found.diagnosis.parts[n], found.resolution.parts[n],
        )
        for n, part in enumerate(found.period.parts)
    ]  # fmt: skip


def _address(part: Part) -> str:
    """The list of what was reported in a part, to the minute."""
    first, last = (timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") for moment in (part.start, part.end))
    return f"{reverse('incident-list')}?since={first}&until={last}"
