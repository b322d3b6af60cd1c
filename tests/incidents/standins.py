"""Analyses of known course, for tests about runs rather than about diagnosis."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from incidents.analysis.events import EventKind, RunEvent
from incidents.analysis.report import AnalysisResult, QuotedEvidence, ReportedFinding, Step
from incidents.diagnostics.intake import IncidentInput

FINDING = ReportedFinding(
    id="mem-maxmemory-pressure", category="memory", severity="critical", state="active",
    title="Memory is full", summary="used_memory reached maxmemory.",
    evidence=[QuotedEvidence("used_memory:1000", source="INFO", line=1)],
    actions=[Step("Look at the policy", command="CONFIG GET maxmemory-policy")],
)  # fmt: skip


def report(incident_id: str = "INC-000001", *, language: str = "en", analyst: str = "rules") -> AnalysisResult:
    return AnalysisResult(
        incident_id=incident_id, severity="critical", category="memory", summary="Memory is full; writes fail.",
        root_cause_analysis="maxmemory is reached and noeviction forbids eviction.", confidence_score=0.9,
        immediate_actions=FINDING.actions, findings=[FINDING], language=language, analyst=analyst,
    )  # fmt: skip


class Scripted:
    """An analysis that yields what it is told, and can be held at a point until `go` is set."""

    def __init__(self, *, words: int = 3, hold_at: int | None = None, fail_at: int | None = None) -> None:
        self.words, self.hold_at, self.fail_at = words, hold_at, fail_at
        self.go = threading.Event()
        self.held = threading.Event()
        self.calls: list[IncidentInput] = []

    def __call__(self, intake: IncidentInput, *, incident_id: str, language: str) -> Iterator[RunEvent]:
        self.calls.append(intake)
        for number, event in enumerate(self.course(incident_id, language)):
            if number == self.fail_at:
                raise RuntimeError("scripted failure")
            if number == self.hold_at:
                self.held.set()
                self.go.wait(20)
            yield event

    def course(self, incident_id: str, language: str) -> Iterator[RunEvent]:
        finding = report().as_json()["findings"][0]
        yield RunEvent(EventKind.EVIDENCE_READ, {"pieces": [{"kind": "info", "name": "INFO", "lines": 3}], "facts": {}})
        yield RunEvent(EventKind.FINDING, finding)
        yield RunEvent(EventKind.REPORT, report(incident_id, language=language).as_json())
        for number in range(self.words):
            yield RunEvent(EventKind.TEXT, {"delta": f"word{number} "})
        if self.words:
            yield RunEvent(EventKind.REPORT, report(incident_id, language=language, analyst="stub-model").as_json())
        yield RunEvent(EventKind.DONE, {"status": "succeeded"})


def silent(intake: IncidentInput, *, incident_id: str, language: str) -> Iterator[RunEvent]:
    """An analysis that ends without a report."""
    yield RunEvent(EventKind.EVIDENCE_READ, {"pieces": [], "facts": {}})
