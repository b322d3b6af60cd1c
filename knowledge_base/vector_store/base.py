"""The port to vector search: named collections of vectors with a little metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge_base.embedders.base import Vectors


class VectorStoreUnavailable(Exception):
    """Vector search can't take part now. The message is one sentence for an operator."""


class VectorStoreOwned(VectorStoreUnavailable):
    """Another process owns the embedded directory."""


class CollectionMissing(VectorStoreUnavailable):
    """The collection doesn't exist (any more)."""


@dataclass(frozen=True, slots=True)
class VectorHit:
    key: str
    similarity: float  # cosine, -1 to 1
    digest: str  # of the text that was embedded; a hit whose chunk reads otherwise by now is stale


@dataclass(frozen=True, slots=True)
class VectorRecord:
    """What the store keeps beside a vector: enough to reconcile and to narrow a search."""

    key: str
    document_id: str
    revision: int
    digest: str  # of the text that was embedded
    language: str
    category: str
    kind: str

    @property
    def id(self) -> str:
        return vector_id(self.key, self.digest)


def vector_id(key: str, digest: str) -> str:
    """A vector's name in the store: its chunk, and what the chunk read like.

    So a hit tells whether it is stale without its metadata being read, and a new reading never overwrites the old one.
    """
    return f"{key}~{digest}"


def hit_of(identifier: str, similarity: float) -> VectorHit:
    key, _, digest = identifier.rpartition("~")
    return VectorHit(key, similarity, digest)


class VectorCollection(Protocol):
    def upsert(self, records: Sequence[VectorRecord], vectors: Vectors) -> None: ...

    def delete(self, ids: Sequence[str]) -> None: ...

    def query(self, vector: Vectors, *, limit: int, where: Mapping[str, Sequence[str]]) -> list[VectorHit]: ...

    def scan(self) -> Iterable[VectorRecord]: ...

    def of_documents(self, document_ids: Sequence[str]) -> list[VectorRecord]: ...

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]: ...

    def count(self) -> int: ...


class VectorStore(Protocol):
    """All methods raise VectorStoreUnavailable when the store can't be reached or read."""

    def create(self, name: str) -> VectorCollection: ...

    def open(self, name: str) -> VectorCollection:
        """Raises CollectionMissing."""
        ...

    def drop(self, name: str) -> None:
        """Remove a collection; one that is gone already is fine."""
        ...

    def names(self) -> list[str]: ...

    def close(self) -> None: ...
