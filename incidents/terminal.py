"""A report for a terminal: the same words as the page, coloured only where there is a screen to colour."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Rich

from incidents.analysis.report import AnalysisResult, ReportedFinding, ReportedHypothesis, Step
from incidents.diagnostics.text import Text

STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}
SHOWN_STATES = ("active", "recovered", "risk")

_HEADINGS = {
    "healthy": Text("정상", "HEALTHY"),
    "confidence": Text("확신도", "confidence"),
    "cause": Text("원인", "Root cause"),
    "findings": Text("발견", "Findings"),
    "hypotheses": Text("가설", "Hypotheses"),
    "actions": Text("지금 할 일", "What to do now"),
    "missing": Text("다음에 볼 것", "What to look at next"),
    "forecasts": Text("그대로 두면", "If you wait"),
    "skipped": Text("자료가 없어 확인하지 못한 규칙", "Rules that could not look, for lack of evidence"),
    "expect": Text("알 수 있는 것", "tells"),
    "cost": Text("서버 부담", "cost"),
    "undo": Text("되돌리기", "undo"),
    "verify": Text("확인", "verify"),
}


def print_report(result: AnalysisResult, console: Console) -> None:
    """Print verdict, cause, findings, hypotheses, steps and what is missing."""
    _Printer(result, console).print()


class _Printer:
    def __init__(self, result: AnalysisResult, console: Console) -> None:
        self.result = result
        self.console = console

    def say(self, name: str) -> str:
        return _HEADINGS[name].say(self.result.language)

    def print(self) -> None:
        self.verdict()
        self.section("cause", [Rich(self.result.root_cause_analysis)] if self.result.incident_detected else [])
        shown = [finding for finding in self.result.findings if finding.state in SHOWN_STATES]
        self.section("findings", [self.finding(finding) for finding in shown[:12]])
        if len(self.result.hypotheses) > 1:
            self.section("hypotheses", [self.hypothesis(h) for h in self.result.hypotheses[:4]])
        self.section("forecasts", [Rich(f"{item.limit}: {item.basis}") for item in self.result.forecasts])
        self.section("actions", [self.step(step) for step in self.result.immediate_actions])
        self.section("missing", [self.step(step) for step in self.result.missing_evidence[:4]])
        self.skipped()

    def verdict(self) -> None:
        result = self.result
        label = result.severity.upper() if result.incident_detected else self.say("healthy")
        style = STYLES[result.severity] if result.incident_detected else "bold green"
        head = Rich.assemble((f" {label} ", style), "  ", (result.category if result.incident_detected else "", "bold"))
        head.append(f"  {self.say('confidence')} {result.confidence_score:.0%}", style="dim")
        self.console.print(head)
        self.console.print(Padding(Rich(result.summary), (0, 1)))

    def section(self, name: str, rows: list[Any]) -> None:
        if not rows:
            return
        self.console.print(Rich(f"\n{self.say(name)}", style="bold"))
        for row in rows:
            self.console.print(Padding(row, (0, 2)))

    def finding(self, finding: ReportedFinding) -> Group:
        where = f" [{finding.node}]" if finding.node else ""
        line = Rich.assemble((f"{finding.severity:8} ", STYLES[finding.severity]), finding.title, (where, "dim"))
        quotes = [Rich(f"  │ {item.text[:160]}", style="dim") for item in finding.evidence[:2]]
        return Group(line, *quotes)

    def hypothesis(self, hypothesis: ReportedHypothesis) -> Rich:
        mark = "●" if hypothesis.is_root_cause else "○"
        bar = "█" * round(10 * hypothesis.confidence)
        return Rich.assemble(f"{mark} ", (f"{bar:<10}", "cyan"), f" {hypothesis.confidence:4.0%}  {hypothesis.title}")

    def step(self, step: Step) -> Table:
        table = Table.grid(padding=(0, 1))
        risk = (
            ""
            if step.risk == "read-only"
            else f"  [{'bold red' if step.risk == 'loses-data' else 'yellow'}]{step.risk}[/]"
        )
        table.add_row("•", f"{escape(step.title)}{risk}")
        if step.command:
            table.add_row("", Rich(f"$ {step.command}", style="green"))
        for name in ("expect", "cost", "undo", "verify"):
            if value := getattr(step, name):
                table.add_row("", Rich(f"  {self.say(name)}: {value}", style="dim"))
        return table

    def skipped(self) -> None:
        rules = {item.id for item in self.result.skipped}
        missing = sorted({name for item in self.result.skipped for name in item.missing})
        if rules:
            shown = ", ".join(missing[:8]) + (" …" if len(missing) > 8 else "")
            self.console.print(Rich(f"\n{self.say('skipped')}: {len(rules)} ({shown})", style="dim"))
