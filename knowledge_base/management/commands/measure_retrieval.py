"""Ask the questions that the published documents promise to be found by, and store recall, MRR and abstention."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from knowledge_base.contracts.measuring import QUESTIONS, measure_retrieval
from knowledge_base.contracts.models import FailingContract


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help=f"ask every question, not {QUESTIONS} of them")

    def handle(self, *args: Any, **options: Any) -> None:
        row = measure_retrieval(questions=None if options["all"] else QUESTIONS, progress=self._progress)
        if not row.questions:
            self.stdout.write("No published document lists a question.")
            return
        self.stdout.write(
            f"{row.questions} of {row.questions_known} questions of {row.documents} documents in {row.seconds:.1f} s, "
            f"{'with vectors' if row.embedder else 'full text alone'}"
        )
        self.stdout.write(f"  all  recall@1 {row.recall_1:.3f}  recall@5 {row.recall_5:.3f}  MRR {row.mrr:.3f}")
        for language, found in row.by_language.items():
            self.stdout.write(
                f"  {language}   recall@1 {found['recall_1']:.3f}  recall@5 {found['recall_5']:.3f}  "
                f"MRR {found['mrr']:.3f}  ({found['questions']} questions)"
            )
        self.stdout.write(f"  off-topic questions left unanswered: {row.abstention:.2f} of {row.off_topic}")
        self.stdout.write(f"  questions that don't find their document: {FailingContract.objects.count()}")

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done} / {total}", ending="\n" if done == total else "")
