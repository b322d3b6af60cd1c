"""Bring the index in step now, or fill a new one and switch to it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from knowledge_base.embedders.base import EmbedderUnavailable
from knowledge_base.indexer import open_or_heal
from knowledge_base.indexing import process_due_tasks
from knowledge_base.models import IndexCollection, IndexTask
from knowledge_base.rebuilding import enqueue_everything, ensure_collection, rebuild, request_rebuild
from knowledge_base.vector_index import release_store
from knowledge_base.vector_store.base import VectorStoreOwned, VectorStoreUnavailable


class Command(BaseCommand):
    help = (
        "Compare every document with the index and write what differs; --rebuild fills a new collection and switches."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="fill a new collection beside the active one")

    def handle(self, *args: Any, **options: Any) -> None:
        count = enqueue_everything()
        if options["rebuild"]:
            request_rebuild()
        try:
            open_or_heal()
            self._work()
        except VectorStoreOwned as exc:
            what = "a rebuild" if options["rebuild"] else f"{count} documents"
            self.stdout.write(f"{exc}\nI put {what} into its queue; it works on it now.")
        except (VectorStoreUnavailable, EmbedderUnavailable) as exc:
            raise CommandError(str(exc)) from None
        finally:
            release_store()

    def _work(self) -> None:
        ensure_collection()
        for row in IndexCollection.objects.filter(state=IndexCollection.State.BUILDING):
            rebuild(row, progress=self._progress)
            self.stdout.write(f"\nSwitched to {row.name}: {row.vectors} vectors, "
                              f"{row.sample_found} of {row.sample_asked} sampled ones find themselves.")  # fmt: skip
        while process_due_tasks():
            pass
        failed = IndexTask.objects.filter(state=IndexTask.State.FAILED)
        if failed.exists():
            raise CommandError(f"{failed.count()} documents failed; the first: {failed[0].last_error}")
        self.stdout.write("The index is in step.")

    def _progress(self, done: int, total: int) -> None:
        self.stdout.write(f"\r{done} of {total} documents", ending="")
        self.stdout.flush()
