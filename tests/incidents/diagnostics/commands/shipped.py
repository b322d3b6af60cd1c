"""Every command that the product can show, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from incidents.analysis.evaluation import Case, read_case, read_cases
from incidents.analysis.report import AnalysisResult, Step
from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.causes.hypotheses import all_hypotheses
from incidents.diagnostics.commands import extract_commands
from incidents.diagnostics.diagnosis import Diagnosis, diagnose
from incidents.diagnostics.findings import Action
from incidents.diagnostics.rules.specs import all_rules

ROOT = Path(__file__).resolve().parents[4]
CASES = ROOT.parent / "shared" / "cases"  # not part of the repository


def shipped_commands() -> dict[str, str]:
    """Commands of rules, hypotheses, documents and reports, each with the first place that shows it."""
    found: dict[str, str] = {}
    for place, command in (*_of_catalogues(), *_of_documents(), *_of_reports()):
        if command:
            found.setdefault(command, place)
    return found


def _of_catalogues() -> Iterator[tuple[str, str]]:
    for known in (*all_rules().values(), *all_hypotheses().values()):
        for action in known.actions:
            yield from ((known.id, command) for command in _commands(action))
    for hypothesis in all_hypotheses().values():
        yield from ((hypothesis.id, probe.command) for probe in hypothesis.ask)


def _of_documents() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "fixtures" / "knowledge").glob("*/*.md")):
        yield from ((file.name, command) for command in extract_commands(file.read_text(encoding="utf-8")))


def _of_reports() -> Iterator[tuple[str, str]]:
    for slug, diagnosis in diagnoses().items():
        report = write_report(diagnosis, incident_id=slug, language="en")
        yield from ((f"report on {slug}", command) for step in steps_of(report) for command in _commands(step))


def _commands(shown: Action | Step) -> Sequence[str]:
    return shown.command, shown.undo, shown.verify


def steps_of(report: AnalysisResult) -> Iterator[Step]:
    """Every step of a report, wherever it stands."""
    yield from report.immediate_actions
    yield from report.detailed_steps
    yield from report.missing_evidence
    for finding in report.findings:
        yield from finding.actions
    for hypothesis in report.hypotheses:
        yield from hypothesis.distinguish


@cache
def diagnoses() -> Mapping[str, Diagnosis]:
    """The shipped scenarios, and the evaluation cases where they are at hand."""
    return {case.slug: diagnose(case.intake) for case in _cases()}


def _cases() -> Iterator[Case]:
    for file in sorted((ROOT / "fixtures" / "scenarios").glob("*.json")):
        yield read_case(file)
    for folder in ("captures", "hard", "reports"):
        yield from read_cases(CASES / folder) if (CASES / folder).is_dir() else ()
