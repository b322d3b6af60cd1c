"""Analyse every case of a folder and score the results. Creates no rows in the operator's database."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track
from rich.table import Table

from incidents.analysis.evaluation import Case, Summary, case_of, commands_shown, read_cases, score, summarise
from incidents.analysis.pipeline import analyze, result_of
from incidents.language_model import evaluation_arms
from incidents.language_model.evaluation_rows import EvaluationCase
from sre_portal.llm.base import LLMError


class Command(BaseCommand):
    help = "Analyse every case of a folder and score the results."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--cases", type=Path, help="folder of *.json and */case.json")
        where.add_argument("--kept", action="store_true", help="the cases that were kept from this portal's analyses")
        parser.add_argument("--analyst", default="rules", help="`rules`, or the name of a model")
        parser.add_argument("--no-knowledge", action="store_true", help="analyse without retrieved knowledge")
        parser.add_argument("--no-verification", action="store_true", help="let every statement of a model stand")
        parser.add_argument("--keep", action="store_true", help="keep the summary as a row, for the trend in the admin")
        parser.add_argument("--language", choices=("ko", "en"), default="en")
        parser.add_argument("--json", type=Path, required=True, help="where the results go")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["cases"] or Path("kept")
        cases = _cases(options["cases"])
        console = Console(stderr=True)
        arms = evaluation_arms.build(
            options["analyst"], knowledge=not options["no_knowledge"], verification=not options["no_verification"]
        )
        _check_model(arms)
        with arms:
            rows = [
                _evaluate(case, arms, options["language"])
                for case in track(cases, description="Analysing", console=console)
            ]
        summary = summarise(rows)
        options["json"].write_text(
            json.dumps({"cases": rows, "summary": asdict(summary)}, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        _print(console, rows, summary)
        if arms.model:
            written = sum(row["result"]["analyst"] != "rules" for row in rows)
            console.print(f"  {'by the model':18} {written} of {len(rows)}; the rules' report stood in the others")
        if options["keep"]:
            evaluation_arms.keep(arms, folder, summary)


def _cases(folder: Path | None) -> list[Case]:
    """The cases of a folder; without one those that were kept. Raise CommandError where there is none."""
    if folder is None:
        cases = [case_of(row.case) for row in EvaluationCase.objects.order_by("id")]
        if not cases:
            raise CommandError("No case was kept yet: an analysis is kept on the page of its time capsule.")
        return cases
    if not folder.is_dir():
        raise CommandError(f"{folder} is not a folder of cases.")
    cases = read_cases(folder)
    if not cases:
        raise CommandError(f"{folder} holds no case: neither *.json nor */case.json.")
    return cases


def _check_model(arms: evaluation_arms.Arms) -> None:
    """Say at once that a model can't be used, instead of after every case."""
    try:
        analyst = arms.analyst
    except LLMError as failure:
        raise CommandError(failure.reason()) from None
    if analyst is None and arms.model:
        raise CommandError(f"{arms.model} can't be used.")


def _evaluate(case: Case, arms: evaluation_arms.Arms, language: str) -> dict[str, Any]:
    started = time.perf_counter()
    events = analyze(
        case.intake,
        incident_id=case.slug,
        language=language,
        retriever=arms.retriever_for(case),
        analyst=arms.analyst,
    )
    result = result_of(events)
    elapsed = (time.perf_counter() - started) * 1000
    return {
        "slug": case.slug,
        "result": result,
        "elapsed_ms": round(elapsed, 1),
        "scores": score(case.expected, result),
        "commands": commands_shown(result),
    }


def _print(console: Console, rows: list[dict[str, Any]], summary: Summary) -> None:
    table = Table("case", "category", "severity", "cause", "confidence", "ms", title="Evaluation")
    for row in rows:
        scores, result = row["scores"], row["result"]
        flag = "" if scores["incident"] else " [red](incident wrong)[/red]"
        table.add_row(
            row["slug"] + flag,
            f"{_mark(scores['category'])} {result['category']}",
            f"{_mark(scores['severity'])} {result['severity']}",
            _mark(scores["cause"]) + (" [red]claims![/red]" if scores["false_claims"] else ""),
            f"{scores['confidence']:.2f}",
            f"{row['elapsed_ms']:.0f}",
        )
    console.print(table)
    for name, value in asdict(summary).items():
        if name not in ("reliability", "extras", "commands_shown", "commands_refused"):
            console.print(f"  {name:18} {value:.3f}" if isinstance(value, float) else f"  {name:18} {value}")
    for name, value in summary.extras.items():
        console.print(f"  {name:18} {value:.3f}")
    console.print(f"  commands shown / refused  {summary.commands_shown} / {summary.commands_refused}")
    for bar in summary.reliability:
        filled = "█" * round(20 * bar["right"])
        console.print(
            f"  {bar['from']:.1f}–{bar['to']:.1f} {filled:<20} right {bar['right']:.2f} of {bar['cases']:.0f}"
        )


def _mark(value: bool | None) -> str:
    return "[dim]–[/dim]" if value is None else "[green]✓[/green]" if value else "[red]✗[/red]"
