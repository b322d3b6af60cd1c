"""Run every rule over every node. One rule that breaks does not silence the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from incidents.diagnostics.dossier import Dossier
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Finding, Severity, Skipped, State
from incidents.diagnostics.rules import expressions
from incidents.diagnostics.rules.specs import TIERS, RuleSpec, all_rules
from incidents.diagnostics.rules.view import View
from incidents.diagnostics.text import Text

logger = logging.getLogger(__name__)

WARM_UP_SECONDS = 300  # guard G1
TINY_BYTES = 5 * 1024 * 1024  # guard G2, MEMORY DOCTOR's own cut
TINY_COMMANDS = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule's function found. The words come from the catalogue: `variant` picks the summary."""

    severity: Severity
    state: State | None = None
    evidence: tuple[Evidence, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    variant: str = ""
    node: str | None = None


NodeRule = Callable[[View, RuleSpec], "Verdict | list[Verdict] | None"]
DossierRule = Callable[[Dossier, RuleSpec], "Verdict | list[Verdict] | None"]
NODE_RULES: dict[str, NodeRule] = {}
DOSSIER_RULES: dict[str, DossierRule] = {}


def rule(rule_id: str) -> Callable[[NodeRule], NodeRule]:
    """Register the function that decides a rule of the catalogue for one node."""

    def register(function: NodeRule) -> NodeRule:
        NODE_RULES[rule_id] = function
        return function

    return register


def dossier_rule(rule_id: str) -> Callable[[DossierRule], DossierRule]:
    """Register the function that decides a rule looking at all nodes at once."""

    def register(function: DossierRule) -> DossierRule:
        DOSSIER_RULES[rule_id] = function
        return function

    return register


@dataclass(frozen=True, slots=True)
class Examination:
    """The outcome of all rules: found and could not look; what is in neither was looked for and not found."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


def examine(dossier: Dossier, *, thresholds: Mapping[str, Mapping[str, float]] | None = None) -> Examination:
    """Apply the whole catalogue. `thresholds` are an administrator's changes, by rule and tier."""
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    for spec in _effective(all_rules().values(), thresholds or {}):
        for outcome in _apply(spec, dossier):
            (skipped if isinstance(outcome, Skipped) else findings).append(outcome)  # type: ignore[arg-type]
    findings.sort(key=_importance)
    return Examination(tuple(findings), tuple(skipped))


def _importance(finding: Finding) -> tuple[int, int, str]:
    order = (State.ACTIVE, State.RECOVERED, State.HISTORY, State.RISK, State.CONTEXT)
    return (order.index(finding.state), -finding.severity.rank, finding.id)


def _effective(specs: Any, changes: Mapping[str, Mapping[str, float]]) -> Iterator[RuleSpec]:
    for spec in specs:
        changed = changes.get(spec.id)
        yield replace(spec, thresholds={**spec.thresholds, **changed}) if changed else spec


def _apply(spec: RuleSpec, dossier: Dossier) -> Iterator[Finding | Skipped]:
    if spec.scope == "incident":
        function = DOSSIER_RULES.get(spec.id)
        if function is not None:
            yield from _guarded(spec, "", lambda: function(dossier, spec))
        return
    for node in dossier.nodes:
        view = View(dossier, node)
        yield from _guarded(spec, node.name, lambda v=view: decide(v, spec), view)  # type: ignore[misc]


def _guarded(
    spec: RuleSpec, node: str, decide_it: Callable[[], Any], view: View | None = None
) -> Iterator[Finding | Skipped]:
    try:
        outcome = decide_it()
    except MissingField as missing:
        yield Skipped(id=spec.id, missing=(missing.name,), node=node)
        return
    except Exception:  # isolation point: one rule must not take the verdict down
        logger.exception("rule %s failed", spec.id)
        yield Skipped(id=spec.id, missing=("internal error",), node=node)
        return
    verdicts: Sequence[Verdict] = outcome if isinstance(outcome, list) else [outcome] if outcome else []
    for verdict in verdicts:
        yield to_finding(spec, verdict, node, view)


def decide(view: View, spec: RuleSpec) -> Verdict | list[Verdict] | None:
    """Run the rule's own function, or the generic one that its data asks for."""
    for name in spec.needs:
        _require(view, name)
    if spec.is_ratio and _is_tiny(view):
        return None
    own = NODE_RULES.get(spec.id)
    if own is not None:
        verdict = own(view, spec)
    elif spec.log is not None:
        verdict = decide_by_log(view, spec)
    elif spec.counter:
        verdict = decide_by_counter(view, spec)
    elif spec.latency:
        verdict = decide_by_latency(view, spec)
    elif spec.value or spec.when:
        verdict = decide_by_fields(view, spec)
    else:
        return None
    return _while_warming_up(verdict, view) if spec.is_rate else verdict


def _require(view: View, name: str) -> None:
    """Raise MissingField unless the evidence holds it. `a|b` asks for one of both, `config:x` for a setting."""
    if name.startswith("config:"):
        view.config(name.removeprefix("config:"))
    elif "|" in name:
        view.value_of(next((one for one in name.split("|") if view.has(one)), name.split("|")[0]))
    else:
        view.value_of(name)


def decide_by_fields(view: View, spec: RuleSpec) -> Verdict | None:
    """`when` must hold, `unless` must not; `value` picks the highest tier whose threshold it reaches."""
    if spec.when and not expressions.evaluate(spec.when, view, spec.thresholds):
        return None
    if spec.unless and _holds_if_known(spec.unless, view, spec):
        return None
    if not spec.value:
        return Verdict(spec.severity, evidence=view.evidence(), values=_values(view))
    value = expressions.evaluate(spec.value, view, spec.thresholds)
    if isinstance(value, str):  # a number was expected and the paste holds a word
        raise MissingField(spec.value)
    severity = tier(float(value), spec)
    if severity is None:
        return None
    return Verdict(severity, evidence=view.evidence(), values={**_values(view), "value": float(value)})


def tier(value: float, spec: RuleSpec) -> Severity | None:
    """The severity of the highest threshold that the value reaches. None below all of them."""
    for name in TIERS:
        limit = spec.thresholds.get(name)
        if limit is not None and (value <= limit if spec.descending else value >= limit):
            return Severity(name)
    return None


def decide_by_counter(view: View, spec: RuleSpec) -> Verdict | None:
    """A counter since start: with two samples its growth per minute decides, with one it is history (guard G3)."""
    name = spec.counter
    if spec.when and not expressions.evaluate(spec.when, view, spec.thresholds):
        return None
    if view.node.earlier is not None and not view.node.restarted:
        per_minute = view.rate(name) * 60
        severity = tier(per_minute, spec) if per_minute > 0 else None
        if severity is not None:
            return Verdict(severity, evidence=view.evidence(), values={**_values(view), "value": per_minute})
    total = view.number(name)
    if total <= 0:
        return None
    return Verdict(
        spec.severity.lowered(), State.HISTORY, view.evidence(), {**_values(view), "value": total}, "history"
    )


def decide_by_latency(view: View, spec: RuleSpec) -> Verdict | None:
    """The worst spike of the rule's events, from LATENCY LATEST or DOCTOR. Thresholds are milliseconds."""
    spikes = [spike for spike in view.latency_spikes() if spike.event in spec.latency]
    worst = max(spikes, key=lambda spike: spike.worst_ms, default=None)
    severity = tier(worst.worst_ms, spec) if worst else None
    if worst is None or severity is None:
        return None
    values = {"event": worst.event, "value": worst.worst_ms / 1000, "latest": worst.latest_ms / 1000}
    return Verdict(severity, evidence=tuple(spike.quote for spike in spikes[:3]), values=values)


def decide_by_log(view: View, spec: RuleSpec) -> Verdict | None:
    """The last opening event decides unless a closing one came after it. What clients say counts as the newest."""
    condition = spec.log
    if condition is None:
        return None
    said = view.said(*condition.opens)
    if not view.node.log and not said:
        raise MissingField("server log")
    opened = view.events(*condition.opens)
    total = view.count(*condition.opens) + view.node.said.count(*condition.opens)
    if total < condition.count or (spec.unless and _holds_if_known(spec.unless, view, spec)):
        return None
    if condition.within_seconds and not _crowded(opened, condition.count, condition.within_seconds):
        return None
    closed = view.node.log.last(*condition.closes) if condition.closes and opened and not said else None
    recovered = closed is not None and closed.position > opened[-1].position
    shown = [*_ends(opened), *_ends(said, 2), *([closed] if closed and recovered else [])]
    last = (said or opened)[-1]
    times = {"first_at": _clock((opened or said)[0].at), "last_at": _clock((opened or said)[-1].at)}
    values = {**last.meaning.captures, "count": total, **times}
    severity = tier(total, spec) if spec.thresholds else spec.severity
    if severity is None:
        return None
    return Verdict(
        severity.lowered() if recovered else severity,
        State.RECOVERED if recovered else None,
        tuple(event.quote() for event in shown),
        values,
        "recovered" if recovered else "",
    )


def to_finding(spec: RuleSpec, verdict: Verdict, node: str, view: View | None) -> Finding:
    template = spec.summary.get(verdict.variant) or spec.summary.get("") or spec.title
    values = {"node": node, **verdict.values}
    return Finding(
        id=spec.id,
        category=spec.category,
        severity=verdict.severity,
        title=spec.title,
        summary=template.format(**values),
        evidence=verdict.evidence or (view.evidence() if view else ()),
        state=verdict.state or spec.state,
        node=node if verdict.node is None else verdict.node,
        actions=tuple(spec.actions),
        values=values,
    )


def summary_of(spec: RuleSpec, variant: str = "") -> Text:
    return spec.summary.get(variant) or spec.title


def _holds_if_known(source: str, view: View, spec: RuleSpec) -> bool:
    """A guard that can't be checked does not hold: the trouble is told rather than hidden."""
    try:
        return bool(expressions.evaluate(source, view, spec.thresholds))
    except MissingField:
        return False


def _values(view: View) -> dict[str, Any]:
    return {name: view.now.value(name) for name in view.read if not name.startswith("config:") and view.has(name)} | {
        name.removeprefix("config:").replace("-", "_"): evidence.text.split(" ", 1)[-1]
        for name, evidence in view.read.items()
        if name.startswith("config:")
    }


def _is_tiny(view: View) -> bool:
    if view.has("used_memory") and view.now.number("used_memory") < TINY_BYTES:
        return True
    return view.has("total_commands_processed") and view.now.number("total_commands_processed") < TINY_COMMANDS


def _while_warming_up(verdict: Any, view: View) -> Any:
    warming = view.has("uptime_in_seconds") and view.now.number("uptime_in_seconds") < WARM_UP_SECONDS
    if isinstance(verdict, Verdict) and warming:
        return replace(verdict, severity=Severity.LOW)
    return verdict


def _crowded(events: Sequence[Any], least: int, seconds: float) -> bool:
    """Whether `least` of the events lie within the window. Events without a time count as crowded."""
    times = [event.at for event in events]
    if any(at is None for at in times) or len(times) < least:
        return len(times) >= least
    return any((times[i + least - 1] - times[i]).total_seconds() <= seconds for i in range(len(times) - least + 1))


def _ends(events: Sequence[Any], most: int = 4) -> list[Any]:
    if len(events) <= most:
        return list(events)
    return [*events[: most // 2], *events[-(most - most // 2) :]]


def _clock(at: Any) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else ""
