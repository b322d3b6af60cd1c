"""Put the report together: the rules' report, with what of the model's answer stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from incidents.analysis.chat.answer import Answer, Statement, Weighing
from incidents.analysis.chat.brief import Brief
from incidents.analysis.chat.verdict import Disagreement, Verdict
from incidents.analysis.chat.verification import Checked, Verifier
from incidents.analysis.chat.wording import say
from incidents.analysis.house_rules import paragraph_of
from incidents.analysis.report import AnalysisResult, ReportedHypothesis, Step

MOST_PREVENTION = 12
MOST_STRUCK = 40
NOTHING = Checked("")


@dataclass
class Examined:
    """An answer, checked."""

    answer: Answer
    explanation: list[Checked] = field(default_factory=list)
    summary: Checked = NOTHING
    deviation: Checked = NOTHING
    reason: Checked = NOTHING  # of the second round
    prevention: list[Checked] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    refused_steps: list[Checked] = field(default_factory=list)

    @classmethod
    def of(cls, answer: Answer, verifier: Verifier) -> Examined:
        proposed = [verifier.step(proposal) for proposal in answer.steps]
        return cls(
            answer=answer,
            explanation=[verifier.statement(one) for one in answer.explanation],
            summary=verifier.statement(answer.summary),
            deviation=verifier.statement(answer.deviation),
            prevention=[verifier.statement(one, claims=False) for one in answer.prevention],
            steps=[step for step, _ in proposed if step is not None],
            refused_steps=[checked for step, checked in proposed if step is None and checked.struck],
        )

    def weigh(self, weighing: Weighing, verifier: Verifier) -> None:
        """Take the second round in: its reason, and the statements that it put on a better footing."""
        self.reason = verifier.statement(weighing.reason)
        for number, rewritten in weighing.rewrites.items():
            if 1 <= number <= len(self.explanation) and self.explanation[number - 1].struck:
                checked = verifier.statement(Statement(rewritten.text, rewritten.cites, rewritten.quotes))
                if checked.stands:
                    self.explanation[number - 1] = checked

    @property
    def standing(self) -> list[Checked]:
        return [one for one in self.explanation if one.stands]

    @property
    def struck(self) -> list[Checked]:
        every = [*self.explanation, self.summary, self.deviation, self.reason, *self.prevention, *self.refused_steps]
        return [one for one in every if one.struck][:MOST_STRUCK]

    @property
    def cited_findings(self) -> set[str]:
        """Ids of the findings that standing statements rest on."""
        checked = [*self.standing, self.summary, self.deviation, self.reason]
        return {source.name for one in checked if one.stands for source in one.sources if source.kind == "finding"}


def compose(brief: Brief, examined: Examined, verdict: Verdict, *, notes: Sequence[str]) -> AnalysisResult:
    """The report: the model's words where they stand, the rules' findings, steps and sources throughout."""
    base = brief.base
    words = [one.written() for one in examined.standing]
    reason = examined.reason
    if words and reason.stands:
        words.append(say("rival_holds", base.language, reason=reason.written()))
    if words:
        words += [paragraph_of(ruling, base.language) for ruling in brief.rulings]
    return replace(
        base,
        severity=verdict.severity,
        category=verdict.category,
        confidence_score=verdict.confidence,
        # Where somebody tried to steer the model, the first thing that a reader sees is the rules' own sentence.
        summary=examined.summary.text if examined.summary.stands and not brief.hostile else base.summary,
        root_cause_analysis="\n\n".join(words) or base.root_cause_analysis,
        hypotheses=[_rooted(one, verdict.root) for one in base.hypotheses],
        detailed_steps=_with_new(base, examined.steps),
        prevention_tips=_tips(base, examined.prevention),
        notes=[*base.notes, *notes, *(_told(one, base.language) for one in verdict.disagreements)],
        facts={
            **base.facts,
            "struck": [{"text": one.text, "reason": one.struck} for one in examined.struck],
            "disagreements": [one.as_json() for one in verdict.disagreements],
            "rules": rules_words(base),
        },
    )


def rules_words(base: AnalysisResult) -> dict[str, Any]:
    """What the rules had written, for whoever wants to compare."""
    return {
        "severity": base.severity, "category": base.category, "summary": base.summary,
        "root_cause_analysis": base.root_cause_analysis, "confidence_score": base.confidence_score,
    }  # fmt: skip


def _rooted(one: ReportedHypothesis, root: str) -> ReportedHypothesis:
    """The root cause of the verdict is marked; beside it the independent ones that the rules had marked."""
    return replace(one, is_root_cause=True) if one.id == root else one


def _with_new(base: AnalysisResult, steps: Iterable[Step]) -> list[Step]:
    known = {step.command or step.title for step in [*base.immediate_actions, *base.detailed_steps]}
    known |= {step.command for step in base.missing_evidence}
    return [*base.detailed_steps, *(step for step in steps if (step.command or step.title) not in known)]


def _tips(base: AnalysisResult, prevention: Iterable[Checked]) -> list[str]:
    tips = [*base.prevention_tips, *(one.written() for one in prevention if one.stands)]
    return list(dict.fromkeys(tips))[:MOST_PREVENTION]


def _told(one: Disagreement, language: str) -> str:
    text = say(
        "differs", language, field=say(one.field, language), model=one.model, rules=one.rules, outcome=one.outcome
    )
    return f"{text} {say('differs_because', language, reason=one.reason)}" if one.reason else text
