"""Fill a new collection beside the active one and switch to it in one step.

Searches follow the pointer row, so they see the old collection until the new one is complete and has passed its check.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from knowledge_base.contracts.measuring import request_measurement
from knowledge_base.contracts.models import RetrievalMeasurement
from knowledge_base.embedders.registry import configured_stamp
from knowledge_base.indexing import BATCH, process_due_tasks, refresh_stale_chunks, write_vectors
from knowledge_base.models import IndexCollection, IndexTask, KnowledgeDocument
from knowledge_base.reconciling import differences, sample_health
from knowledge_base.vector_index import forget_collections, open_collection, own_store
from knowledge_base.vector_store.base import CollectionMissing, VectorStoreUnavailable

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
LEAST_FOUND = 0.95  # share of sampled vectors that must find themselves; approximate search may miss one


class RebuildFailed(VectorStoreUnavailable):
    """The new collection did not pass its check; the old one stays active."""


def request_rebuild(stamp: str | None = None) -> IndexCollection:
    """Ask for a new collection. The process that owns the vectors fills it; an unfinished one is taken up again."""
    stamp = stamp or configured_stamp()
    waiting = IndexCollection.objects.filter(state=IndexCollection.State.BUILDING, stamp=stamp).first()
    if waiting is not None:
        return waiting
    last = IndexCollection.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return IndexCollection.objects.create(name=_name(stamp, last + 1), stamp=stamp)


def _name(stamp: str, number: int) -> str:
    """Chroma allows letters, digits and . _ - in a name."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", stamp).strip("-")[:60]
    return f"{settings.CHROMA_COLLECTION_NAME}_{readable}_{number}"


def rebuild(row: IndexCollection, *, progress: Progress = lambda done, total: None) -> IndexCollection:
    """Fill a requested collection and make it the active one. Only in the process that owns the vectors.

    Raises VectorStoreUnavailable or EmbedderUnavailable; then the row stays and the next call resumes.
    """
    own_store().create(row.name)
    ids = list(KnowledgeDocument.objects.published().order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        refresh_stale_chunks(some)
        write_vectors(row, some)
        process_due_tasks()  # changes made meanwhile reach both collections
        progress(min(start + BATCH, len(ids)), len(ids))
    _check(row)
    _activate(row)
    return row


def _check(row: IndexCollection) -> None:
    """Write what changed during the filling, then ask a sample of the vectors for themselves."""
    collection = open_collection(row.name)
    found = differences(collection)
    for start in range(0, len(found.documents), BATCH):
        write_vectors(row, found.documents[start : start + BATCH])
    health = sample_health(collection)
    if health.share < LEAST_FOUND:
        raise RebuildFailed(
            f"In the new collection {row.name} only {health.found} of {health.asked} sampled vectors find themselves."
        )
    row.vectors, row.sample_asked, row.sample_found = collection.count(), health.asked, health.found


def _activate(row: IndexCollection) -> None:
    old = list(IndexCollection.objects.exclude(pk=row.pk).exclude(state=IndexCollection.State.BUILDING))
    with transaction.atomic():
        active = IndexCollection.objects.filter(state=IndexCollection.State.ACTIVE).exclude(pk=row.pk)
        active.update(state=IndexCollection.State.RETIRED)
        row.state, row.activated_at, row.checked_at = IndexCollection.State.ACTIVE, timezone.now(), timezone.now()
        row.save()
    forget_collections()
    request_measurement(RetrievalMeasurement.Trigger.REINDEX)
    for one in old:
        drop(one)


def drop(row: IndexCollection) -> None:
    """Remove a collection that no search uses any more. The row goes last, so that a failure is tried again."""
    try:
        own_store().drop(row.name)
    except VectorStoreUnavailable as exc:
        logger.warning("the old collection %s could not be removed: %s", row.name, exc)
        return
    row.delete()


def ensure_collection() -> None:
    """Ask for a rebuild where the active collection is missing or was filled by another embedder than configured."""
    for leftover in IndexCollection.objects.filter(state=IndexCollection.State.RETIRED):
        drop(leftover)
    active = IndexCollection.objects.filter(state=IndexCollection.State.ACTIVE).first()
    if active is not None:
        try:
            own_store().open(active.name)
        except CollectionMissing:
            logger.warning("the collection %s is gone; a new one is filled", active.name)
            active.delete()
            active = None
    wanted = configured_stamp()
    others = IndexCollection.objects.filter(state=IndexCollection.State.BUILDING).exclude(stamp=wanted)
    for other in others:  # of an embedder that was configured in between
        drop(other)
    if active is None or active.stamp != wanted:
        request_rebuild(wanted)


def enqueue_everything() -> int:
    """Ask for every document to be compared with the index. Return how many."""
    ids = list(KnowledgeDocument.objects.values_list("pk", flat=True))
    IndexTask.objects.enqueue(ids)
    return len(ids)
