"""This process's way to the vectors: whether it may open them, the active collection, and the dense arm of a search.

An embedded directory is opened only by the process that says so (`own_store`); every other one searches without
vectors and says why. A Chroma server may be used by all.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from time import monotonic

from django.conf import settings
from django.utils.translation import gettext as _

from knowledge_base.embedders.base import EmbedderUnavailable
from knowledge_base.embedders.registry import embedder_for
from knowledge_base.glossary import Glossary
from knowledge_base.models import IndexCollection
from knowledge_base.retriever import DenseArm
from knowledge_base.vector_store.base import VectorCollection, VectorStore, VectorStoreUnavailable

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0  # a server that failed is left alone for so long


@dataclass
class _Held:
    """What this process holds. Guarded by `_lock`."""

    store: VectorStore | None = None
    collections: dict[str, VectorCollection] | None = None
    failed_at: float | None = None
    failure: str = ""


_lock = threading.RLock()
_held = _Held()


def own_store() -> VectorStore:
    """Open the vectors for this process until `release_store`. Raises VectorStoreOwned or VectorStoreUnavailable."""
    from knowledge_base.vector_store import chroma

    with _lock:
        if _held.store is None:
            if settings.CHROMA_URL:
                _held.store = chroma.open_server(settings.CHROMA_URL)
            else:
                _held.store = chroma.open_embedded(settings.CHROMA_PERSIST_DIRECTORY)
            _held.collections, _held.failed_at = {}, None
        return _held.store


def use_store(store: VectorStore) -> None:
    """Hold a given store instead of the configured one: evaluations and tests bring their own."""
    with _lock:
        release_store()
        _held.store, _held.collections = store, {}


def release_store() -> None:
    """Give the vectors back, so that another process may own them."""
    with _lock:
        if _held.store is not None:
            _held.store.close()
        _held.store, _held.collections, _held.failed_at = None, None, None


def attached_store() -> VectorStore | None:
    """The store if this process may use it: one it owns, or the server. None in the shadow of another owner."""
    with _lock:
        if _held.store is not None or not settings.CHROMA_URL:
            return _held.store
        if _held.failed_at is not None and monotonic() - _held.failed_at < RETRY_SECONDS:
            raise VectorStoreUnavailable(_held.failure)
        try:
            return own_store()
        except VectorStoreUnavailable as exc:
            _held.failed_at, _held.failure = monotonic(), str(exc)
            raise


def active_collection() -> IndexCollection | None:
    return IndexCollection.objects.filter(state=IndexCollection.State.ACTIVE).first()


def open_collection(name: str) -> VectorCollection:
    """A collection of the attached store, kept open. Raises VectorStoreUnavailable."""
    store = attached_store()
    if store is None:
        raise VectorStoreUnavailable(
            _("Vector search belongs to the serving process; this one answers from the full-text index.")
        )
    with _lock:
        kept = _held.collections if _held.collections is not None else {}
        if name not in kept:
            kept[name] = store.open(name)
        return kept[name]


def forget_collections() -> None:
    """Open collections anew at the next use, after one was replaced."""
    with _lock:
        if _held.collections:
            _held.collections.clear()


def dense_arm(glossary: Glossary) -> tuple[DenseArm | None, str]:
    """Vector search over the active collection; or None and the reason, for the person who searches."""
    row = active_collection()
    if row is None:
        return None, _("The vector index has not been built yet.")
    try:
        return DenseArm(open_collection(row.name), embedder_for(row.stamp, glossary)), ""
    except (VectorStoreUnavailable, EmbedderUnavailable) as exc:
        return None, str(exc)
