"""Measure retrieval over the shipped knowledge. Everything happens in memory; the database is not touched."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from knowledge_base.embedders.base import EmbedderUnavailable
from knowledge_base.evaluation import Answer, across_languages, as_json, ask, by_language, read_questions, summary_of
from knowledge_base.shipped import knowledge_in_memory


class Command(BaseCommand):
    help = "Measure recall, MRR and abstention over the shipped knowledge with the configured embedder."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queries", required=True, type=Path, help='JSON lines: {"q", "lang", "topic"}')
        parser.add_argument("--json", type=Path, help="where to write the results")
        parser.add_argument(
            "--across", action="store_true", help="also ask each question of the other language's documents alone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            questions = list(read_questions(options["queries"].read_text(encoding="utf-8").splitlines()))
        except (OSError, ValueError) as exc:
            raise CommandError(f"The queries can't be read: {exc}") from None
        try:
            knowledge = knowledge_in_memory()
            started = time.perf_counter()
            answers = list(ask(knowledge, questions))
        except EmbedderUnavailable as exc:
            raise CommandError(str(exc)) from None
        elapsed = (time.perf_counter() - started) / max(1, len(questions))
        if options["json"]:
            options["json"].write_text(json.dumps(as_json(answers), ensure_ascii=False, indent=1), encoding="utf-8")
        self._print(answers, elapsed)
        if options["across"]:
            found = summary_of(list(across_languages(knowledge, questions)))
            self.stdout.write(
                f"in the other language alone: {found['queries']} queries, recall@1 {found['recall@1']:.3f}, "
                f"recall@5 {found['recall@5']:.3f}, MRR {found['mrr']:.3f}"
            )

    def _print(self, answers: list[Answer], elapsed: float) -> None:
        header = f"{'':10}{'queries':>8}{'recall@1':>10}{'recall@5':>10}{'MRR':>8}"
        self.stdout.write(header)
        for name, row in {"all": summary_of(answers), **by_language(answers)}.items():
            cells = (row["recall@1"], row["recall@5"], row["mrr"])
            asked = row["queries"] - row["off_topic"]
            shown = "".join(
                f"{'-' if cell is None else f'{cell:.3f}':>{width}}"
                for cell, width in zip(cells, (10, 10, 8), strict=True)
            )
            self.stdout.write(f"{name:10}{asked:>8}{shown}")
        whole = summary_of(answers)
        self.stdout.write(f"off topic: {whole['off_topic_answered']} of {whole['off_topic']} answered")
        self.stdout.write(f"{elapsed * 1000:.1f} ms per query")
