"""How an incident stands, as everybody who looks must see it: title, status, who has it, watches it and looks."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

from django.template.loader import render_to_string
from django.utils import translation

from incidents.collaboration.models import Watch
from incidents.collaboration.presence import lookers
from incidents.models import Incident
from sre_portal import sse

# The parts of a page that show it. An element anywhere names one in `sse-swap` and is filled by its template.
PARTS = ("title", "status", "assignee", "watchers", "presence")


@dataclass(frozen=True, slots=True)
class Head:
    incident_id: int
    title: str
    status: str
    assignee: str
    watchers: tuple[str, ...]
    lookers: tuple[str, ...]

    @property
    def status_words(self) -> str:
        return str(Incident.Status(self.status).label) if self.status in Incident.Status.values else self.status


def head_of(incident_id: int, *, at: datetime) -> Head:
    row = Incident.objects.filter(pk=incident_id).values_list("title", "status", "assignee__username").first()
    title, status, assignee = row or ("", "", None)
    watches = Watch.objects.filter(incident_id=incident_id, is_on=True).order_by("user__username")
    return Head(
        incident_id, title, status, assignee or "", tuple(watches.values_list("user__username", flat=True)[:50]),
        tuple(lookers(incident_id, at=at)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeadFrame:
    """The head as fragments. It has no number: each replaces the one before."""

    head: Head
    number: int | None = None
    is_last: bool = False
    rendered: dict[Hashable, list[sse.Message]] = field(default_factory=dict, compare=False)

    def messages(self, style: Hashable) -> list[sse.Message]:
        language = str(style[0]) if isinstance(style, tuple) else str(style)
        if language not in self.rendered:
            with translation.override(language):
                self.rendered[language] = [sse.Message.of(part, self._render(part)) for part in PARTS]
        return self.rendered[language]

    def _render(self, part: str) -> str:
        return render_to_string(f"incidents/collaboration/head/{part}.html", {"head": self.head})
