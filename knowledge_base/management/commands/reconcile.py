"""Compare the index with the database in both directions and mend what differs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from knowledge_base.embedders.base import EmbedderUnavailable
from knowledge_base.indexer import open_or_heal
from knowledge_base.indexing import process_due_tasks
from knowledge_base.models import IndexCollection
from knowledge_base.rebuilding import LEAST_FOUND, ensure_collection
from knowledge_base.reconciling import enqueue_stale_chunks, reconcile
from knowledge_base.vector_index import active_collection, release_store
from knowledge_base.vector_store.base import VectorStoreOwned, VectorStoreUnavailable


class Command(BaseCommand):
    help = "Find missing, outdated and stray vectors, mend them, and check that sampled vectors find themselves."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            open_or_heal()
            self._work()
        except VectorStoreOwned as exc:
            count = enqueue_stale_chunks()
            IndexCollection.objects.filter(state=IndexCollection.State.ACTIVE).update(checked_at=None)
            self.stdout.write(f"{exc}\nIt compares now; {count} documents with stale text were put into its queue.")
        except (VectorStoreUnavailable, EmbedderUnavailable) as exc:
            raise CommandError(str(exc)) from None
        finally:
            release_store()

    def _work(self) -> None:
        ensure_collection()
        row = active_collection()
        if row is None:
            raise CommandError("There is no index yet. Run `manage.py reindex`.")
        found = reconcile(row)
        while process_due_tasks():
            pass
        differences, sample = found.differences, found.sample
        self.stdout.write(
            f"{row.name}: {found.vectors} vectors. Found and mended: {differences.missing} missing, "
            f"{differences.outdated} outdated, {differences.stray} stray; {found.chunkless} documents with stale text. "
            f"{sample.found} of {sample.asked} sampled vectors found themselves."
        )
        if sample.share < LEAST_FOUND:
            raise CommandError("The search structure is damaged. Run `manage.py reindex --rebuild`.")
