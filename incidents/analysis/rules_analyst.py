"""The analyst that needs no model: turns a diagnosis into the full report, in one language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from incidents.analysis.command_gate import CommandGate, counts_of, target_of
from incidents.analysis.phrases import phrases
from incidents.analysis.report import (
    AnalysisResult,
    ChainLink,
    Forecast,
    QuotedEvidence,
    ReportedFinding,
    ReportedHypothesis,
    SkippedRule,
    Step,
)
from incidents.diagnostics.causes.conclusion import BELIEVED, Conclusion
from incidents.diagnostics.causes.hypotheses import Probe, all_hypotheses
from incidents.diagnostics.causes.weighing import Weighed
from incidents.diagnostics.commands import Target
from incidents.diagnostics.culprits import Culprit, culprits_of
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.evidence.sources import source_in_words
from incidents.diagnostics.findings import Action, Evidence, Finding, Skipped, State
from incidents.diagnostics.forecasts import Forecast as Foreseen
from incidents.diagnostics.forecasts import forecast
from incidents.diagnostics.log_pulse import merged
from incidents.diagnostics.memory_ledger import Ledger, ledger_of
from incidents.diagnostics.rules.specs import all_rules
from incidents.diagnostics.sample_changes import SampleChange, changes_of
from incidents.diagnostics.text import Text

IMMEDIATE = 4  # actions that stand on top; the rest follow as detailed steps


def write_report(
    diagnosis: Diagnosis, *, incident_id: str, language: str, target: Target | None = None
) -> AnalysisResult:
    """Write the whole report from rules and evidence alone. Without a `target` the evidence tells the server."""
    return _Writer(diagnosis, language, target or target_of(diagnosis.dossier)).write(incident_id)


_FORECAST_FIELDS = ("limit", "minutes", "node", "before", "after", "ceiling", "seconds")


class _Writer:
    def __init__(self, diagnosis: Diagnosis, language: str, target: Target) -> None:
        self.diagnosis = diagnosis
        self.language = language
        self.findings = diagnosis.examination.findings
        self.conclusion: Conclusion = diagnosis.conclusion
        self.gate = CommandGate(target, language, counts_of(diagnosis.dossier))

    def say(self, text: Text | str, **values: Any) -> str:
        found = phrases()[text] if isinstance(text, str) else text
        return found.format(**values).say(self.language) if values else found.say(self.language)

    def write(self, incident_id: str) -> AnalysisResult:
        root = self.conclusion.root
        actions = self.actions()
        return AnalysisResult(
            incident_id=incident_id,
            severity=self.conclusion.severity.value,
            category=root.hypothesis.category.value if root else "none",
            summary=self.summary(),
            root_cause_analysis=self.root_cause(),
            immediate_actions=actions[:IMMEDIATE],
            detailed_steps=actions[IMMEDIATE:],
            prevention_tips=self.prevention(),
            confidence_score=round(self.conclusion.confidence, 3),
            incident_detected=self.conclusion.incident,
            findings=[self.finding(finding) for finding in self.findings],
            hypotheses=[self.hypothesis(w) for w in self.conclusion.ranked],
            causal_chain=self.chain(),
            missing_evidence=self.missing(),
            skipped=[self.skip(skipped) for skipped in self.diagnosis.examination.skipped],
            forecasts=[
                Forecast(limit=f.limit, minutes=f.minutes, basis=_on_node(f.node) + self.say(f.basis))
                for f in forecast(self.diagnosis.dossier)
            ],
            facts=self.facts(),
            analyst="rules",
            language=self.language,
        )

    # --- words ---

    def summary(self) -> str:
        if not self.conclusion.incident:
            return self.healthy()
        parts = []
        for index, root in enumerate(self.conclusion.roots):
            title = self.say(root.hypothesis.title.format(**root.values))
            parts.append(f"{title}." if index == 0 else self.say("also", title=title))
            lead = _leading(root)
            if lead is not None:
                parts.append(self.say(lead.summary))
        return " ".join(part.replace("..", ".") for part in parts)

    def healthy(self) -> str:
        recovered = [f for f in self.findings if f.state is State.RECOVERED and f.severity.rank > 1]
        looked = len(all_rules()) - self.rules_that_never_looked()
        basis = self.say("healthy_basis", rules=looked, skipped=len(all_rules()) - looked)
        if recovered:
            titles = ", ".join(dict.fromkeys(self.say(f.title) for f in recovered))
            return f"{self.say('healthy_recovered', titles=titles)} {basis}"
        seen = any(node.latest or node.log for node in self.diagnosis.dossier.nodes)
        return f"{self.say('healthy' if seen else 'healthy_blind')} {basis}"

    def rules_that_never_looked(self) -> int:
        """Rules that could look at no node at all; one that looked at some nodes has looked."""
        nodes = Counter(skipped.id for skipped in self.diagnosis.examination.skipped)
        everywhere = len(self.diagnosis.dossier.nodes)
        rules = all_rules()
        return sum(1 for name, count in nodes.items() if count >= everywhere or rules[name].scope == "incident")

    def root_cause(self) -> str:
        if not self.conclusion.roots:
            told = [f for f in self.findings if f.state is State.RECOVERED or self.is_about_all_nodes(f)]
            told.sort(key=lambda finding: not self.is_about_all_nodes(finding))
            said = dict.fromkeys(f"- {self.say(finding.summary)}" for finding in told)
            lines = [self.healthy(), *list(said)[:6]]
            return "\n".join(lines)
        return "\n\n".join(self.cause_of(root) for root in self.conclusion.roots)

    def is_about_all_nodes(self, finding: Finding) -> bool:
        """Such as an orderly rolling restart: harmless, and the reason why frightening logs are."""
        return finding.state is State.CONTEXT and all_rules()[finding.id].scope == "incident"

    def cause_of(self, root: Weighed) -> str:
        lines = [self.say(root.explain())]
        quotes = _quotes(root.support) or list(root.said)
        if quotes:
            lines.append(self.say("evidence"))
            lines += [f"- {_place(quote, self.language)}{quote.text}" for quote in quotes[:6]]
        effects = self.effects_of(root)
        if effects:
            lines.append(f"{self.say('leads_to')} {', '.join(effects)}.")
        if root.contrary:
            lines.append(self.say("contradiction"))
            lines += [f"- {self.say(f.summary)}" for f in root.contrary[:3]]
        if root.confidence < 0.6:
            lines.append(self.say("low_confidence"))
        return "\n".join(lines)

    def effects_of(self, root: Weighed) -> list[str]:
        own = {f.id for f in root.support}
        names = [effect for cause, effect in self.conclusion.chain if cause == root.id or cause in own]
        titles = [self.title_of(name) for name in names if name not in own]
        return list(dict.fromkeys(title for title in titles if title))[:5]

    # --- parts ---

    def actions(self) -> list[Step]:
        steps: list[Step] = []
        for root in self.conclusion.roots:
            steps += [self.step(action, root.id) for action in root.hypothesis.actions]
            for finding in sorted(root.active, key=lambda f: -f.severity.rank):
                steps += [self.step(action, finding.id) for action in finding.actions]
        if not self.conclusion.roots:
            for finding in self.findings:
                if finding.state in (State.RISK, State.RECOVERED):
                    steps += [self.step(action, finding.id) for action in finding.actions[:1]]
        return _safest_first(_unique(self.gate.pass_steps(_unique(steps))))[:14]

    def prevention(self) -> list[str]:
        tips = [self.say(tip) for root in self.conclusion.roots for tip in root.hypothesis.prevention]
        tips += [self.say(f.summary) for f in self.findings if f.state is State.RISK]
        return list(dict.fromkeys(tips))[:10]

    def missing(self) -> list[Step]:
        """The cheapest read-only commands that would tell most, those of the best hypotheses first."""
        asked: list[Step] = []
        for weighed in self.conclusion.ranked[:4]:
            if weighed.score > BELIEVED - 3:
                asked += [self.probe(p, weighed.id) for p in weighed.hypothesis.ask if not self._is_answered(p)]
        if not any(node.latest for node in self.diagnosis.dossier.nodes):
            asked.append(
                Step(title=self.say("ask_info"), command="redis-cli INFO", expect=self.say("ask_info_outcome"))
            )
        elif not any(node.earlier for node in self.diagnosis.dossier.nodes) and self.conclusion.incident:
            asked.append(
                Step(title=self.say("ask_second"), command="redis-cli INFO", expect=self.say("ask_second_outcome"))
            )
        return _unique(self.gate.pass_steps(_unique(asked)))[:8]

    def _is_answered(self, probe: Probe) -> bool:
        if not probe.needs:
            return False
        if probe.needs in EvidenceKind.__members__.values():
            return bool(self.diagnosis.dossier.of_kind(EvidenceKind(probe.needs)))
        return any(node.latest and node.latest.has(probe.needs) for node in self.diagnosis.dossier.nodes)

    def chain(self) -> list[ChainLink]:
        return [
            ChainLink(cause, effect, self.title_of(cause), self.title_of(effect))
            for cause, effect in self.conclusion.chain
        ]

    def title_of(self, name: str) -> str:
        hypothesis, rule = all_hypotheses().get(name), all_rules().get(name)
        known = hypothesis or rule
        values = next((w.values for w in self.conclusion.ranked if w.id == name), {})
        return self.say(known.title.format(**values)) if known else ""

    def step(self, action: Action, source: str) -> Step:
        return Step(
            title=self.say(action.text),
            command=action.command,
            where=action.where,
            risk=action.risk.value,
            undo=action.undo,
            verify=action.verify,
            source=source,
        )

    def probe(self, probe: Probe, source: str) -> Step:
        return Step(
            title=self.say(probe.text), command=probe.command, where=probe.where, expect=self.say(probe.outcome),
            source=source,
        )  # fmt: skip

    def finding(self, finding: Finding) -> ReportedFinding:
        return ReportedFinding(
            id=finding.id,
            category=finding.category.value,
            severity=finding.severity.value,
            state=finding.state.value,
            title=self.say(finding.title),
            summary=self.say(finding.summary),
            node=finding.node,
            evidence=[quoted(item) for item in finding.evidence[:8]],
            actions=self.gate.pass_steps(self.step(action, finding.id) for action in finding.actions),
        )

    def hypothesis(self, weighed: Weighed) -> ReportedHypothesis:
        return ReportedHypothesis(
            id=weighed.id,
            category=weighed.hypothesis.category.value,
            title=self.say(weighed.hypothesis.title.format(**weighed.values)),
            explanation=self.say(weighed.explain()),
            confidence=round(weighed.confidence, 3),
            is_root_cause=any(root.id == weighed.id for root in self.conclusion.roots),
            evidence_for=[quoted(item) for item in [*_quotes(weighed.support), *weighed.said][:6]],
            evidence_against=[quoted(item) for item in [*_quotes(weighed.contrary), *weighed.said_against][:4]],
            distinguish=self.gate.pass_steps(self.probe(probe, weighed.id) for probe in weighed.hypothesis.ask),
        )

    def skip(self, skipped: Skipped) -> SkippedRule:
        rule = all_rules().get(skipped.id)
        title = self.say(rule.title) if rule else skipped.id
        return SkippedRule(skipped.id, title, list(skipped.missing), skipped.node)

    def forecast_line(self, foreseen: Foreseen) -> dict[str, Any]:
        """A forecast as the page draws it."""
        values = {name: getattr(foreseen, name) for name in _FORECAST_FIELDS}
        return {**values, "basis": self.say(foreseen.basis)}

    def culprit(self, culprit: Culprit, node: str) -> dict[str, Any]:
        return {
            "node": node,
            "owner": culprit.owner,
            "connections": culprit.connections,
            "idle": culprit.idle,
            "buffer_bytes": culprit.buffer_bytes,
            "slow_us": culprit.slow_us,
            "commands": dict(culprit.commands.most_common(5)),
            "hosts": sorted(culprit.hosts)[:8],
            "shares": {name: round(value, 3) for name, value in culprit.shares.items()},
        }

    def ledger(self, ledger: Ledger) -> dict[str, Any]:
        """The memory ledger as the page draws it."""
        return {
            "node": ledger.node,
            "parts": [{"name": p.name, "label": self.say(p.label), "bytes": p.bytes} for p in ledger.parts],
            "used": ledger.used,
            "rss": ledger.rss,
            "fragmentation": ledger.fragmentation,
            "limit": ledger.limit,
            "host": ledger.host,
            "fork_headroom": ledger.fork_headroom,
            "advice": self.say(ledger.advice),
        }

    def pulse(self) -> dict[str, Any] | None:
        """Lines by time and severity, of all nodes together. None for a log without times."""
        pulse = merged(node.log.pulse for node in self.diagnosis.dossier.nodes)
        if not pulse:
            return None
        return {"seconds": pulse.seconds, "rows": [[at.isoformat(), counts] for at, counts in pulse.rows()]}

    def facts(self) -> dict[str, Any]:
        dossier = self.diagnosis.dossier
        return {
            "version": dossier.version,
            "product": "valkey" if dossier.is_valkey else "redis" if dossier.version else "",
            "deployment": dossier.deployment,
            "forecast_lines": [self.forecast_line(f) for f in forecast(dossier)],
            "commands": self.gate.shown,
            "culprits": [self.culprit(c, node.name) for node in dossier.nodes for c in culprits_of(node)],
            "target": self.gate.target.name,
            "managed": self.gate.target.managed or "",
            "withheld": self.gate.withheld,
            "nodes": [node.name for node in dossier.nodes if node.latest or node.log],
            "ledgers": [self.ledger(ledger) for node in dossier.nodes if (ledger := ledger_of(node)) is not None],
            "pulse": self.pulse(),
            "changes": [
                {"node": node.name, "changes": [sample_change(change) for change in changes]}
                for node in dossier.nodes
                if (changes := list(changes_of(node)))
            ],
            "evidence": [
                {"kind": p.kind.value, "name": p.name, "node": p.node, "lines": p.line_count} for p in dossier.pieces
            ],
        }


def sample_change(change: SampleChange) -> dict[str, Any]:
    return {
        "name": change.field.name, "kind": change.field.kind, "unit": change.field.unit, "before": change.before,
        "after": change.after, "seconds": change.seconds, "per_second": change.per_second,
    }  # fmt: skip


def _on_node(name: str) -> str:
    return f"[{name}] " if name else ""


def quoted(evidence: Evidence) -> QuotedEvidence:
    at = evidence.at.isoformat() if evidence.at else ""
    return QuotedEvidence(evidence.text, evidence.source, evidence.line, evidence.node, at)


def _leading(root: Weighed) -> Finding | None:
    """The finding that says most about a cause: the worst active one with the highest weight."""
    weights = root.hypothesis.findings or {}
    return max(root.active, key=lambda f: (weights.get(f.id, 1.0), f.severity.rank), default=None)


def _quotes(findings: Sequence[Finding]) -> list[Evidence]:
    """Two quotes a finding at most, so that no finding crowds the others out."""
    return list(dict.fromkeys(quote for finding in findings for quote in finding.evidence[:2]))


def _place(quote: Evidence, language: str) -> str:
    source = source_in_words(quote.source, language) if quote.source != "report" else ""
    place = " ".join(part for part in (quote.node, source) if part)
    if quote.line is not None:
        place += f":{quote.line}"
    return f"[{place.strip()}] " if place.strip() else ""


def _unique(steps: Sequence[Step]) -> list[Step]:
    """Each command once; steps without a command once by their words."""
    seen: dict[str, Step] = {}
    for step in steps:
        key = step.command or step.title
        if key not in seen:
            seen[key] = step
    return list(seen.values())


def _safest_first(steps: Sequence[Step]) -> list[Step]:
    """The author's order stands, but nothing that may lose data comes before something that does not."""
    return sorted(steps, key=lambda step: step.risk == "loses-data")


def with_notes(result: AnalysisResult, *notes: str) -> AnalysisResult:
    return replace(result, notes=[*result.notes, *notes])
