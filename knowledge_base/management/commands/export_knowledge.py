"""Write a pack of documents that another portal imports."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from knowledge_base.models import KnowledgeDocument
from knowledge_base.services import write_pack


class Command(BaseCommand):
    help = "Export documents as a ZIP of Markdown with a manifest. `import_knowledge` takes it in elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the ZIP to write")
        parser.add_argument("--ids", nargs="+", help="only these documents")
        parser.add_argument("--all", action="store_true", help="drafts and archived ones too, not just published ones")
        parser.add_argument("--own", action="store_true", help="leave out shipped documents that nobody changed here")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open("wb") as file:
                count = write_pack(documents=_chosen(options), file=file)
        except OSError as exc:
            raise CommandError(f"The pack can't be written: {exc}") from None
        self.stdout.write(f"{count} documents in {options['file']}.")


def _chosen(options: dict[str, Any]) -> Any:
    documents = KnowledgeDocument.objects.order_by("pk")
    if options["ids"]:
        return _named(documents, options["ids"])
    if not options["all"]:
        documents = documents.published()
    chosen = documents.iterator(chunk_size=200)
    return (one for one in chosen if one.is_edited or not one.shipped_hash) if options["own"] else chosen


def _named(documents: Any, ids: list[str]) -> Any:
    found = documents.filter(pk__in=ids)
    missing = sorted(set(ids) - set(found.values_list("pk", flat=True)))
    if missing:
        raise CommandError(f"There is no document {', '.join(missing)}.")
    return found
