"""What the next shift needs to know of an incident, as a text to be copied into a chat or a mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone, translation

from incidents.analysis.report import AnalysisResult, from_json
from incidents.collaboration import timeline
from incidents.collaboration.head import Head, head_of
from incidents.collaboration.services import step_key
from incidents.collaboration.ticks import ticks_of
from incidents.collaboration.timeline import Entry, Kind
from incidents.collaboration.wording import sentence, verdict_words
from incidents.models import Incident

MOST_FINDINGS, MOST_STEPS, MOST_DONE, MOST_SAID = 5, 6, 12, 5
EXCERPT = 280  # characters of a comment
# What people did; comments have a part of their own.
DOINGS = frozenset(
    {Kind.STATUS, Kind.ASSIGNEE, Kind.EVIDENCE_ADDED, Kind.STEP_DONE, Kind.STEP_REOPENED, Kind.RESOLUTION, Kind.VERDICT}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Handover:
    """Known, done, open, and who has it."""

    head: Head
    report: AnalysisResult | None
    findings: list[Any] = field(default_factory=list)
    done: list[Entry] = field(default_factory=list)
    said: list[Entry] = field(default_factory=list)
    open_steps: list[Any] = field(default_factory=list)
    missing: list[Any] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        return verdict_words(self.report.as_json()) if self.report else ""


def handover_text(incident: Incident, *, language: str, address: str) -> str:
    """In the language asked for; what a report says stands in the language it was written in."""
    handover = handover_of(incident)
    with translation.override(language):
        context = {
            "incident": incident, "address": address, "now": timezone.localtime(), "handover": handover,
            "done": [(entry.at, sentence(entry)) for entry in handover.done],
            "said": [(entry.at, entry.actor, _excerpt(entry)) for entry in handover.said],
            "is_foreign": handover.report is not None and handover.report.language != language,
        }  # fmt: skip
        return render_to_string("incidents/collaboration/handover.txt", context).strip() + "\n"


def handover_of(incident: Incident) -> Handover:
    head = head_of(incident.pk, at=timezone.now())
    done = timeline.latest(incident, DOINGS, limit=MOST_DONE)
    recent = timeline.latest(incident, timeline.COMMENTS, limit=4 * MOST_SAID)
    said = [entry for entry in recent if entry.comment and entry.comment.text][-MOST_SAID:]
    run = incident.runs.filter(result__isnull=False).order_by("-pk").first()
    if run is None:
        return Handover(head, None, done=done, said=said)
    report = from_json(run.result)
    ticks = ticks_of(incident.pk)
    steps = [*report.immediate_actions, *report.detailed_steps]
    return Handover(
        head, report, done=done, said=said,
        findings=[one for one in report.findings if one.state == "active"][:MOST_FINDINGS],
        open_steps=[one for one in steps if (run.pk, step_key(one.title, one.command)) not in ticks][:MOST_STEPS],
        missing=list(report.missing_evidence[:3]),
    )  # fmt: skip


def _excerpt(entry: Entry) -> str:
    text = " ".join(entry.comment.text.split()) if entry.comment else ""
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"
