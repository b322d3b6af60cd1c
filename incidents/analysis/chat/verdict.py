"""Severity, category and root cause: the rules', unless the model cites findings that carry another verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from incidents.analysis.chat.answer import Answer, Weighing
from incidents.analysis.chat.brief import Brief
from incidents.analysis.chat.verification import Checked
from incidents.analysis.chat.wording import say
from incidents.diagnostics.causes.conclusion import BELIEVED
from incidents.diagnostics.causes.weighing import Weighed
from incidents.diagnostics.findings import Category, Severity

MARGIN = 1.0  # log-odds by which the model's hypothesis may lie behind the rules' one


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where the model saw it otherwise, and what became of that."""

    field: str
    rules: str
    model: str
    adopted: bool
    outcome: str
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.field, "rules": self.rules, "model": self.model, "adopted": self.adopted,
            "outcome": self.outcome, "reason": self.reason,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    severity: str
    category: str
    root: str = ""  # id of the hypothesis
    confidence: float = 0.0
    disagreements: Sequence[Disagreement] = field(default_factory=tuple)


def settle(brief: Brief, answer: Answer, deviation: Checked, weighing: Weighing | None, cited: set[str]) -> Verdict:
    """Decide. `cited` holds the ids of findings that statements which stand rest on."""
    base, root = brief.base, brief.diagnosis.conclusion.root
    held = _held(brief, answer, weighing)
    if held is None or root is None or held.id == root.id:
        kept = Verdict(base.severity, base.category, root.id if root else "", base.confidence_score)
        refusal = "not_adopted_hostile" if brief.hostile else "not_adopted_evidence"
        return _with_disagreements(kept, brief, answer, held, refusal, deviation)
    refusal = _refusal(brief, held, root, weighing, cited)
    if refusal:
        kept = Verdict(base.severity, base.category, root.id, base.confidence_score)
        return _with_disagreements(kept, brief, answer, held, refusal, deviation)
    # Another cause does not make an active finding any less severe.
    severity = max([held.severity, *(finding.severity for finding in root.active)], key=lambda one: one.rank)
    taken = Verdict(severity.value, held.hypothesis.category.value, held.id, round(held.confidence, 3))
    return _with_disagreements(taken, brief, answer, held, "not_adopted_evidence", deviation)


def rival_of(brief: Brief, held: str) -> str:
    """The hypothesis to weigh against the one that is held: the rules' own, or the next best. "" if there is none."""
    root = brief.diagnosis.conclusion.root
    if root is not None and held != root.id:
        return root.id
    others = (one for one in brief.diagnosis.conclusion.ranked if one.id != held and one.support)
    return next((one.id for one in others if not one.explained_by), "")


def held_by(brief: Brief, answer: Answer) -> str:
    """Id of the hypothesis that an answer names, else the rules' own."""
    source = brief.resolve(answer.root_hypothesis) if answer.root_hypothesis else None
    if source is not None and source.kind == "hypothesis":
        return source.name
    root = brief.diagnosis.conclusion.root
    return root.id if root else ""


def _held(brief: Brief, answer: Answer, weighing: Weighing | None) -> Weighed | None:
    """The hypothesis that the model holds after both rounds."""
    name = held_by(brief, answer)
    if weighing is not None and weighing.verdict == "rival":
        name = rival_of(brief, name) or name
    return next((one for one in brief.diagnosis.conclusion.ranked if one.id == name), None)


def _refusal(brief: Brief, held: Weighed, root: Weighed, weighing: Weighing | None, cited: set[str]) -> str:
    """Why another hypothesis than the rules' one can't carry the verdict; "" if it can."""
    if brief.hostile:
        return "not_adopted_hostile"
    if held.score < root.score - MARGIN or held.score <= BELIEVED:
        return "not_adopted_weaker"
    if not cited & {finding.id for finding in held.active}:
        return "not_adopted_evidence"
    if weighing is None or weighing.verdict not in ("holds", "rival"):
        return "not_adopted_holds"
    return ""


def _with_disagreements(
    verdict: Verdict, brief: Brief, answer: Answer, held: Weighed | None, refusal: str, deviation: Checked
) -> Verdict:
    base, root = brief.base, brief.diagnosis.conclusion.root
    told = [
        ("root_cause", root.id if root else "", held.id if held else "", verdict.root),
        ("severity", base.severity, answer.severity if answer.severity in set(Severity) else "", verdict.severity),
        (
            "category",
            base.category,
            answer.category if answer.category in {*Category, "none"} else "",
            verdict.category,
        ),
    ]
    language = base.language
    found = [
        Disagreement(
            name, rules, model, model == final, say("adopted" if model == final else refusal, language),
            deviation.text if deviation.stands else "",
        )
        for name, rules, model, final in told
        if rules and model and rules != model
    ]  # fmt: skip
    return replace(verdict, disagreements=tuple(found))
