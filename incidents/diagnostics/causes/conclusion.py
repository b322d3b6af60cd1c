"""From weighed hypotheses to a verdict: what explains most and is explained by nothing seen is the root cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from incidents.diagnostics.causes.calibration import confidence_in_cause, confidence_in_health
from incidents.diagnostics.causes.hypotheses import Hypothesis, all_hypotheses
from incidents.diagnostics.causes.manner import Manner
from incidents.diagnostics.causes.weighing import Testimony, Weighed, confidence_of, weigh
from incidents.diagnostics.findings import Finding, Severity, State
from incidents.diagnostics.rules.specs import RuleSpec, all_rules

BELIEVED = 0.0  # log-odds from which a hypothesis takes part in the verdict
SUSPECTED = -2.6  # log-odds from which a hint is better than silence when trouble is reported
INDEPENDENT = 1.0  # log-odds from which a second, unrelated cause is told beside the first
CLEARER = 2.0  # log-odds by which an effect is told too clearly for a cause that is only told to explain it away
HARMLESS = 2.5  # log-odds that words lose where a rule has seen what they tell and calls it no trouble
MINOR = 1  # a low finding alone does not make an incident


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The verdict over all evidence. `roots` holds one cause per independent fault, the worst first."""

    incident: bool
    roots: tuple[Weighed, ...]
    ranked: tuple[Weighed, ...]  # every hypothesis worth showing, best first
    chain: tuple[tuple[str, str], ...]  # (cause id, effect id), both seen
    severity: Severity
    confidence: float

    @property
    def root(self) -> Weighed | None:
        return self.roots[0] if self.roots else None


def conclude(
    findings: Sequence[Finding],
    testimony: Testimony,
    *,
    manner: Manner = Manner(),  # noqa: B008  (frozen)
    well_seen: bool = False,
) -> Conclusion:
    """Decide what is wrong. `well_seen`: a full INFO was pasted, so that words alone carry less."""
    weighed = weigh(all_hypotheses().values(), findings, testimony)
    weighed += _without_hypothesis(findings, weighed)
    weighed = [_judge(w, at_ease=manner.at_ease, well_seen=well_seen) for w in weighed]
    weighed.sort(key=lambda w: -w.score)
    believed = [w for w in weighed if w.score > BELIEVED and _is_trouble(w)]
    explained = _explained(believed, well_seen=well_seen)
    ranked = tuple(replace(w, explained_by=explained.get(w.id, "")) for w in weighed)
    roots = _roots([w for w in ranked if w.id in {b.id for b in believed} and not w.explained_by], explained)
    if not roots and not manner.at_ease and not well_seen:
        roots = _suspects(ranked)
    if not roots:
        doubt = max((w.confidence for w in weighed), default=0.0)
        confidence = confidence_in_health(doubt, well_seen=well_seen)
        return Conclusion(False, (), ranked[:5], (), Severity.LOW, confidence)
    severity = max((severity_of(root, manner) for root in roots), key=lambda s: s.rank)
    return Conclusion(
        incident=True,
        roots=tuple(roots),
        ranked=ranked[:8],
        chain=_chain(ranked, findings, explained),
        severity=severity,
        confidence=confidence_in_cause(roots[0], ranked),
    )


def _is_trouble(weighed: Weighed) -> bool:
    """Whether it is about something wrong now, seen or reported, rather than history, risk or context."""
    return bool(weighed.active or weighed.said or weighed.resembles)


def _judge(weighed: Weighed, *, at_ease: bool, well_seen: bool) -> Weighed:
    """Words weigh less where the numbers were seen and say nothing, and least where nobody complains."""
    if weighed.active or not (weighed.said or weighed.resembles):
        return weighed
    doubt = 4.0 + weighed.resembles if at_ease else 1.0 + 0.7 * weighed.resembles if well_seen else 0.0
    if well_seen and any(f.state is State.CONTEXT for f in weighed.support):
        doubt += HARMLESS  # what is told was looked at and found harmless
    score = weighed.score - doubt
    return replace(weighed, score=score, confidence=confidence_of(score))


def _without_hypothesis(findings: Sequence[Finding], weighed: Sequence[Weighed]) -> list[Weighed]:
    """A finding that no believed hypothesis accounts for stands for itself: its rule says what it means."""
    covered = {f.id for w in weighed if w.score > BELIEVED for f in w.support}
    covered |= {name for w in weighed if w.score > BELIEVED for name in w.hypothesis.explains}
    rules = all_rules()
    alone: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.state is State.ACTIVE and finding.id not in covered and finding.severity.rank > MINOR:
            alone.setdefault(finding.id, []).append(finding)
    return [_from_rule(rules[rule_id], group) for rule_id, group in alone.items() if rule_id in rules]


def _from_rule(spec: RuleSpec, findings: Sequence[Finding]) -> Weighed:
    score = 0.4 + 0.4 * max(f.severity.rank for f in findings)
    cause = replace(findings[0].summary, ko=f"{findings[0].summary.ko} {spec.means.ko}",
                    en=f"{findings[0].summary.en} {spec.means.en}")  # fmt: skip
    hypothesis = Hypothesis(
        id=spec.id, category=spec.category, severity=spec.severity, title=spec.title, cause=cause, topic=spec.topic,
        explains=spec.explains, actions=spec.actions,
    )  # fmt: skip
    return Weighed(
        hypothesis, score, support=tuple(findings), confidence=confidence_of(score), values=findings[0].values
    )


def _explained(believed: Sequence[Weighed], *, well_seen: bool) -> dict[str, str]:
    """Which believed hypothesis is explained by which other: the strongest one that names it or all its findings."""
    result: dict[str, str] = {}
    for effect in believed:
        own = {f.id for f in effect.active}
        for cause in believed:
            if cause.id == effect.id or result.get(cause.id) == effect.id:
                continue
            if _is_hearsay(cause, effect, well_seen=well_seen):
                continue
            names = set(cause.hypothesis.explains)
            if effect.id in names or (own and own <= names):
                result[effect.id] = cause.id
                break
    return result


def _is_hearsay(cause: Weighed, effect: Weighed, *, well_seen: bool) -> bool:
    """Words alone do not explain away what was seen (mere symptoms aside), nor what is told far more clearly."""
    if cause.active:
        return False
    if effect.said and not cause.said:  # it merely resembles what people say
        return True
    if effect.active and not effect.hypothesis.symptom:
        return cause.score < effect.score
    if effect.hypothesis.symptom and cause.said and cause.score >= INDEPENDENT and not well_seen:
        return False  # however loud the symptom is, as long as nobody saw the server
    return cause.score < effect.score - CLEARER


def _roots(candidates: Sequence[Weighed], explained: Mapping[str, str]) -> list[Weighed]:
    """The root cause first, then faults that share no evidence with it and are certain enough by themselves."""
    if not candidates:
        return []
    accounts = {w.id: sum(1 for cause in explained.values() if cause == w.id) for w in candidates}
    first = max(candidates, key=lambda w: w.score + 0.6 * accounts[w.id] + 0.5 * _weight_of_severity(w))
    roots = [first]
    for other in sorted(candidates, key=lambda w: (-w.severity.rank, -w.score)):
        if other.id != first.id and _is_independent(other, roots):
            roots.append(other)
    return roots


def _weight_of_severity(weighed: Weighed) -> float:
    """A graver finding is the likelier root; the usual severity of what is only told says nothing about that."""
    return weighed.severity.rank if weighed.active else Severity.HIGH.rank


def _suspects(ranked: Sequence[Weighed]) -> list[Weighed]:
    """The best hint, where trouble is reported and nothing deserves belief."""
    hinted = [w for w in ranked if (w.said or w.resembles) and w.score > SUSPECTED]
    return hinted[:1]


def severity_of(root: Weighed, manner: Manner) -> Severity:
    """A step up or down for how the reporter puts it, unless the severity was seen or is fixed."""
    if root.hypothesis.fixed_severity or (root.active and not root.hypothesis.symptom):
        return root.severity
    order = sorted(Severity, key=lambda severity: severity.rank)
    step = 1 if manner.grave else -1 if manner.mild else 0
    return order[min(max(order.index(root.severity) + step, 0), len(order) - 1)]


def _is_independent(other: Weighed, roots: Sequence[Weighed]) -> bool:
    if other.score < INDEPENDENT or not other.active or other.severity.rank <= MINOR:
        return False
    own = {f.id for f in other.active}
    return all(
        own.isdisjoint(f.id for f in root.support) and own.isdisjoint(root.hypothesis.explains) for root in roots
    )


def _chain(
    ranked: Sequence[Weighed], findings: Sequence[Finding], explained: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """The arrows between what was seen: rule → rule by the catalogue, hypothesis → what it explains."""
    seen = {f.id for f in findings if f.state in (State.ACTIVE, State.RECOVERED)}
    rules = all_rules()
    links = [(cause, effect) for cause in seen if cause in rules for effect in rules[cause].explains if effect in seen]
    for weighed in ranked:
        if weighed.score > BELIEVED and not weighed.explained_by:
            links += [(weighed.id, name) for name in weighed.hypothesis.explains if name in seen]
    links += [(cause, effect) for effect, cause in explained.items()]
    return tuple(dict.fromkeys((cause, effect) for cause, effect in links if cause != effect))
