"""Bring vectors in step with documents: work off the outbox, rebuild, reconcile.

Every step may be cut off and repeated. Writes go in the order upsert, then delete the surplus, so that a document that
is being replaced never vanishes from search.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db.models import F
from django.utils import timezone

from knowledge_base.embedders.base import EmbedderUnavailable, ToEmbed
from knowledge_base.embedders.registry import embedder_for
from knowledge_base.glossary_cache import current_glossary
from knowledge_base.models import IndexCollection, IndexTask, KnowledgeDocument, StoredChunk
from knowledge_base.stored_chunks import refresh_chunks
from knowledge_base.terms import embedded_text
from knowledge_base.vector_index import open_collection
from knowledge_base.vector_store.base import VectorRecord, VectorStoreUnavailable

logger = logging.getLogger(__name__)

BATCH = 128  # documents worked on at once
LEASE = timedelta(minutes=5)
LONGEST_DELAY = timedelta(minutes=5)


def process_due_tasks(*, limit: int = BATCH, at: datetime | None = None) -> int:
    """Index the documents of the tasks that are due. Return how many were taken up.

    A failure is stored on the tasks, which come due again later and later.
    """
    at = at or timezone.now()
    tasks = IndexTask.objects.claim(limit=limit, lease=LEASE, at=at)
    if not tasks:
        return 0
    try:
        revisions = index_documents([task.document_id for task in tasks])
    except (VectorStoreUnavailable, EmbedderUnavailable) as exc:
        logger.warning("indexing %d documents failed: %s", len(tasks), exc)
        _postpone(tasks, str(exc), at)
    else:
        _finish(tasks, revisions)
    return len(tasks)


def _finish(tasks: Sequence[IndexTask], revisions: dict[str, int]) -> None:
    """Mark the tasks done whose document was not changed meanwhile. The others wait again."""
    now = timezone.now()
    alike: dict[tuple[int, int | None], list[int]] = defaultdict(list)
    for task in tasks:
        alike[task.generation, revisions.get(task.document_id)].append(task.pk)
    for (generation, revision), ids in alike.items():
        unchanged = IndexTask.objects.filter(pk__in=ids, generation=generation)
        unchanged.update(
            state=IndexTask.State.DONE, lease_until=None, last_error="", indexed_revision=revision, indexed_at=now
        )


def _postpone(tasks: Sequence[IndexTask], error: str, at: datetime) -> None:
    for task in tasks:
        delay = min(LONGEST_DELAY, timedelta(seconds=2.0 ** min(task.attempts + 1, 10)))
        unchanged = IndexTask.objects.filter(pk=task.pk, generation=task.generation)
        unchanged.update(state=IndexTask.State.FAILED, lease_until=None, last_error=error[:1_000], due_at=at + delay)


def index_documents(document_ids: Sequence[str]) -> dict[str, int]:
    """Make chunks and vectors of some documents what the database says. Return the revisions of the published ones."""
    published = KnowledgeDocument.objects.published().filter(pk__in=document_ids)
    revisions = dict(published.values_list("pk", "revision"))
    StoredChunk.objects.filter(document_id__in=set(document_ids) - revisions.keys()).delete()
    refresh_stale_chunks(revisions)
    for row in IndexCollection.objects.exclude(state=IndexCollection.State.RETIRED):
        write_vectors(row, document_ids)
    return revisions


def refresh_stale_chunks(document_ids: Collection[str]) -> None:
    """Redo the chunks of those published documents that have none of their revision, or of an older glossary."""
    glossary = current_glossary()
    fresh = StoredChunk.objects.filter(
        document_id__in=document_ids, revision=F("document__revision"), glossary_version=glossary.version
    )
    stale = set(document_ids).difference(fresh.values_list("document_id", flat=True))
    if stale:
        refresh_chunks(KnowledgeDocument.objects.published().filter(pk__in=stale), glossary)


def write_vectors(row: IndexCollection, document_ids: Sequence[str]) -> int:
    """Write what is missing or old in a collection, then delete what is left over. Return how many were embedded."""
    collection = open_collection(row.name)
    wanted = _records(document_ids)
    present = {record.id: record for record in collection.of_documents(document_ids)}
    changed = [pair for pair in wanted if present.get(pair[0].id) != pair[0]]
    moved = [record for record, _ in changed if record.id in present]
    kept = collection.vectors([record.id for record in moved]) if moved else {}
    fresh = [(record, text) for record, text in changed if record.id not in kept]
    if fresh:
        embedder = embedder_for(row.stamp, current_glossary())
        collection.upsert([record for record, _ in fresh], embedder.embed_chunks([text for _, text in fresh]))
    if kept:  # the text is the same, only what is known about it changed: no need to pay for the vector again
        again = [record for record in moved if record.id in kept]
        collection.upsert(again, np.stack([kept[record.id] for record in again]))
    surplus = sorted(set(present) - {record.id for record, _ in wanted})
    if surplus:
        collection.delete(surplus)
    return len(fresh)


def _records(document_ids: Sequence[str]) -> list[tuple[VectorRecord, ToEmbed]]:
    """The records that should be in a collection for these documents, each with the text to embed."""
    rows = StoredChunk.objects.filter(
        document_id__in=document_ids,
        document__status=KnowledgeDocument.Status.PUBLISHED,
        revision=F("document__revision"),
    ).select_related("document")
    needed = rows.only("position", "items", "head", "body", "digest", "document__title", *RECORD_FIELDS)
    return [(record_of(row), _to_embed(row)) for row in needed.order_by("document_id", "position")]


RECORD_FIELDS = ("document__revision", "document__language", "document__category", "document__kind")


def record_of(row: StoredChunk) -> VectorRecord:
    document = row.document
    return VectorRecord(
        key=row.key,
        document_id=document.pk,
        revision=document.revision,
        digest=row.digest,
        language=document.language,
        category=document.category,
        kind=document.kind,
    )


def _to_embed(row: StoredChunk) -> ToEmbed:
    text = "\n".join(text for _, _, text in row.items)
    return ToEmbed(embedded_text(row.document.title, text), f"{row.head} {row.body}")
