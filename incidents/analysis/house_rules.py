"""The team's own rules outrank the textbook: forbidden steps go, required ones come first, and the report says why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from incidents.analysis.phrases import phrases
from incidents.analysis.report import AnalysisResult, Reference, Step
from incidents.diagnostics.dossier import Dossier

_SYSTEM = re.compile(r"(?<![A-Za-z0-9_.@/-])([a-z][a-z0-9]*(?:-[a-z0-9]+)+)(?![A-Za-z0-9_@-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HouseRuling:
    """A house document in force for an incident, as plain values."""

    document_id: str
    title: str
    forbids: tuple[str, ...]
    requires: tuple[str, ...]
    sentences: tuple[str, ...]
    score: float = 1.0
    url: str = ""


def systems_of(dossier: Dossier) -> set[str]:
    """Names of the systems that an incident is about: in prose, of nodes, of configuration files."""
    names = {match.lower() for match in _SYSTEM.findall(dossier.prose)}
    for node in dossier.nodes:
        if node.name:
            names.add(node.name.lower())
        file = node.text_of("config_file").rpartition("/")[2]
        if file.endswith(".conf"):
            names.add(file.removesuffix(".conf").lower())
    return names


def apply_house_rules(report: AnalysisResult, rulings: Sequence[HouseRuling]) -> AnalysisResult:
    """The report with the rulings in force: nothing forbidden stands among its steps."""
    for ruling in rulings:
        report = _apply(report, ruling)
    return report


def _apply(report: AnalysisResult, ruling: HouseRuling) -> AnalysisResult:
    held: list[str] = []

    def allowed(steps: Sequence[Step]) -> list[Step]:
        kept = []
        for step in steps:
            if is_forbidden(step.command, ruling.forbids):
                held.append(step.command)
            else:
                kept.append(_with_procedure(step, ruling, report.language))
        return kept

    immediate, detailed = allowed(report.immediate_actions), allowed(report.detailed_steps)
    findings = [replace(f, actions=allowed(f.actions)) for f in report.findings]
    hypotheses = [replace(h, distinguish=allowed(h.distinguish)) for h in report.hypotheses]
    duties = [
        Step(title=_say("first", report.language, id=ruling.document_id, text=text), source=ruling.document_id)
        for text in (ruling.requires or ruling.sentences)[:3]
    ]
    paragraph = paragraph_of(ruling, report.language)
    reference = Reference(
        ruling.document_id, ruling.title, ruling.score, url=ruling.url, excerpt=ruling.sentences[0][:400]
    )
    notes = (
        [_say("held", report.language, id=ruling.document_id, commands=", ".join(dict.fromkeys(held)))] if held else []
    )
    return replace(
        report,
        root_cause_analysis=f"{report.root_cause_analysis}\n\n{paragraph}",
        immediate_actions=[*duties, *immediate],
        detailed_steps=detailed,
        findings=findings,
        hypotheses=hypotheses,
        references=[reference, *(r for r in report.references if r.id != ruling.document_id)],
        notes=[*report.notes, *notes],
    )


def paragraph_of(ruling: HouseRuling, language: str) -> str:
    """What a report says of a ruling."""
    head = _say("applies", language, id=ruling.document_id, title=ruling.title)
    return "\n".join([head, *(f"- {sentence}" for sentence in ruling.sentences[:8])])


def is_forbidden(command: str, forbids: Sequence[str]) -> bool:
    return any(re.search(rf"\b{re.escape(word)}(?![\w-])", command, re.IGNORECASE) for word in forbids)


def _with_procedure(step: Step, ruling: HouseRuling, language: str) -> Step:
    """A change that the house rule ties to a procedure says so."""
    if step.risk == "read-only" or not step.command:
        return step
    words = step.command.removeprefix("redis-cli ").split(" <")[0].strip()
    if any(words.lower() in text.lower().replace("`", "") for text in ruling.requires):
        return replace(step, warning=f"{_say('needs', language, id=ruling.document_id)} {step.warning}".strip())
    return step


def _say(name: str, language: str, **values: str) -> str:
    return phrases()[f"house_{name}"].format(**values).say(language)
