"""Provoke faults on private real servers and diagnose what an operator would capture."""

from __future__ import annotations

import json
import shutil
import time
from argparse import ArgumentParser
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track
from rich.table import Table

from incidents.analysis.report import AnalysisResult
from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput
from incidents.lab.faults import FAULTS, Fault, provoked


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one fault."""

    fault: Fault
    report: AnalysisResult
    seconds: float
    intake: IncidentInput

    @property
    def is_right(self) -> bool:
        roots = {h.id for h in self.report.hypotheses if h.is_root_cause}
        return (
            self.report.category == self.fault.category
            and self.report.severity in self.fault.severities
            and (not self.fault.causes or bool(roots & set(self.fault.causes)))
        )


def run_fault(fault: Fault, *, language: str = "en") -> Outcome:
    """Provoke one fault, capture it and diagnose the capture."""
    started = time.monotonic()
    with provoked(fault) as intake:
        report = write_report(diagnose(intake), incident_id=fault.slug, language=language)
    return Outcome(fault, report, time.monotonic() - started, intake)


class Command(BaseCommand):
    help = "Start private redis-servers, provoke faults, capture and diagnose them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("faults", nargs="*", metavar="FAULT", help="names or SC-00n; all without any")
        parser.add_argument("--list", action="store_true", help="list the faults and stop")
        parser.add_argument("--language", choices=("ko", "en"), default="en")
        parser.add_argument("--save", type=Path, help="folder to keep the captures in")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for fault in FAULTS.values():
                self.stdout.write(f"{fault.slug:22} {fault.scenario or '-':7} {fault.title}")
            return
        if not shutil.which("redis-server"):
            raise CommandError("The lab needs redis-server and redis-cli. On Debian: apt-get install redis-server")
        chosen = _choose(options["faults"])
        console = Console()
        outcomes = [
            run_fault(fault, language=options["language"])
            for fault in track(chosen, description="Provoking", console=Console(stderr=True))
        ]
        _print(outcomes, console)
        if options["save"]:
            _save(outcomes, options["save"])
        wrong = [outcome.fault.slug for outcome in outcomes if not outcome.is_right]
        if wrong:
            raise CommandError(f"Diagnosed wrongly: {', '.join(wrong)}.")


def _choose(names: list[str]) -> list[Fault]:
    if not names:
        return list(FAULTS.values())
    chosen = [fault for fault in FAULTS.values() if fault.slug in names or fault.scenario in names]
    if not chosen:
        raise CommandError(f"There is no fault {', '.join(names)}; `lab --list` names them.")
    return chosen


def _print(outcomes: list[Outcome], console: Console) -> None:
    table = Table("", "fault", "scenario", "category", "severity", "root cause", "confidence", "s", title="Fault lab")
    for outcome in outcomes:
        report = outcome.report
        roots = ", ".join(h.id for h in report.hypotheses if h.is_root_cause) or "–"
        table.add_row(
            "[green]✓[/]" if outcome.is_right else "[red]✗[/]",
            outcome.fault.slug, outcome.fault.scenario, report.category, report.severity, roots,
            f"{report.confidence_score:.0%}", f"{outcome.seconds:.1f}",
        )  # fmt: skip
    console.print(table)


def _save(outcomes: list[Outcome], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        data = asdict(outcome.intake) | {"slug": outcome.fault.slug}
        (folder / f"{outcome.fault.slug}.json").write_text(
            json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8"
        )
