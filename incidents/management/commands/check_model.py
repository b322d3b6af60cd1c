"""Ask the configured models a few short questions and say what they can do."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from incidents.language_model import language_models
from incidents.language_model.model_checks import check_and_record, check_embeddings_and_record
from sre_portal.llm.check import CheckReport


class Command(BaseCommand):
    help = "Check the configured models: reachability, latency, streaming, schema, tools. Exit status 1 if one fails."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("models", nargs="*", help="models to check instead of the configured ones")
        parser.add_argument("--seconds", type=float, default=30.0, help="longest time of one question")
        parser.add_argument("--language", choices=("ko", "en"), default="en")

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["models"] or language_models.configured_models()
        if not names:
            self.stderr.write(
                "No model is configured; the rules write every report. Set OPENAI_API_KEY or OPENAI_BASE_URL."
            )
            sys.exit(1)
        console = Console(file=cast("IO[str]", self.stdout), width=None if sys.stdout.isatty() else 160)
        reports = []
        for name in names:
            with console.status(f"{name} …"):
                reports.append(check_and_record(name, within=options["seconds"]))
        if settings.OPENAI_EMBEDDING_MODEL and not options["models"]:
            reports.append(check_embeddings_and_record())
        _print(console, reports, options["language"])
        sys.exit(0 if all(report.is_usable for report in reports) else 1)


def _print(console: Console, reports: list[CheckReport], language: str) -> None:
    table = Table("model", "endpoint", "first token", "whole answer", "streams", "JSON", "tools", "tokens")
    for report in reports:
        table.add_row(
            report.model, report.address, _ms(report.first_token_ms), _ms(report.total_ms), _mark(report.streaming),
            report.structured_by or _mark(None if report.structured_by is None else False), _mark(report.tools),
            str(report.usage.tokens if report.usage else ""),
        )  # fmt: skip
    console.print(table)
    for report in reports:
        if report.failure:
            console.print(f"[red]{report.model}[/red]: {report.failure.reason(language)}", highlight=False)


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


def _mark(value: bool | None) -> str:
    return "–" if value is None else "✓" if value else "✗"
