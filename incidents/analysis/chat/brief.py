"""Everything a model is told about an incident, each part under a label that statements can cite.

F findings, H hypotheses, A steps of the rules, E evidence (E2:15 is its line 15), K knowledge documents, P past
incidents. What is sent is masked; what is checked against is the original.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from incidents.analysis.chat.hostile import harmless, hostile_lines, speaks_to_a_model
from incidents.analysis.chat.masking import Masking
from incidents.analysis.chat.sheets import LONGEST_READ, Sheet, choose_lines, sheets_of
from incidents.analysis.command_gate import target_of
from incidents.analysis.house_rules import HouseRuling
from incidents.analysis.pipeline import RetrievedKnowledge
from incidents.analysis.report import AnalysisResult, QuotedEvidence, ReportedFinding, ReportedHypothesis, Step
from incidents.diagnostics.commands import Target, extract_commands
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.diagnostics.intake import UploadedText

PLACE = re.compile(r"(E\d{1,3})(?::(\d{1,9})(?:-(\d{1,9}))?)?")
LONGEST_PASSAGE = 2_400  # characters of one document
MOST_FINDINGS = 30
LONGEST_PART = 4_000  # characters of one line that rules wrote


@dataclass(frozen=True, slots=True)
class Source:
    """Something that a statement may rest on."""

    label: str
    name: str  # how a report cites it: "mem-maxmemory-pressure", "INFO:70", "kb-memory-oom-noeviction-en"
    words: str  # the original, to check quotes and numbers against
    kind: str = "evidence"  # finding, hypothesis, step, evidence, knowledge, incident


@dataclass(frozen=True, slots=True)
class Document:
    """A knowledge document or past incident that was retrieved."""

    id: str
    title: str
    text: str


@dataclass
class Brief:
    diagnosis: Diagnosis
    base: AnalysisResult
    masking: Masking
    characters: int = 24_000  # of evidence
    documents: dict[str, Document] = field(default_factory=dict)  # label → document
    rulings: Sequence[HouseRuling] = ()
    hostile: list[str] = field(default_factory=list)  # labels of lines that speak to a model
    chosen: dict[str, list[int]] = field(default_factory=dict)  # label of a piece → lines that are sent

    @classmethod
    def of(
        cls, diagnosis: Diagnosis, base: AnalysisResult, knowledge: RetrievedKnowledge, masking: Masking,
        *, characters: int,
    ) -> Brief:  # fmt: skip
        """Put a brief together. Reads all evidence for secrets before anything is written."""
        masking.learn(_handed_in(diagnosis))
        return cls(diagnosis, base, masking, characters).completed(base, knowledge)

    def completed(self, base: AnalysisResult, knowledge: RetrievedKnowledge) -> Brief:
        """This brief with another report and with knowledge. What has been masked and shown of the evidence stays."""
        brief = Brief(
            self.diagnosis, base, self.masking, self.characters, rulings=knowledge.rulings, hostile=self.hostile,
            chosen=self.chosen,
        )  # fmt: skip
        brief.sheets = self.sheets
        found = [(item.id, item.title, item.excerpt) for item in knowledge.references]
        found += [(item.id, item.title, item.excerpt) for item in knowledge.related_cases]
        for id, title, excerpt in found:
            brief.add_document("K", id, title, knowledge.excerpts.get(id) or excerpt)
        for ruling in knowledge.rulings:
            brief.add_document("K", ruling.document_id, ruling.title, "\n".join(ruling.sentences))
        return brief

    # --- Labels ------------------------------------------------------------------------------------------------

    @cached_property
    def sheets(self) -> list[Sheet]:
        return sheets_of(self.diagnosis.dossier.pieces)

    @cached_property
    def findings(self) -> dict[str, ReportedFinding]:
        order = {"active": 0, "recovered": 1, "risk": 2, "history": 3, "context": 4}
        ranked = sorted(self.base.findings, key=lambda finding: order.get(finding.state, 5))
        return {f"F{number}": finding for number, finding in enumerate(ranked[:MOST_FINDINGS], start=1)}

    @cached_property
    def hypotheses(self) -> dict[str, ReportedHypothesis]:
        return {f"H{number}": one for number, one in enumerate(self.base.hypotheses, start=1)}

    @cached_property
    def steps(self) -> dict[str, Step]:
        steps = [*self.base.immediate_actions, *self.base.detailed_steps, *self.base.missing_evidence]
        return {f"A{number}": step for number, step in enumerate(steps, start=1)}

    @cached_property
    def target(self) -> Target:
        return target_of(self.diagnosis.dossier)

    @property
    def forbidden(self) -> tuple[str, ...]:
        """Commands that the team's own rules forbid on this system."""
        return tuple(word for ruling in self.rulings for word in ruling.forbids)

    def add_document(self, letter: str, id: str, title: str, text: str) -> str:
        """Note a document that was retrieved. Return its label; the same document keeps its first one."""
        for label, known in self.documents.items():
            if known.id == id and label.startswith(letter):
                return label
        label = f"{letter}{1 + sum(1 for name in self.documents if name.startswith(letter))}"
        document = Document(id, harmless(title), harmless(text)[:LONGEST_PASSAGE])
        self.documents[label] = document
        if any(speaks_to_a_model(line) for line in [document.title, *document.text.splitlines()]):
            self.hostile.append(label)
        return label

    # --- What statements are checked against -------------------------------------------------------------------

    def resolve(self, cite: str) -> Source | None:
        """Return what a label stands for; None if it stands for nothing that this model has seen."""
        cite = cite.strip().strip("[](){}<>\"'“”‘’`., ")
        place = PLACE.fullmatch(cite)
        if place:
            return self._evidence(place[1], int(place[2] or 0), int(place[3] or place[2] or 0))
        return self._sources.get(cite.lower()) or self._document(cite)

    @cached_property
    def _sources(self) -> dict[str, Source]:
        found: dict[str, Source] = {}
        for label, finding in self.findings.items():
            quotes = "\n".join(quote.text for quote in finding.evidence)
            words = f"{finding.title}\n{finding.summary}\n{quotes}\n{finding.node}"
            source = Source(label, finding.id, words, "finding")
            found |= {label.lower(): source, finding.id: found.get(finding.id, source)}
        for label, one in self.hypotheses.items():
            quotes = "\n".join(quote.text for quote in [*one.evidence_for, *one.evidence_against])
            source = Source(label, one.id, f"{one.title}\n{one.explanation}\n{quotes}", "hypothesis")
            found |= {label.lower(): source, one.id: found.get(one.id, source)}
        for label, step in self.steps.items():
            words = f"{step.title}\n{step.command}\n{step.expect}"
            found[label.lower()] = Source(label, step.source or label, words, "step")
        return found

    def _document(self, cite: str) -> Source | None:
        for label, document in self.documents.items():
            if cite in (label, document.id) or cite.lower() == label.lower():
                kind = "knowledge" if label.startswith("K") else "incident"
                return Source(label, document.id, f"{document.title}\n{document.text}", kind)
        return None

    def _evidence(self, label: str, first: int, last: int) -> Source | None:
        sheet = self.sheet(label)
        if sheet is None:
            return None
        numbers = sorted(sheet.shown) if first == 0 else list(range(first, min(last, first + 200) + 1))
        if not numbers or not all(number in sheet.shown for number in numbers):
            return None
        words = harmless(sheet.text_of(numbers))
        span = "" if first == 0 else f":{first}" if last == first else f":{first}-{last}"
        return Source(f"{label}{span}", f"{sheet.source}{span}", words)

    def sheet(self, label: str) -> Sheet | None:
        return next((sheet for sheet in self.sheets if sheet.label == label.upper()), None)

    @cached_property
    def rules_words(self) -> str:
        """What the rules themselves say: the report's own sentences and commands, without any quoted evidence."""
        base = self.base
        steps = [*self.steps.values(), *(step for f in base.findings for step in f.actions)]
        steps += [step for one in base.hypotheses for step in one.distinguish]
        said = [base.summary, *base.prevention_tips, *(note for note in base.notes)]
        said += [f"{f.title} {f.summary}" for f in base.findings]
        said += [f"{one.title} {one.explanation}" for one in base.hypotheses]
        said += [f"{s.title} {s.command} {s.undo} {s.verify} {s.expect} {s.warning}" for s in steps]
        said += [str(base.facts.get("version", "")), *(f"{item.minutes} {item.basis}" for item in base.forecasts)]
        return "\n".join(said)

    def trusted_documents(self) -> str:
        """Documents of the team, those left out that speak to a model."""
        return "\n".join(
            document.text
            for label, document in self.documents.items()
            if label.startswith("K") and label not in self.hostile
        )

    def commands_of_rules(self) -> set[str]:
        """Commands that the rules propose, in one spelling."""
        steps = [*self.steps.values(), *(step for f in self.base.findings for step in f.actions)]
        steps += [step for one in self.base.hypotheses for step in one.distinguish]
        known = (text for step in steps for text in (step.command, step.undo, step.verify))
        return {normal(command) for command in known if command}

    def commands_of_documents(self) -> set[str]:
        """Commands that the team's documents hold, in one spelling."""
        return {normal(command) for command in extract_commands(self.trusted_documents())}

    # --- What is sent ------------------------------------------------------------------------------------------

    def written(self) -> str:
        """The whole brief, masked, every line of data under its label."""
        self.choose()
        parts = self._masked([*self._verdict(), *self._findings(), *self._hypotheses(), *self._steps()])
        parts += [self.document(label) for label in self.documents]
        for sheet in self.sheets:
            parts += ["", self.masking.text(sheet.title)]
            parts.append(self.look(sheet, self.chosen[sheet.label]) or f"{sheet.label}:…")
        return self.fenced("\n".join(parts))

    def choose(self) -> None:
        """Choose what of the evidence is sent, and mask it."""
        if not self.chosen:
            self.chosen = choose_lines(self.sheets, self._quotes(), characters=self.characters)
            for sheet in self.sheets:
                self.look(sheet, self.chosen[sheet.label])

    def _masked(self, parts: Sequence[tuple[str, str]]) -> list[str]:
        """Mask labelled lines in one go: a hundred small texts cost three times as much as one of their length."""
        lines = self.masking.lines([" ".join(text.split()) for _, text in parts], longest=LONGEST_PART)
        return [f"{label}| {line}" for (label, _), line in zip(parts, lines, strict=True)]

    def look(self, sheet: Sheet, numbers: Sequence[int]) -> str:
        """Show some lines of a piece, and notice those that speak to a model."""
        fresh = sheet.show(numbers, self.masking)
        hostile = hostile_lines([sheet.lines[number - 1] for number in fresh])
        self.hostile += [f"{sheet.label}:{fresh[place - 1]}" for place in hostile]
        return sheet.written([number for number in numbers if number in sheet.shown])

    def fenced(self, text: str) -> str:
        # The mark depends on the whole text, so that no line of it can contain the mark.
        mark = hashlib.sha256(text.encode()).hexdigest()[:12]
        return f"DATA {mark}\n{text}\nEND OF DATA {mark}"

    def document(self, label: str) -> str:
        document = self.documents[label]
        lines = self.masking.lines([document.title, *document.text.splitlines()])
        head = f"{label}| {self.masking.text(document.id)}: {lines[0]}"
        return "\n".join([head, *(f"{label}| {line}" for line in lines[1:] if line.strip())])

    def read(self, label: str, *, first: int = 0, last: int = 0, containing: str = "") -> str:
        """More lines of a piece, for a model that asks."""
        sheet = self.sheet(label)
        if sheet is None:
            return ""
        first = max(first, 1)
        span = range(first, min(last or first + LONGEST_READ - 1, len(sheet.lines)) + 1)
        if containing:
            words = containing.lower()
            numbers = [n for n, line in enumerate(sheet.lines, start=1) if words in line.lower()][:LONGEST_READ]
        else:
            numbers = list(span)[:LONGEST_READ]
        return self.look(sheet, numbers)

    def _quotes(self) -> Iterable[QuotedEvidence]:
        for finding in self.findings.values():
            yield from finding.evidence
        for one in self.hypotheses.values():
            yield from [*one.evidence_for, *one.evidence_against]

    def _verdict(self) -> Iterable[tuple[str, str]]:
        base, facts = self.base, self.base.facts
        found = "incident" if base.incident_detected else "no incident found"
        yield (
            "Verdict of the rules",
            (f"{found}, severity {base.severity}, category {base.category}, confidence {base.confidence_score:.2f}"),
        )
        server = (facts.get("product") or "unknown server", facts.get("version"), facts.get("deployment"))
        yield "Server", " ".join(str(word) for word in server if word)

    def _findings(self) -> Iterable[tuple[str, str]]:
        for label, one in self.findings.items():
            node = f" · node {one.node}" if one.node else ""
            head = f"{one.id} · {one.severity} · {one.category} · {one.state}{node}"
            texts = [head, f"{one.title}. {one.summary}", *(f"“{quote.text[:300]}”" for quote in one.evidence[:4])]
            yield from ((label, text) for text in texts)

    def _hypotheses(self) -> Iterable[tuple[str, str]]:
        for label, one in self.hypotheses.items():
            mark = " · root cause of the rules" if one.is_root_cause else ""
            texts = [
                f"{one.id} · {one.category} · confidence {one.confidence:.2f}{mark}",
                f"{one.title}. {one.explanation}",
            ]
            texts += [f"against: “{quote.text[:200]}”" for quote in one.evidence_against[:3]]
            yield from ((label, text) for text in texts)

    def _steps(self) -> Iterable[tuple[str, str]]:
        for label, step in self.steps.items():
            yield label, f"{step.title} `{step.command}`" if step.command else step.title


def _handed_in(diagnosis: Diagnosis) -> Iterator[str]:
    """Everything as it was handed in. Pieces would not do: a typed command becomes the name of its output."""
    intake = diagnosis.dossier.intake
    yield from (intake.description, intake.redis_info, "\n".join(intake.error_logs), *intake.pasted)
    yield from (file.text for file in intake.files if isinstance(file, UploadedText))
    yield from (
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str, indent=1)
        for value in (*intake.artifacts.values(), dict(intake.metrics))
    )


def normal(command: str) -> str:
    """A command in one spelling, to compare it with another."""
    words = " ".join(command.split())
    return re.sub(r"^(?:redis|valkey)-cli\s+", "", words).lower()
