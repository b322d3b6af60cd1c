"""A stored event as it goes over the wire: fragments of the page for browsers, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from incidents.analysis.events import EventKind
from incidents.collaboration.ticks import ticks_of
from incidents.models import AnalysisRun
from incidents.runs import run_view
from sre_portal import sse

JSON = "json"  # the style of programs; every other style is the language of a page

# Where an event goes on the page: the SSE event's name, which an element names in `sse-swap`, and its template.
# A report fills several places; they travel as several messages under one event id.
SLOTS: Mapping[str, tuple[str, ...]] = {
    EventKind.EVIDENCE_READ: ("evidence_read",),
    EventKind.FINDING: ("finding",),
    EventKind.SKIPPED: ("skipped",),
    EventKind.HYPOTHESIS: ("hypothesis",),
    EventKind.PASSAGE: ("passage",),
    EventKind.TOOL: ("tool",),
    EventKind.TEXT: ("text",),
    EventKind.REPORT: ("verdict", "plan", "explanation", "charts", "gaps", "related"),
    EventKind.NOTICE: ("notice",),
    EventKind.FAILED: ("failed",),
    EventKind.DONE: ("done",),
}


@dataclass(frozen=True, slots=True)
class StoredEvent:
    sequence: int
    kind: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What fragments need to know of their run beside the event. Plain values: rendering touches no database."""

    run_id: int = 0
    incident_id: int = 0
    status: str = ""
    analyst: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    previous: Mapping[str, Any] | None = None  # the report of the run before, to show what changed
    ticks: Mapping[tuple[int, str], tuple[str, datetime]] = field(default_factory=dict)  # steps that were done

    @property
    def seconds(self) -> float | None:
        """How long the run took. None while it is under way."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    @classmethod
    def of(cls, run: AnalysisRun) -> RunFacts:
        before = AnalysisRun.objects.filter(incident_id=run.incident_id, pk__lt=run.pk, result__isnull=False)
        return cls(
            run_id=run.pk, incident_id=run.incident_id, status=run.status, analyst=run.analyst,
            started_at=run.started_at, finished_at=run.finished_at,
            previous=before.order_by("-pk").values_list("result", flat=True).first(),
            ticks=ticks_of(run.incident_id),
        )  # fmt: skip


def messages(event: StoredEvent, facts: RunFacts, style: str) -> list[sse.Message]:
    """One event as it goes over the wire. A report fills several places, with a message for each."""
    if style == JSON:
        return [sse.Message.of(event.kind, json.dumps(event.payload, ensure_ascii=False))]
    with translation.override(style):
        return [sse.Message.of(slot, html) for slot, html in _fragments(event, facts)]


def slots_of(event: StoredEvent) -> tuple[str, ...]:
    """Where an event goes. What is not wrong now, and what is unlikely, is folded up."""
    if event.kind == EventKind.FINDING and event.payload.get("state") != "active":
        return ("finding_more",)
    if event.kind == EventKind.HYPOTHESIS and not run_view.is_likely(event.payload):
        return ("hypothesis_more",)
    return SLOTS.get(event.kind, ())


def _fragments(event: StoredEvent, facts: RunFacts) -> Iterator[tuple[str, str]]:
    context = run_view.context_of(event.kind, event.payload, facts)
    for slot in slots_of(event):
        yield slot, render_to_string(f"incidents/slots/{slot}.html", context)
