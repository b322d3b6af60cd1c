"""The result schema: what every analyst writes and every reader shows. Values are plain JSON types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class QuotedEvidence:
    """A line or field that a statement rests on, with its place."""

    text: str
    source: str = ""
    line: int | None = None
    node: str = ""
    at: str = ""  # ISO 8601, empty when unknown


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do: the command, where to run it, what it risks, how to undo it and how to see that it worked."""

    title: str
    command: str = ""
    where: str = ""
    risk: str = "read-only"  # read-only, changes-settings, blocks, loses-data
    warning: str = ""
    blocking_ms: int | None = None
    cost: str = ""  # what running it costs the server
    undo: str = ""
    verify: str = ""
    expect: str = ""  # what each outcome would mean
    source: str = ""  # rule id, hypothesis id or knowledge document id


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    id: str
    category: str
    severity: str
    state: str  # active, recovered, history, risk, context
    title: str
    summary: str
    node: str = ""
    evidence: list[QuotedEvidence] = field(default_factory=list)
    actions: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReportedHypothesis:
    id: str
    category: str
    title: str
    explanation: str
    confidence: float  # 0–1
    is_root_cause: bool = False
    evidence_for: list[QuotedEvidence] = field(default_factory=list)
    evidence_against: list[QuotedEvidence] = field(default_factory=list)
    distinguish: list[Step] = field(default_factory=list)  # what would tell it from its rivals


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One arrow of the causal chain."""

    cause: str  # finding or hypothesis id
    effect: str
    cause_title: str = ""
    effect_title: str = ""


@dataclass(frozen=True, slots=True)
class RelatedCase:
    id: str
    title: str
    score: float
    status: str = "current"  # current, superseded
    url: str = ""
    excerpt: str = ""
    incident: str = ""  # public id of the incident that the case came from
    opinion: dict[str, Any] | None = None  # what feedback says of it, where that moved it: helped, wrong, shift


@dataclass(frozen=True, slots=True)
class Reference:
    id: str
    title: str
    score: float = 0.0
    status: str = "current"
    url: str = ""
    excerpt: str = ""
    why: str = ""
    opinion: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    limit: str  # maxmemory, maxclients, repl-backlog, disk
    minutes: float
    basis: str


@dataclass(frozen=True, slots=True)
class SkippedRule:
    id: str
    title: str
    missing: list[str]
    node: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    model: str = ""
    elapsed_ms: int = 0


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """The mission's fields first, in its order; beyond them what a reader needs to check the verdict."""

    incident_id: str
    severity: str
    category: str  # `none` when the system looks healthy
    summary: str
    root_cause_analysis: str
    immediate_actions: list[Step] = field(default_factory=list)
    detailed_steps: list[Step] = field(default_factory=list)
    related_cases: list[RelatedCase] = field(default_factory=list)
    prevention_tips: list[str] = field(default_factory=list)
    confidence_score: float = 0.0
    references: list[Reference] = field(default_factory=list)

    incident_detected: bool = True
    findings: list[ReportedFinding] = field(default_factory=list)
    hypotheses: list[ReportedHypothesis] = field(default_factory=list)
    causal_chain: list[ChainLink] = field(default_factory=list)
    missing_evidence: list[Step] = field(default_factory=list)
    skipped: list[SkippedRule] = field(default_factory=list)
    forecasts: list[Forecast] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)  # version, mode, nodes, timeline, ledger: drawn on the page
    notes: list[str] = field(default_factory=list)  # why this analyst, what was corrected, what was withheld
    analyst: str = "rules"
    language: str = "en"
    usage: Usage = field(default_factory=Usage)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_PARTS: dict[str, type] = {
    "immediate_actions": Step, "detailed_steps": Step, "related_cases": RelatedCase, "references": Reference,
    "findings": ReportedFinding, "hypotheses": ReportedHypothesis, "causal_chain": ChainLink,
    "missing_evidence": Step, "skipped": SkippedRule, "forecasts": Forecast, "evidence": QuotedEvidence,
    "evidence_for": QuotedEvidence, "evidence_against": QuotedEvidence, "distinguish": Step, "actions": Step,
}  # fmt: skip


def from_json(data: Mapping[str, Any]) -> AnalysisResult:
    """Read a stored result. Unknown keys are dropped, so that an older portal reads a newer row."""
    result: AnalysisResult = _read(AnalysisResult, data)
    return result


def _read(kind: type, data: Mapping[str, Any]) -> Any:
    values: dict[str, Any] = {}
    for known in fields(kind):
        if known.name not in data:
            continue
        value = data[known.name]
        part = _PARTS.get(known.name)
        if known.name == "usage" and isinstance(value, Mapping):
            value = _read(Usage, value)
        elif part is not None and isinstance(value, list):
            value = [_read(part, item) if isinstance(item, Mapping) else item for item in value]
        values[known.name] = value
    return kind(**values)
