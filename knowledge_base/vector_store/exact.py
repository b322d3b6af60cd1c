"""Exact search in memory: every vector is compared. For evaluations and tests, and up to some ten thousand chunks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from knowledge_base.embedders.base import Vectors
from knowledge_base.vector_store.base import CollectionMissing, VectorCollection, VectorHit, VectorRecord


class ExactCollection:
    def __init__(self) -> None:
        self._records: dict[str, VectorRecord] = {}
        self._vectors: dict[str, Vectors] = {}
        self._matrix: Vectors | None = None  # rows in the order of _records; None after a change

    def upsert(self, records: Sequence[VectorRecord], vectors: Vectors) -> None:
        for record, vector in zip(records, vectors, strict=True):
            self._records[record.id] = record
            self._vectors[record.id] = vector
        self._matrix = None

    def delete(self, ids: Sequence[str]) -> None:
        for identifier in ids:
            self._records.pop(identifier, None)
            self._vectors.pop(identifier, None)
        self._matrix = None

    def query(self, vector: Vectors, *, limit: int, where: Mapping[str, Sequence[str]]) -> list[VectorHit]:
        if not self._records:
            return []
        if self._matrix is None:
            self._matrix = np.stack([self._vectors[identifier] for identifier in self._records])
        similarities = self._matrix @ vector
        records = list(self._records.values())
        hits: list[VectorHit] = []
        for row in np.argsort(-similarities, kind="stable"):
            record = records[row]
            if all(getattr(record, name) in wanted for name, wanted in where.items()):
                hits.append(VectorHit(record.key, float(similarities[row]), record.digest))
            if len(hits) == limit:
                break
        return hits

    def scan(self) -> Iterable[VectorRecord]:
        return list(self._records.values())

    def of_documents(self, document_ids: Sequence[str]) -> list[VectorRecord]:
        wanted = set(document_ids)
        return [record for record in self._records.values() if record.document_id in wanted]

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        return {identifier: self._vectors[identifier] for identifier in ids if identifier in self._vectors}

    def count(self) -> int:
        return len(self._records)


class ExactStore:
    def __init__(self) -> None:
        self._collections: dict[str, ExactCollection] = {}

    def create(self, name: str) -> VectorCollection:
        return self._collections.setdefault(name, ExactCollection())

    def open(self, name: str) -> VectorCollection:
        if name not in self._collections:
            raise CollectionMissing(f"The collection {name} doesn't exist.")
        return self._collections[name]

    def drop(self, name: str) -> None:
        self._collections.pop(name, None)

    def names(self) -> list[str]:
        return sorted(self._collections)

    def close(self) -> None:
        """Nothing to hand back."""
