"""What a page shows of a run: its stored events folded together, in the shapes that the templates read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from incidents.analysis.events import EventKind
from incidents.analysis.report import AnalysisResult, from_json
from incidents.drawing.causal_chain import chain_of
from incidents.runs.comparing import compare

if TYPE_CHECKING:
    from incidents.runs.fragments import RunFacts, StoredEvent


WORTH_A_LOOK = 0.15  # confidence from which a hypothesis stands beside the root cause


@dataclass(frozen=True, slots=True)
class Words:
    """A statement of the analyst, or a piece of one. `struck` says why it does not stand; empty when it does."""

    part: int
    text: str
    struck: str = ""

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Words:
        return cls(int(payload.get("part", 0)), str(payload.get("delta", "")), str(payload.get("struck", "")))


@dataclass
class RunView:
    """Everything that a run has told so far. A page without JavaScript is drawn from this alone."""

    facts: RunFacts
    evidence_read: Mapping[str, Any] | None = None
    findings: list[Mapping[str, Any]] = field(default_factory=list)
    skipped: list[Mapping[str, Any]] = field(default_factory=list)
    hypotheses: list[Mapping[str, Any]] = field(default_factory=list)
    passages: list[Mapping[str, Any]] = field(default_factory=list)
    tools: list[Mapping[str, Any]] = field(default_factory=list)
    notices: list[Mapping[str, Any]] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    report: AnalysisResult | None = None
    failure: str = ""
    position: int = 0

    def take(self, event: StoredEvent) -> None:
        self.position = event.sequence
        match event.kind:
            case EventKind.EVIDENCE_READ:
                self.evidence_read = event.payload
            case EventKind.SKIPPED:
                self.skipped = list(event.payload.get("rules", []))
            case EventKind.TEXT:
                self._speak(Words.of(event.payload))
            case EventKind.REPORT:
                self.report = from_json(event.payload)
            case EventKind.FAILED:
                self.failure = str(event.payload.get("message", ""))
            case _ if event.kind in self._lists:
                self._lists[event.kind].append(event.payload)

    def _speak(self, said: Words) -> None:
        """Add words to their statement. One that is struck out keeps them, with the reason."""
        if self.words and self.words[-1].part == said.part:
            before = self.words.pop()
            said = Words(said.part, before.text + said.text, said.struck or before.struck)
        self.words.append(said)

    @property
    def _lists(self) -> dict[str, list[Mapping[str, Any]]]:
        return {
            EventKind.FINDING: self.findings, EventKind.HYPOTHESIS: self.hypotheses,
            EventKind.PASSAGE: self.passages, EventKind.TOOL: self.tools, EventKind.NOTICE: self.notices,
        }  # fmt: skip

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The findings, each with those that say the same of other nodes under `also`."""
        groups: dict[str, dict[str, Any]] = {}
        for finding in self.findings:
            if finding.get("repeats") and finding["id"] in groups:
                groups[finding["id"]]["also"].append(finding)
            else:
                groups[finding["id"]] = {**finding, "repeats": False, "also": []}
        return list(groups.values())

    @property
    def quiet_groups(self) -> int:
        return sum(group["state"] != "active" for group in self.groups)

    @property
    def likely(self) -> list[Mapping[str, Any]]:
        return [hypothesis for hypothesis in self.hypotheses if is_likely(hypothesis)]

    @property
    def unlikely(self) -> list[Mapping[str, Any]]:
        return [hypothesis for hypothesis in self.hypotheses if not is_likely(hypothesis)]


def is_likely(hypothesis: Mapping[str, Any]) -> bool:
    return bool(hypothesis.get("is_root_cause")) or hypothesis["confidence"] >= WORTH_A_LOOK


def view_of(facts: RunFacts, events: Iterable[StoredEvent]) -> RunView:
    view = RunView(facts)
    for event in events:
        view.take(event)
    return view


def context_of(kind: str, payload: Mapping[str, Any], facts: RunFacts) -> dict[str, Any]:
    """The context of one event's fragments; the same names that a whole page gives to the same templates."""
    context: dict[str, Any] = {"facts": facts}
    match kind:
        case EventKind.REPORT:
            context |= report_context(from_json(payload), facts)
        case EventKind.SKIPPED:
            context["skipped"] = payload.get("rules", [])
        case EventKind.TEXT:
            context["said"] = Words.of(payload)
        case EventKind.FAILED:
            context["failure"] = payload.get("message", "")
        case _:
            context[kind] = payload
    return context


def report_context(report: AnalysisResult, facts: RunFacts) -> dict[str, Any]:
    return {
        "facts": facts,
        "report": report,
        "tone": report.severity if report.incident_detected else "ok",
        "since": first_sign(report),
        "chain": chain_of(report.causal_chain, report.findings),
        "changes": compare(facts.previous, report),
    }


def first_sign(report: AnalysisResult) -> str:
    """The earliest time that the evidence of active findings names, by the clock of the log. Empty if none does."""
    times = [
        quote.at for finding in report.findings if finding.state == "active" for quote in finding.evidence if quote.at
    ]
    return min(times, default="")
