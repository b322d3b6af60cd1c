"""Diagnose what is pasted into a terminal: `redis-cli INFO | python manage.py diagnose`."""

from __future__ import annotations

import json
import locale
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from incidents.analysis.evaluation import read_input
from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.archive import UnpackError, is_archive, unpack
from incidents.diagnostics.decoding import DecodeError, decode_text
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput, UploadedText
from incidents.terminal import print_report

HEALTHY, INCIDENT, UNUSABLE = 0, 1, 2


class Unusable(ValueError):
    """Input that can't be diagnosed; the message is one sentence that says what to do."""


class Command(BaseCommand):
    help = (
        "Diagnose INFO, logs, SLOWLOG … from files or standard input. Exit status: 0 healthy, 1 incident, 2 unusable."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "files", nargs="*", metavar="FILE", help="texts, .gz, .zip or .tar; standard input without any"
        )
        parser.add_argument("--json", action="store_true", help="print the AnalysisResult as JSON")
        parser.add_argument("--language", choices=("ko", "en"), default=_language(), help="of the report")
        parser.add_argument("--description", default="", help="what people report, in a sentence")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            intake = _read([Path(name) for name in options["files"]], options["description"])
        except Unusable as exc:
            self.stderr.write(str(exc))
            sys.exit(UNUSABLE)
        with _progress() as progress:
            progress.add_task("Diagnosing …" if options["language"] == "en" else "진단하는 중 …", total=None)
            report = write_report(diagnose(intake), incident_id="terminal", language=options["language"])
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
        else:
            width = None if sys.stdout.isatty() else 120
            print_report(report, Console(file=sys.stdout, width=width, highlight=False))
        sys.exit(INCIDENT if report.incident_detected else HEALTHY)


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _language() -> str:
    return "ko" if (locale.getlocale()[0] or "").lower().startswith("ko") else "en"


def _read(paths: list[Path], description: str) -> IncidentInput:
    """Files or standard input as an intake. A whole IncidentInput as JSON is taken as one."""
    texts = (
        [text for path in paths for text in _read_file(path)] if paths else [UploadedText("stdin", _decode(_stdin()))]
    )
    if len(texts) == 1 and texts[0].text.lstrip().startswith("{"):
        try:
            data = json.loads(texts[0].text)
        except ValueError:
            data = None
        if isinstance(data, dict) and {"redis_info", "error_logs", "description"} & set(data):
            return read_input(data)
    if not paths:
        return IncidentInput(pasted=(texts[0].text,), description=description)
    return IncidentInput(files=tuple(texts), description=description)


def _stdin() -> bytes:
    if sys.stdin.isatty():
        raise Unusable("Nothing to diagnose: pipe a text in (redis-cli INFO | …) or name files.")
    return sys.stdin.buffer.read()


def _read_file(path: Path) -> list[UploadedText]:
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise Unusable(f"{path}: {exc.strerror}.") from None
    if is_archive(raw):
        try:
            return list(unpack(path.name, raw).files)
        except UnpackError as exc:
            raise Unusable(f"{path}: {exc.text.say(_language())}") from None
    return [UploadedText(path.name, _decode(raw, str(path)))]


def _decode(raw: bytes, name: str = "standard input") -> str:
    try:
        text = decode_text(raw)
    except DecodeError as exc:
        raise Unusable(f"{name}: {exc.text.say(_language())}") from None
    if not text.strip():
        raise Unusable(f"{name} is empty. Paste INFO, a log or SLOWLOG.")
    return text
