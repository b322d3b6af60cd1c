"""Vectors in Chroma, embedded in this process or on a server.

The only module that imports chromadb, and it does so late: the import costs most of a second and 84 MB.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from knowledge_base.embedders.base import Vectors
from knowledge_base.vector_store.base import (
    CollectionMissing,
    VectorCollection,
    VectorHit,
    VectorRecord,
    VectorStoreUnavailable,
    hit_of,
)
from knowledge_base.vector_store.ownership import DirectoryLock

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

# Measured: with Chroma's defaults 36 points of recall are lost at 10,000 varied chunks, with ef_search 2,000 about one.
# 1,000 takes two thirds of the time; what it misses is for the full text to find.
HNSW: Any = {"space": "cosine", "max_neighbors": 64, "ef_construction": 200, "ef_search": 1_000}
BATCH = 100  # vectors per call: Chroma holds Python's lock all through it, and pages must go on being served
PAGE = 5_000
SERVER_TIMEOUT_SECONDS = 20.0  # Chroma's own client waits for ever


class ChromaCollection:
    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def upsert(self, records: Sequence[VectorRecord], vectors: Vectors) -> None:
        with _anticipated():
            for start in range(0, len(records), BATCH):
                some = records[start : start + BATCH]
                self._collection.upsert(
                    ids=[record.id for record in some],
                    embeddings=vectors[start : start + BATCH],
                    metadatas=[_metadata(record) for record in some],
                )

    def delete(self, ids: Sequence[str]) -> None:
        with _anticipated():
            for start in range(0, len(ids), BATCH):
                self._collection.delete(ids=list(ids[start : start + BATCH]))

    def query(self, vector: Vectors, *, limit: int, where: Mapping[str, Sequence[str]]) -> list[VectorHit]:
        with _anticipated():
            found = self._collection.query(
                query_embeddings=vector[None, :],
                n_results=limit,
                where=_where(where),
                include=["distances"],  # metadata would cost more than the search itself
            )
        distances = found["distances"]
        if distances is None:
            return []
        return [hit_of(name, 1.0 - float(far)) for name, far in zip(found["ids"][0], distances[0], strict=True)]

    def scan(self) -> Iterable[VectorRecord]:
        offset = 0
        while True:
            with _anticipated():
                page = self._collection.get(limit=PAGE, offset=offset, include=["metadatas"])
            yield from _records(page)
            if len(page["ids"]) < PAGE:
                return
            offset += PAGE

    def of_documents(self, document_ids: Sequence[str]) -> list[VectorRecord]:
        if not document_ids:
            return []
        with _anticipated():
            found = self._collection.get(where=_where({"document_id": document_ids}), include=["metadatas"])
        return list(_records(found))

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        with _anticipated():
            found = self._collection.get(ids=list(ids), include=["embeddings"])
        embeddings = found["embeddings"]
        if embeddings is None:
            return {}
        return {name: np.asarray(row, dtype=np.float32) for name, row in zip(found["ids"], embeddings, strict=True)}

    def count(self) -> int:
        with _anticipated():
            return self._collection.count()


class ChromaStore:
    def __init__(self, client: ClientAPI, lock: DirectoryLock | None = None) -> None:
        self._client = client
        self._lock = lock

    def create(self, name: str) -> VectorCollection:
        with _anticipated():
            # embedding_function=None: the default one downloads a model at the first use.
            collection = self._client.get_or_create_collection(
                name, embedding_function=None, configuration={"hnsw": HNSW}
            )  # type: ignore[typeddict-item]
        return ChromaCollection(collection)

    def open(self, name: str) -> VectorCollection:
        with _anticipated():
            return ChromaCollection(self._client.get_collection(name, embedding_function=None))

    def drop(self, name: str) -> None:
        with _anticipated():
            try:
                self._client.delete_collection(name)
            except Exception as exc:
                if not _is_missing(exc):
                    raise

    def names(self) -> list[str]:
        with _anticipated():
            return sorted(collection.name for collection in self._client.list_collections())

    def close(self) -> None:
        if self._lock is not None:
            _forget_clients()
            self._lock.release()


def open_embedded(directory: Path) -> ChromaStore:
    """Own a directory. Raises VectorStoreOwned, or VectorStoreUnavailable when it can't be opened."""
    lock = DirectoryLock(directory)
    lock.acquire()
    try:
        with _anticipated():
            import chromadb

            client = chromadb.PersistentClient(str(directory), settings=_settings())
            client.list_collections()
    except VectorStoreUnavailable:
        _forget_clients()
        lock.release()
        raise
    return ChromaStore(client, lock)


def open_server(url: str) -> ChromaStore:
    parts = urlsplit(url)
    with _anticipated():
        import chromadb

        client = chromadb.HttpClient(
            host=parts.hostname or "localhost",
            port=parts.port or (443 if parts.scheme == "https" else 8000),
            ssl=parts.scheme == "https",
            settings=_settings(),
        )
        session = getattr(getattr(client, "_server", None), "_session", None)
        if session is not None:
            session.timeout = SERVER_TIMEOUT_SECONDS
    return ChromaStore(client)


def set_aside(directory: Path) -> Path:
    """Move a directory that can't be read out of the way, so that a new one can be filled. Nothing is deleted."""
    _forget_clients()
    aside = directory.with_name(f"{directory.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    shutil.move(directory, aside)
    return aside


def _settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _forget_clients() -> None:
    """Chroma keeps one system per path and process; without this a reopened path is the old one."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient.clear_system_cache()


@contextmanager
def _anticipated() -> Iterator[None]:
    """Turn whatever Chroma raises (its own errors, httpx's, ValueError, InternalError of the Rust core) into ours."""
    try:
        yield
    except VectorStoreUnavailable:
        raise
    except Exception as exc:
        text = " ".join(str(exc).split())[:300] or type(exc).__name__
        if _is_missing(exc):
            raise CollectionMissing(f"The collection of vectors doesn't exist: {text}") from exc
        raise VectorStoreUnavailable(f"Chroma can't answer: {text}") from exc


def _is_missing(exc: Exception) -> bool:
    return type(exc).__name__ == "NotFoundError" or "does not exist" in str(exc)


def _metadata(record: VectorRecord) -> dict[str, str | int]:
    return {
        "document_id": record.document_id,
        "revision": record.revision,
        "language": record.language,
        "category": record.category,
        "kind": record.kind,
    }


def _records(found: Mapping[str, Any]) -> Iterator[VectorRecord]:
    for name, metadata in zip(found["ids"], found["metadatas"] or (), strict=True):
        read = metadata or {}
        key, _, digest = name.rpartition("~")
        yield VectorRecord(
            key=key,
            document_id=str(read.get("document_id", "")),
            revision=int(read.get("revision", 0)),
            digest=digest,
            language=str(read.get("language", "")),
            category=str(read.get("category", "")),
            kind=str(read.get("kind", "")),
        )


def _where(where: Mapping[str, Sequence[str]]) -> Any:
    clauses = [{name: {"$in": list(values)}} for name, values in where.items()]
    if len(clauses) > 1:
        return {"$and": clauses}
    return clauses[0] if clauses else None
