"""Diagnose what is pasted into a terminal: `redis-cli INFO | python manage.py diagnose`."""

from __future__ import annotations

import json
import locale
import shutil
import sys
import tempfile
import zlib
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from incidents.analysis.evaluation import read_input
from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.archive import UnpackError, is_archive, unpack
from incidents.diagnostics.decoding import DecodeError, decode_text
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.evidence.recognition import is_log
from incidents.diagnostics.intake import IncidentInput, UploadedText
from incidents.diagnostics.log_file import LARGE, LogFile
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
        spool = tempfile.TemporaryDirectory(prefix="diagnose-")
        with spool, _progress() as progress:
            task = progress.add_task("Diagnosing …" if options["language"] == "en" else "진단하는 중 …", total=None)
            reader = _Reader(Path(spool.name), lambda share: progress.update(task, total=1.0, completed=share))
            try:
                intake = reader.read([Path(name) for name in options["files"]], options["description"])
            except Unusable as exc:
                self.stderr.write(str(exc))
                sys.exit(UNUSABLE)
            report = write_report(diagnose(intake), incident_id="terminal", language=options["language"])
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
        else:
            width = None if sys.stdout.isatty() else 120
            print_report(report, Console(file=sys.stdout, width=width, highlight=False))
        sys.exit(INCIDENT if report.incident_detected else HEALTHY)


def _progress() -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _language() -> str:
    return "ko" if (locale.getlocale()[0] or "").lower().startswith("ko") else "en"


@dataclass(frozen=True)
class _Reader:
    """Takes files or standard input as an intake. What is too large to hold is read from the disk line by line."""

    spool: Path  # where a large standard input waits
    watch: Callable[[float], None]

    def read(self, paths: list[Path], description: str) -> IncidentInput:
        """A whole IncidentInput as JSON is taken as one."""
        files = [file for path in paths for file in self._file(path)] if paths else [self._stdin()]
        first = files[0]
        if len(files) == 1 and isinstance(first, UploadedText):
            if (intake := _as_intake(first.text)) is not None:
                return intake
            if not paths:
                return IncidentInput(pasted=(first.text,), description=description)
        return IncidentInput(files=tuple(files), description=description)

    def _file(self, path: Path) -> Sequence[UploadedText | LogFile]:
        try:
            log = LogFile(path.name.removesuffix(".gz"), path, self.watch)
            if log.is_large and is_log(log.excerpt):
                return [log]
            raw = path.read_bytes()
        except (OSError, EOFError, zlib.error) as exc:
            raise Unusable(f"{path}: {getattr(exc, 'strerror', None) or exc}.") from None
        if is_archive(raw):
            try:
                return unpack(path.name, raw).files
            except UnpackError as exc:
                raise Unusable(f"{path}: {exc.text.say(_language())}") from None
        return [UploadedText(path.name, _decode(raw, str(path)))]

    def _stdin(self) -> UploadedText | LogFile:
        if sys.stdin.isatty():
            raise Unusable("Nothing to diagnose: pipe a text in (redis-cli INFO | …) or name files.")
        raw = sys.stdin.buffer.read(LARGE)
        if len(raw) < LARGE:
            return UploadedText("stdin", _decode(raw))
        waiting = self.spool / "stdin"
        with waiting.open("wb") as file:
            file.write(raw)
            shutil.copyfileobj(sys.stdin.buffer, file)
        return self._file(waiting)[0]


def _as_intake(text: str) -> IncidentInput | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    is_whole = isinstance(data, dict) and {"redis_info", "error_logs", "description"} & set(data)
    return read_input(data) if is_whole else None


def _decode(raw: bytes, name: str = "standard input") -> str:
    try:
        text = decode_text(raw)
    except DecodeError as exc:
        raise Unusable(f"{name}: {exc.text.say(_language())}") from None
    if not text.strip():
        raise Unusable(f"{name} is empty. Paste INFO, a log or SLOWLOG.")
    return text
