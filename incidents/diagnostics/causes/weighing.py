"""How strongly the evidence speaks for each hypothesis: weights of findings and words, added as log-odds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from incidents.diagnostics.causes.hypotheses import Cue, Hypothesis, all_hypotheses
from incidents.diagnostics.causes.likeness import Likeness, likeness
from incidents.diagnostics.causes.words import lowered
from incidents.diagnostics.findings import Category, Evidence, Finding, Severity, State
from incidents.diagnostics.text import Text

# Trouble that ended, or that nobody can date, speaks less loudly for a cause than trouble seen now.
STATE_WEIGHT = {State.ACTIVE: 1.0, State.RECOVERED: 0.45, State.HISTORY: 0.3, State.RISK: 0.5, State.CONTEXT: 0.25}

FAINT = 0.01  # share of a report's resemblance up to which it means nothing
PER_FOLD = 0.7  # log-odds for each e-fold of that share
PER_AREA = 0.8  # log-odds for each e-fold that a category has more votes than its even share
MOST_FOR_AREA = 1.5
_SUBJECTS = [category for category in Category if category is not Category.AVAILABILITY]


@dataclass(frozen=True)
class Testimony:
    """A text that may hold cues: what people wrote, what clients and small captures say."""

    prose: str
    errors: str
    anything: str  # both, and the lines of logs and captures that fit into a few thousand characters

    @cached_property
    def _lowered(self) -> Mapping[str, str]:
        return {"prose": lowered(self.prose), "errors": lowered(self.errors), "any": lowered(self.anything)}

    def place(self, where: str) -> str:
        return {"prose": self.prose, "errors": self.errors}.get(where, self.anything)

    def heard(self, where: str) -> str:
        """The same text as cues hear it, character by character."""
        return self._lowered[where if where in self._lowered else "any"]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A hypothesis with what speaks for and against it."""

    hypothesis: Hypothesis
    score: float  # log-odds before any comparison with rivals
    support: tuple[Finding, ...] = ()
    contrary: tuple[Finding, ...] = ()
    said: tuple[Evidence, ...] = ()
    said_against: tuple[Evidence, ...] = ()
    resembles: float = 0.0  # log-odds for its likeness to what people say of this cause
    confidence: float = 0.0
    explained_by: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.hypothesis.id

    @property
    def active(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.support if finding.state is State.ACTIVE)

    @property
    def severity(self) -> Severity:
        """The worst active finding behind it; without one, what such a cause usually means."""
        if self.hypothesis.fixed_severity or not self.support or (self.hypothesis.symptom and self.said):
            return self.hypothesis.severity
        if not self.active:
            return self.hypothesis.severity if self.said else max(self.support, key=_rank).severity
        return max(self.active, key=_rank).severity

    def explain(self) -> Text:
        return self.hypothesis.cause.format(**self.values)


def _rank(finding: Finding) -> int:
    return finding.severity.rank


def weigh(hypotheses: Iterable[Hypothesis], findings: Sequence[Finding], testimony: Testimony) -> list[Weighed]:
    """Score every hypothesis that anything speaks for, strongest first."""
    by_id: dict[str, list[Finding]] = {}
    for finding in findings:
        by_id.setdefault(finding.id, []).append(finding)
    likes = likeness(testimony.anything) if testimony.prose.strip() or testimony.errors.strip() else Likeness()
    areas = _areas(likes)
    weighed = [
        _weigh_one(hypothesis, by_id, testimony, _worth(likes.shares.get(hypothesis.id, 0.0)), areas)
        for hypothesis in hypotheses
    ]
    return sorted((w for w in weighed if w is not None), key=lambda w: -w.score)


def _worth(share: float) -> float:
    """Log-odds of a share of resemblance: 3 for a report that is like one hypothesis alone."""
    return PER_FOLD * math.log(share / FAINT) if share > FAINT else 0.0


def _areas(likes: Likeness) -> Mapping[Category, float]:
    """Log-odds of each category by the votes of the nearest sentences. Empty when nothing was compared."""
    if not likes.votes:
        return {}
    shares = dict.fromkeys(Category, 0.0)
    known = all_hypotheses()
    for name, vote in likes.votes.items():
        shares[known[name].category] += vote
    return {
        category: max(-MOST_FOR_AREA, min(PER_AREA * math.log(len(_SUBJECTS) * max(share, 0.001)), MOST_FOR_AREA))
        for category, share in shares.items()
    }


def _weigh_one(
    hypothesis: Hypothesis,
    by_id: Mapping[str, list[Finding]],
    testimony: Testimony,
    resembles: float,
    areas: Mapping[Category, float],
) -> Weighed | None:
    support = _present(hypothesis.findings or {}, by_id)
    contrary = _present(hypothesis.against or {}, by_id)
    said, said_score, said_against = _listen(hypothesis.cues, testimony)
    if not support and not said and not resembles:
        return None
    if not any(finding.state is State.ACTIVE for finding in support) or hypothesis.symptom:
        resembles += areas.get(hypothesis.category, 0.0)
    score = hypothesis.prior + said_score + resembles
    score += sum((hypothesis.findings or {})[f.id] * STATE_WEIGHT[f.state] for f in _strongest(support))
    score -= sum((hypothesis.against or {})[f.id] * STATE_WEIGHT[f.state] for f in _strongest(contrary))
    values: dict[str, object] = {}
    for finding in sorted(support, key=lambda f: (hypothesis.findings or {})[f.id]):
        values.update(finding.values)
    return Weighed(
        hypothesis=hypothesis,
        score=score,
        support=tuple(support),
        contrary=tuple(contrary),
        said=tuple(said),
        said_against=tuple(said_against),
        resembles=resembles,
        confidence=confidence_of(score),
        values=values,
    )


def _present(weights: Mapping[str, float], by_id: Mapping[str, list[Finding]]) -> list[Finding]:
    return [finding for name in weights for finding in by_id.get(name, ())]


def _strongest(findings: Sequence[Finding]) -> list[Finding]:
    """One finding per id: ten nodes that say the same thing are one statement."""
    best: dict[str, Finding] = {}
    for finding in findings:
        known = best.get(finding.id)
        if known is None or STATE_WEIGHT[finding.state] > STATE_WEIGHT[known.state]:
            best[finding.id] = finding
    return list(best.values())


def _listen(cues: Sequence[Cue], testimony: Testimony) -> tuple[list[Evidence], float, list[Evidence]]:
    said: list[Evidence] = []
    against: list[Evidence] = []
    score = 0.0
    for cue in cues:
        quote = hear(cue, testimony)
        if quote is not None:
            score += cue.weight
            (said if cue.weight > 0 else against).append(quote)
    return said, score, against


def hear(cue: Cue, testimony: Testimony) -> Evidence | None:
    """The words that satisfy a cue, with a little of what stands around them. None when it is not said."""
    text = testimony.heard(cue.where)
    found = next((match for pattern in cue.any if (match := pattern.search(text))), None)
    if found is None or not all(p.search(text) for p in cue.all) or any(p.search(text) for p in cue.none):
        return None
    return Evidence(text=_around(testimony.place(cue.where), found.start(), found.end()), source="report")


def _around(text: str, start: int, end: int, reach: int = 60) -> str:
    left = max(text.rfind("\n", 0, start) + 1, start - reach)
    right = text.find("\n", end)
    right = min(end + reach if right < 0 else right, end + reach)
    return text[left:right].strip()


def confidence_of(score: float) -> float:
    """Log-odds as a probability, before calibration."""
    return 1 / (1 + math.exp(-max(min(score, 30.0), -30.0)))
