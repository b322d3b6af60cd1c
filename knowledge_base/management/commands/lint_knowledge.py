"""Lint documents of the database. The exit status is 1 when there are errors, so that a pipeline can stop on them."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from knowledge_base.linting import LintNote, lint_documents
from knowledge_base.linting.presenting import as_json
from knowledge_base.models import KnowledgeDocument


class Command(BaseCommand):
    help = "Say what is wrong or weak in knowledge documents. Without identifiers: in all that are not archived."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ids", nargs="*", help="identifiers of documents")
        parser.add_argument("--json", action="store_true", help="one JSON object per document")
        parser.add_argument("--language", choices=["ko", "en"], help="of the sentences; LANG by default")
        parser.add_argument("--strict", action="store_true", help="warnings count as errors")

    def handle(self, *args: Any, **options: Any) -> None:
        language = options["language"] or translation.get_language() or "en"
        counts: Counter[str] = Counter()
        for document, notes in lint_documents(_documents(options["ids"])):
            counts.update(note.level.value for note in notes)
            counts["documents"] += 1
            if options["json"]:
                self.stdout.write(json.dumps(as_json(document.pk, notes, language), ensure_ascii=False))
            elif notes:
                self._print(document, notes, language)
        if not options["json"]:
            self.stdout.write(
                f"{counts['documents']} documents, {counts['error']} errors, {counts['warning']} warnings."
            )
        if counts["error"] or (options["strict"] and counts["warning"]):
            sys.exit(1)

    def _print(self, document: KnowledgeDocument, notes: list[LintNote], language: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(document.pk))
        for note in notes:
            style = self.style.ERROR if note.level.value == "error" else self.style.WARNING
            place = f" {note.place}" if note.place else ""
            self.stdout.write(f"  {style(note.level.value)} {note.rule}{place}: {note.text.say(language)}")
            self.stdout.write(f"      {note.todo.say(language)}")


def _documents(ids: list[str]) -> Any:
    documents = KnowledgeDocument.objects.order_by("pk")
    if not ids:
        return documents.exclude(status=KnowledgeDocument.Status.ARCHIVED).iterator(chunk_size=200)
    missing = sorted(set(ids) - set(documents.filter(pk__in=ids).values_list("pk", flat=True)))
    if missing:
        raise CommandError(f"There is no document {', '.join(missing)}.")
    return documents.filter(pk__in=ids)
