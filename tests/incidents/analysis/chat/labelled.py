"""Statements of which we know whether they are true, and how the verification fares with them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from incidents.analysis.chat.answer import Statement
from incidents.analysis.chat.brief import Brief
from incidents.analysis.chat.masking import Masking
from incidents.analysis.chat.verification import Verifier
from incidents.analysis.evaluation import read_case
from incidents.analysis.pipeline import RetrievedKnowledge
from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput

SCENARIOS = Path(__file__).parents[4] / "fixtures" / "scenarios"
SETS = ("tuned", "kept", "last")


@dataclass
class Tally:
    """What became of one set."""

    caught: int = 0
    passed: list[str] = field(default_factory=list)  # false, and let through
    stood: int = 0
    struck: list[str] = field(default_factory=list)  # true, and struck out

    @property
    def statements(self) -> int:
        return self.caught + len(self.passed) + self.stood + len(self.struck)

    @property
    def recall(self) -> float:
        """Of what is false, how much is struck out."""
        return self.caught / (self.caught + len(self.passed))

    @property
    def precision(self) -> float:
        """Of what is struck out, how much is false."""
        return self.caught / (self.caught + len(self.struck))

    @property
    def false_strikes(self) -> float:
        """Of what is true, how much is struck out."""
        return len(self.struck) / (self.stood + len(self.struck))


@cache
def groups() -> list[dict[str, Any]]:
    with Path(__file__).with_name("statements.toml").open("rb") as stream:
        return list(tomllib.load(stream)["group"])


def tally(name: str) -> Tally:
    """Hold every statement of a set against what it cites."""
    result = Tally()
    for group in (one for one in groups() if one["set"] == name):
        verifier = verifier_of(group.get("case", ""), group.get("evidence", ""), group["language"])
        cites = tuple(group.get("cites") or [label for label, one in verifier.brief.findings.items()
                                             if one.state == "active"])  # fmt: skip
        for text in group["false"]:
            if verifier.statement(Statement(text, cites)).stands:
                result.passed.append(text)
            else:
                result.caught += 1
        for text in group["true"]:
            checked = verifier.statement(Statement(text, cites))
            if checked.stands:
                result.stood += 1
            else:
                result.struck.append(f"{text} ({checked.struck})")
    return result


@cache
def verifier_of(case: str, evidence: str, language: str) -> Verifier:
    given = read_case(next(SCENARIOS.glob(f"{case}-*.json"))).intake if case else IncidentInput(pasted=(evidence,))
    diagnosis = diagnose(given)
    base = write_report(diagnosis, incident_id="INC-1", language=language)
    brief = Brief.of(diagnosis, base, RetrievedKnowledge(), Masking(), characters=24_000)
    brief.written()
    return Verifier(brief)


def translations() -> Iterator[tuple[str, str, str]]:
    """What the rules say in one language, held against the report in the other: (case, statement, reason if struck)."""
    for case in (file.name[:6] for file in sorted(SCENARIOS.glob("*.json"))):
        for language, other in (("en", "ko"), ("ko", "en")):
            verifier = verifier_of(case, "", language)
            shown = {one.id for one in verifier.brief.findings.values()}
            for finding in verifier_of(case, "", other).brief.base.findings:
                for text in (f"{finding.title}.", finding.summary) if finding.id in shown else ():
                    yield case, text, verifier.statement(Statement(text, (finding.id,))).struck
