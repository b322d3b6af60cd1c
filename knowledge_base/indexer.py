"""The background indexer: one thread of the process that owns the vectors. It works off the outbox, fills requested
collections, and reconciles at the start and every few minutes."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from knowledge_base.contracts.measuring import measure_if_requested
from knowledge_base.embedders.base import EmbedderUnavailable
from knowledge_base.indexing import process_due_tasks
from knowledge_base.models import IndexCollection, IndexTask
from knowledge_base.rebuilding import LEAST_FOUND, ensure_collection, rebuild, request_rebuild
from knowledge_base.reconciling import enqueue_stale_chunks, reconcile
from knowledge_base.vector_index import active_collection, own_store, release_store
from knowledge_base.vector_store.base import VectorStoreOwned, VectorStoreUnavailable

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0  # other processes' changes come without a wake-up
RETRY_SECONDS = 15.0
MEASURING_REST = 0.3  # seconds between the batches of a measurement
CHECK_EVERY = timedelta(minutes=10)
DAMAGE = ("malformed", "not a database", "corrupt", "no such table", "no such column")


class Indexer(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="knowledge-indexer", daemon=True)
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._wait = POLL_SECONDS

    def wake(self) -> None:
        self._wake.set()

    def stop(self, *, timeout: float = 5.0) -> None:
        self._stopping.set()
        self._wake.set()
        self.join(timeout)

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                if not self._work():
                    self._wake.wait(self._wait)
                self._wake.clear()
        finally:
            release_store()
            connection.close()

    def _work(self) -> bool:
        """One round. Return whether there may be more to do at once."""
        close_old_connections()
        self._wait = POLL_SECONDS
        try:
            return index_round(self._stopping)
        except Interrupted:
            logger.info("the rebuild of the vector index goes on at the next start")
        except (VectorStoreUnavailable, EmbedderUnavailable) as exc:
            logger.warning("%s", exc)
            self._wait = RETRY_SECONDS
        except DatabaseError:
            logger.exception("the indexer could not reach the database")
            self._wait = RETRY_SECONDS
        except Exception:  # the thread must outlive a fault in one document
            logger.exception("the indexer failed; it goes on with the next round")
            self._wait = RETRY_SECONDS
        return False


class Interrupted(Exception):
    """The process stops in the middle of a rebuild, which goes on at its next start."""


def index_round(stopping: threading.Event | None = None) -> bool:
    """Bring the index one step further. Return whether there may be more to do at once."""
    open_or_heal()
    ensure_collection()
    building = IndexCollection.objects.filter(state=IndexCollection.State.BUILDING).first()
    if building is not None:
        rebuild(building, progress=lambda done, total: _go_on(stopping))
        return True
    worked = process_due_tasks() > 0
    active = active_collection()
    if active is not None and not worked and _is_due(active):
        enqueue_stale_chunks()
        check_health(active)
        return True
    return worked or measure_if_requested(busy=lambda: _has_better_to_do(stopping))


def _has_better_to_do(stopping: threading.Event | None) -> bool:
    """Whether a measurement should wait: the process stops, or a document has been changed meanwhile.

    Rests a moment each time, so that people who use the portal meanwhile are served first.
    """
    return (stopping is not None and stopping.wait(MEASURING_REST)) or IndexTask.objects.filter(
        state=IndexTask.State.PENDING
    ).exists()


def _go_on(stopping: threading.Event | None) -> None:
    if stopping is not None and stopping.is_set():
        raise Interrupted


def open_or_heal() -> None:
    """Open the vectors. A directory that is damaged beyond opening is set aside, and its successor filled anew."""
    try:
        own_store()
    except VectorStoreOwned:
        raise
    except VectorStoreUnavailable as exc:
        if settings.CHROMA_URL or not any(sign in str(exc).lower() for sign in DAMAGE):
            raise
        from knowledge_base.vector_store.chroma import set_aside

        aside = set_aside(settings.CHROMA_PERSIST_DIRECTORY)
        logger.warning("the vector directory was damaged (%s); it was moved to %s and is filled anew", exc, aside)
        own_store()


def check_health(active: IndexCollection) -> None:
    """Reconcile the active collection, and ask for a new one where vectors no longer find themselves."""
    try:
        found = reconcile(active)
    except VectorStoreUnavailable as exc:
        if settings.CHROMA_URL:
            raise  # a server that is away is no damage
        logger.warning("the collection %s can't be read (%s); a new one is filled", active.name, exc)
        request_rebuild()
        return
    if found.sample.share < LEAST_FOUND:
        logger.warning("only %d of %d sampled vectors find themselves; a new collection is filled",
                       found.sample.found, found.sample.asked)  # fmt: skip
        request_rebuild()


def _is_due(active: IndexCollection) -> bool:
    return active.checked_at is None or active.checked_at < timezone.now() - CHECK_EVERY


_indexer: Indexer | None = None
_lock = threading.Lock()


def start_background_indexer() -> None:
    """Own the vectors and index in the background, from now until `stop_background_indexer`. Twice is once."""
    global _indexer
    with _lock:
        if _indexer is None or not _indexer.is_alive():
            IndexCollection.objects.filter(state=IndexCollection.State.ACTIVE).update(checked_at=None)
            _indexer = Indexer()
            _indexer.start()


def stop_background_indexer() -> None:
    """Finish the round at hand and give the vectors back."""
    global _indexer
    with _lock:
        if _indexer is not None:
            _indexer.stop()
            _indexer = None


def wake_indexer() -> None:
    """Tell this process's indexer, if it has one, that the outbox has grown."""
    if _indexer is not None:
        _indexer.wake()
