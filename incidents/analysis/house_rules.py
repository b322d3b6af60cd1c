"""The team's own rules outrank the textbook: forbidden steps go, required ones come first, and the report says why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from incidents.analysis.house_prose import is_forbidden_advice, without_forbidden
from incidents.analysis.phrases import phrases
from incidents.analysis.report import AnalysisResult, Reference, Step
from incidents.diagnostics.dossier import Dossier

DUTIES = 3  # sentences of a document that stand among the actions
SENTENCES = 8  # and in the report's text
_SYSTEM = re.compile(r"(?<![A-Za-z0-9_.@/-])([a-z][a-z0-9]*(?:-[a-z0-9]+)+)(?![A-Za-z0-9_@-])", re.IGNORECASE)
_NAMING = frozenset({"service", "system", "instance", "cluster", "name", "host", "app", "application", "role"})
_PAIR = re.compile(r"([\w-]+)\s*[:=]\s*[\"']?([\w.-]+)")


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
    advice: tuple[str, ...] = ()  # patterns that find what is forbidden in prose
    beside: bool = False  # about another kind of fault: its bans hold, its procedure does not come first


def systems_of(dossier: Dossier) -> set[str]:
    """Names of the systems that an incident is about: in prose, of nodes, of configuration files, in labels."""
    names = {match.lower() for match in _SYSTEM.findall(dossier.prose)}
    names.update(value.lower() for key, value in labels_of(dossier).items() if key.lower() in _NAMING)
    for node in dossier.nodes:
        if node.name:
            names.add(node.name.lower())
        file = node.text_of("config_file").rpartition("/")[2]
        if file.endswith(".conf"):
            names.add(file.removesuffix(".conf").lower())
    return names


def labels_of(dossier: Dossier) -> dict[str, str]:
    """The labels that were handed in with an incident, such as team, tier and env."""
    given = dossier.intake.artifacts.get("labels")
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items() if isinstance(value, str | int)}
    text = given if isinstance(given, str) else " ".join(map(str, given)) if isinstance(given, list) else ""
    return dict(_PAIR.findall(text))


def apply_house_rules(report: AnalysisResult, rulings: Sequence[HouseRuling]) -> AnalysisResult:
    """The report with the rulings in force: it advises nothing that is forbidden, in commands or in prose."""
    for ruling in reversed(rulings):  # the first ruling's duties end up on top
        report = _Application(ruling, report.language).to(report)
    return report


@dataclass
class _Application:
    """One ruling brought to bear on one report; `held` is what it kept back."""

    ruling: HouseRuling
    language: str
    held: list[str] = field(default_factory=list)

    def to(self, report: AnalysisResult) -> AnalysisResult:
        report = self.kept(report)
        ruling = self.ruling
        reference = Reference(ruling.document_id, ruling.title, ruling.score, url=ruling.url, excerpt=_excerpt(ruling))
        return replace(
            report,
            root_cause_analysis=f"{report.root_cause_analysis}\n\n{paragraph_of(ruling, self.language)}",
            immediate_actions=[*self.duties(), *report.immediate_actions],
            references=[reference, *(r for r in report.references if r.id != ruling.document_id)],
            related_cases=[case for case in report.related_cases if case.id != ruling.document_id],
            notes=[*report.notes, *self.notes()],
        )

    def kept(self, report: AnalysisResult) -> AnalysisResult:
        """The report without what is forbidden."""
        return replace(
            report,
            summary=self.text(report.summary),
            root_cause_analysis=self.text(report.root_cause_analysis),
            immediate_actions=self.steps(report.immediate_actions),
            detailed_steps=self.steps(report.detailed_steps),
            prevention_tips=[kept for tip in report.prevention_tips if (kept := self.text(tip).strip())],
            findings=[replace(f, summary=self.text(f.summary), actions=self.steps(f.actions)) for f in report.findings],
            hypotheses=[
                replace(h, explanation=self.text(h.explanation), distinguish=self.steps(h.distinguish))
                for h in report.hypotheses
            ],
            missing_evidence=self.steps(report.missing_evidence),
        )

    def steps(self, steps: Sequence[Step]) -> list[Step]:
        kept = []
        for step in steps:
            if self.forbids(step):
                self.held.append(step.command or step.title)
            else:
                kept.append(_with_procedure(step, self.ruling, self.language))
        return kept

    def forbids(self, step: Step) -> bool:
        if any(is_forbidden(line, self.ruling.forbids) for line in (step.command, step.undo, step.verify) if line):
            return True
        return is_forbidden_advice(step.title, self.ruling.advice)

    def text(self, text: str) -> str:
        kept, held = without_forbidden(text, self.ruling.advice)
        self.held += held
        return kept

    def duties(self) -> list[Step]:
        if self.ruling.beside:
            return []
        texts = (self.ruling.requires or self.ruling.sentences)[:DUTIES]
        source = self.ruling.document_id
        return [Step(title=_say("first", self.language, id=source, text=text), source=source) for text in texts]

    def notes(self) -> list[str]:
        held = ", ".join(dict.fromkeys(self.held))
        return [_say("held", self.language, id=self.ruling.document_id, commands=held)] if held else []


def _excerpt(ruling: HouseRuling) -> str:
    return (ruling.sentences or (ruling.title,))[0][:400]


def paragraph_of(ruling: HouseRuling, language: str) -> str:
    """What a report says of a ruling: its own words, and of a long document what it requires before all else."""
    head = _say("applies", language, id=ruling.document_id, title=ruling.title)
    told = ruling.sentences[:SENTENCES]
    missing = [text for text in ruling.requires[:DUTIES] if not any(text in sentence for sentence in told)]
    return "\n".join([head, *(f"- {sentence}" for sentence in [*told, *missing])])


def is_forbidden(command: str, forbids: Sequence[str]) -> bool:
    """Whether a line runs a forbidden command. `ACL SETUSER app -keys` is no KEYS, nor `CONFIG SET save ""` a SAVE."""
    return any(_runs(word).search(command) for word in forbids)


@cache
def _runs(word: str) -> re.Pattern[str]:
    source = re.escape(word).replace(r"\ ", r"\s+")
    if " " in word or not word.isupper():
        return re.compile(rf"(?<![\w@+-]){source}(?![\w-])", re.IGNORECASE)
    called = r"(?:^|[|;&]\s*|xargs\s+)\s*(?:\S*(?:redis|valkey)-cli\s+(?:-\S+\s+(?:\S+\s+)??)*?)?"
    return re.compile(rf"(?<![\w@+-]){source}(?![\w:-])|{called}(?i:{source})(?![\w-])")


def _with_procedure(step: Step, ruling: HouseRuling, language: str) -> Step:
    """A change that the house rule ties to a procedure says so."""
    if step.risk == "read-only" or not step.command:
        return step
    words = re.split(r" [<'\"]", step.command.removeprefix("redis-cli "))[0].strip()
    if any(words.lower() in text.lower().replace("`", "") for text in ruling.requires):
        return replace(step, warning=f"{_say('needs', language, id=ruling.document_id)} {step.warning}".strip())
    return step


def _say(name: str, language: str, **values: str) -> str:
    return phrases()[f"house_{name}"].format(**values).say(language)
