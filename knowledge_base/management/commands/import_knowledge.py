"""Import documents from a folder, a checkout, an archive or a file, once or whenever they change."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from knowledge_base import services
from knowledge_base.importing.folders import FolderImport
from knowledge_base.importing.sources import UnreadableSource, count_files
from knowledge_base.importing.verdicts import Outcome, Policy, Verdict

POLL_SECONDS = 2.0
SHOWN = (Outcome.CREATED, Outcome.UPDATED, Outcome.CONFLICT, Outcome.REFUSED)


class Command(BaseCommand):
    help = (
        "Import Markdown (also of Confluence and Notion), JSON, JSON lines, CSV, PDF and DOCX. "
        "The same again changes nothing, so that an import that was cut off is just run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a folder, a Git checkout, a ZIP or tar, or a file")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
        parser.add_argument("--publish", action="store_true", help="publish new documents that lint without errors")
        parser.add_argument("--overwrite", action="store_true", help="also documents that were changed here")
        parser.add_argument(
            "--removed", choices=["keep", "draft", "archive"], default="keep", help="documents whose files are gone"
        )
        parser.add_argument("--label", help="the name the documents' origin is remembered by; the path by default")
        parser.add_argument("--json", action="store_true", help="one JSON object per row")
        parser.add_argument("--watch", action="store_true", help="stay, and import again whenever files change")

    def handle(self, *args: Any, **options: Any) -> None:
        refused = self._run(options)
        if options["watch"]:
            self._watch(options)
        elif refused:
            sys.exit(1)

    def _run(self, options: dict[str, Any]) -> int:
        """Return how many rows were refused or in conflict."""
        path: Path = options["path"]
        label = options["label"] or str(path.resolve())
        policy = Policy(
            status="published" if options["publish"] else "draft", keep_conflicts=not options["overwrite"], label=label
        )
        counts: Counter[str] = Counter()
        try:
            with _progress(options) as bar:
                task = bar.add_task("", total=count_files(path))
                folder = FolderImport(
                    path, policy, dry_run=options["dry_run"], on_file=lambda name: bar.update(task, advance=1)
                )
                for verdict in folder:
                    counts[verdict.outcome.value] += 1
                    self._say(verdict, options, bar)
        except UnreadableSource as exc:
            raise CommandError(str(exc)) from None
        self._removed(folder, options)
        if not options["dry_run"]:
            services.wake_indexer()
        if not options["json"]:
            done = "Would be: " if options["dry_run"] else ""
            self.stdout.write(done + ", ".join(f"{counts[one.value]} {one.value}" for one in Outcome) + ".")
        return counts[Outcome.REFUSED.value] + counts[Outcome.CONFLICT.value]

    def _say(self, verdict: Verdict, options: dict[str, Any], bar: Progress) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(as_json(verdict), ensure_ascii=False))
        elif verdict.outcome in SHOWN and (verdict.outcome is not Outcome.CREATED or options["verbosity"] > 1):
            why = " ".join(filter(None, (verdict.sentence, *verdict.remarks)))
            self.stdout.write(f"{verdict.outcome.value:9} {verdict.source or verdict.row} {verdict.id} {why}".rstrip())

    def _removed(self, folder: FolderImport, options: dict[str, Any]) -> None:
        if not folder.gone:
            return
        retired = 0 if options["dry_run"] else services.retire_imported(folder.gone, options["removed"])
        if options["json"]:
            self.stdout.write(json.dumps({"gone": folder.gone, "retired": retired}))
            return
        what = f"{retired} taken out of search" if retired else "kept; see --removed"
        self.stdout.write(f"{len(folder.gone)} documents have no file any more ({what}): {', '.join(folder.gone[:10])}")

    def _watch(self, options: dict[str, Any]) -> None:
        self.stderr.write("Watching; Ctrl-C ends it.")
        before = _state(options["path"])
        try:
            while True:
                time.sleep(POLL_SECONDS)
                now = _state(options["path"])
                if now != before:
                    before = now
                    self._run(options)
        except KeyboardInterrupt:
            self.stderr.write("")


def as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "row": verdict.row,
        "source": verdict.source,
        "id": verdict.id,
        "title": verdict.title,
        "outcome": verdict.outcome.value,
        "reasons": dict(verdict.reasons),
        "remarks": list(verdict.remarks),
    }


def _progress(options: dict[str, Any]) -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("files"), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal or options["json"])


def _state(path: Path) -> dict[str, tuple[float, int]]:
    """Time and size of every file: what tells that something has changed."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if ".git" not in file.parts]
    found = {}
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue  # gone between listing and looking
        found[str(file)] = (status.st_mtime, status.st_size)
    return found
