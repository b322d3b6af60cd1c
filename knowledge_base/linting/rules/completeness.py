"""Whether a document has what an operator needs to act on it alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from incidents.diagnostics.text import Text
from knowledge_base.linting.data import thresholds, words
from knowledge_base.linting.draft import Draft, Step
from knowledge_base.linting.gate import ORDER
from knowledge_base.linting.notes import LintNote, Place, note
from knowledge_base.linting.surroundings import Surroundings

ESSENTIAL = ("symptoms", "diagnosis_steps", "solutions", "notes")
NAMES = {
    "symptoms": Text("증상", "symptoms"),
    "root_causes": Text("원인", "root causes"),
    "diagnosis_steps": Text("진단", "diagnosis"),
    "solutions": Text("조치", "solutions"),
    "prevention": Text("예방", "prevention"),
    "questions": Text("답하는 질문", "questions it answers"),
    "sources": Text("출처", "sources"),
    "related_metrics": Text("관련 지표", "related metrics"),
}


def check_fields(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """The fields that a document of its kind must have are filled in."""
    if not any(draft.fields.get(name) for name in ESSENTIAL):
        yield note("no-content")
        return
    if draft.house_rule.governs:
        return  # a policy of the house needs no symptoms
    if not any(draft.fields.get(name) for name in ESSENTIAL[:-1]):
        yield note("only-notes", Place("notes"))
        return
    for name in thresholds().must_have.get(draft.kind, ()):
        if not draft.fields.get(name):
            yield note("empty-field", Place(name), name=NAMES.get(name, Text.same(name)))


def check_steps(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """A diagnosis says what to look for; a solution its risk, how to verify it and how to undo it."""
    for step in draft.steps_of("diagnosis_steps"):
        if step.says("command") and not step.says("expect"):
            yield note("missing-expectation", step.at("expect"))
    for step in draft.steps_of("solutions"):
        yield from _solution(step)


def _solution(step: Step) -> Iterator[LintNote]:
    risk = step.says("risk")
    if not risk and step.says("command"):
        yield note("risk-missing", step.at("risk"))
    if not step.says("verify"):
        yield note("missing-verification", step.at("verify"))
    if not step.says("undo") and risk != "read-only" and not words().no_undo_needed.search(step.prose):
        yield note("missing-undo", step.at("undo"))


def check_risk_order(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """Safe solutions stand first; to look or to wait is safe anywhere. A case tells what was done, in order of time."""
    if draft.kind == "case":
        return
    before = 0
    for step in draft.steps_of("solutions"):
        rank = ORDER.index(step.says("risk")) if step.says("risk") in ORDER else 0
        if 0 < rank < before:
            yield note("risk-order", step.at("risk"))
        before = max(before, rank)
