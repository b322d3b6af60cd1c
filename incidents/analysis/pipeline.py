"""The life of one analysis as a stream of events: evidence, findings, causes, passages, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol

from incidents.analysis.events import EventKind, RunEvent
from incidents.analysis.house_rules import HouseRuling, apply_house_rules
from incidents.analysis.report import AnalysisResult, Reference, RelatedCase, Usage
from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.diagnosis import Diagnosis, diagnose
from incidents.diagnostics.intake import IncidentInput


@dataclass(frozen=True, slots=True)
class RetrievedKnowledge:
    """What the knowledge base offers for a diagnosis. `notice` says when a part of the search was down."""

    references: Sequence[Reference] = ()
    related_cases: Sequence[RelatedCase] = ()
    excerpts: Mapping[str, str] = field(default_factory=dict)  # document id → text that a model may read
    notice: str = ""
    rulings: Sequence[HouseRuling] = ()  # the team's own rules in force for this incident


class Retriever(Protocol):
    """Finds knowledge for a diagnosis. Handed in, because this package knows no database."""

    def __call__(self, diagnosis: Diagnosis, *, language: str) -> RetrievedKnowledge: ...


class Analyst(Protocol):
    """Explains on top of the rules' report: yields text, tool and notice events and ends with a report event.

    One with a method `ahead` is told of the diagnosis as soon as there is one, and gives the analyst to go on with.
    """

    def __call__(
        self, diagnosis: Diagnosis, base: AnalysisResult, knowledge: RetrievedKnowledge
    ) -> Iterator[RunEvent]: ...


def analyze(
    intake: IncidentInput,
    *,
    incident_id: str,
    language: str,
    retriever: Retriever | None = None,
    analyst: Analyst | None = None,
    thresholds: Mapping[str, Mapping[str, float]] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[RunEvent]:
    """Yield the events of an analysis. The rules' report comes before any model is asked."""
    started = clock()
    diagnosis = diagnose(intake, thresholds=thresholds)
    report = write_report(diagnosis, incident_id=incident_id, language=language)
    ahead = getattr(analyst, "ahead", None)
    analyst = ahead(diagnosis, report) if ahead else analyst
    yield RunEvent(EventKind.EVIDENCE_READ, {"pieces": report.facts.get("evidence", []), "facts": report.facts})
    told: set[str] = set()
    for finding in report.findings:
        # The same on one more node of a cluster is folded up on the page.
        yield RunEvent(EventKind.FINDING, asdict(finding) | {"repeats": finding.id in told})
        told.add(finding.id)
    yield RunEvent(EventKind.SKIPPED, {"rules": [asdict(skipped) for skipped in report.skipped]})
    for hypothesis in report.hypotheses:
        yield RunEvent(EventKind.HYPOTHESIS, asdict(hypothesis))
    knowledge = retriever(diagnosis, language=language) if retriever else RetrievedKnowledge()
    if knowledge.notice:
        yield RunEvent(EventKind.NOTICE, {"code": "knowledge", "message": knowledge.notice})
    for reference in knowledge.references:
        yield RunEvent(EventKind.PASSAGE, asdict(reference))
    report = replace(
        report,
        references=list(knowledge.references),
        related_cases=list(knowledge.related_cases),
        usage=Usage(elapsed_ms=round((clock() - started) * 1000)),
    )
    report = apply_house_rules(report, knowledge.rulings)
    yield RunEvent(EventKind.REPORT, report.as_json())
    if analyst is not None:
        yield from analyst(diagnosis, report, knowledge)
    yield RunEvent(EventKind.DONE, {"status": "succeeded"})


def result_of(events: Iterator[RunEvent]) -> dict[str, object]:
    """Run an analysis to its end and return the last report as JSON types."""
    last: dict[str, object] = {}
    for event in events:
        if event.kind is EventKind.REPORT:
            last = event.payload
    return last
