"""The index as it would be with another text of one document: the live one, with that document exchanged.

Nothing is written. Each port is wrapped, so that a search over the overlay goes the way that every search goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from knowledge_base.embedders.base import Embedder, ToEmbed, Vectors
from knowledge_base.knowledge import Knowledge
from knowledge_base.lexical.base import Frequencies, LexicalIndex
from knowledge_base.passages import Candidate, Chunk, Filters, IndexedChunk, document_of
from knowledge_base.retriever import DenseArm, Library
from knowledge_base.terms import embedded_text
from knowledge_base.vector_store.base import VectorCollection, VectorHit, VectorRecord


def with_candidate(live: Knowledge, document_id: str, chunks: Sequence[IndexedChunk]) -> Knowledge:
    """The knowledge as it would be if a document read as these chunks. Raises EmbedderUnavailable."""
    retriever = live.retriever
    present = retriever.library.load([], Filters(), whole=[document_id]).get(document_id, [])
    coming = tuple(chunk.candidate for chunk in chunks)
    overlaid = replace(
        retriever,
        lexical=CandidateIndex(retriever.lexical, document_id, tuple(present), coming),
        library=CandidateLibrary(retriever.library, document_id, tuple(chunks)),
        dense=_dense(retriever.dense, document_id, chunks) if retriever.dense else None,
    )
    return replace(live, retriever=overlaid)


@dataclass(frozen=True)
class CandidateLibrary:
    live: Library
    document_id: str
    chunks: tuple[IndexedChunk, ...]

    def load(self, keys: Sequence[str], filters: Filters, *, whole: Sequence[str]) -> dict[str, list[Candidate]]:
        others = [key for key in keys if document_of(key) != self.document_id]
        found = self.live.load(others, filters, whole=[pk for pk in whole if pk != self.document_id])
        own = [
            chunk.candidate
            for chunk in self.chunks
            if (chunk.key in keys or self.document_id in whole) and filters.admits(chunk.card)
        ]
        return {**found, self.document_id: own} if own else found

    def admitted(self, document_ids: Sequence[str], filters: Filters) -> set[str]:
        found = self.live.admitted([pk for pk in document_ids if pk != self.document_id], filters)
        own = self.document_id in document_ids and any(filters.admits(chunk.card) for chunk in self.chunks)
        return found | {self.document_id} if own else found

    def texts(self, keys: Sequence[str]) -> Mapping[str, Chunk]:
        others = self.live.texts([key for key in keys if document_of(key) != self.document_id])
        return {**others, **{chunk.key: chunk.chunk for chunk in self.chunks if chunk.key in keys}}


@dataclass(frozen=True)
class CandidateIndex:
    live: LexicalIndex
    document_id: str
    present: tuple[Candidate, ...]  # the document's chunks as they are
    coming: tuple[Candidate, ...]

    def frequencies(self, terms: Sequence[str]) -> Frequencies:
        """The live counts without the document's present chunks and with its coming ones."""
        live = self.live.frequencies(terms)
        counts = {
            term: max(0, live.counts.get(term, 0) - _holding(self.present, term) + _holding(self.coming, term))
            for term in terms
        }
        total = max(0, live.total - len(self.present)) + len(self.coming)
        return Frequencies(total, {term: count for term, count in counts.items() if count})

    def candidates(
        self, weights: Mapping[str, float], *, counts: Mapping[str, int], filters: Filters, limit: int
    ) -> list[str]:
        """The document's chunks come first when they share a term: scoring decides how good they are."""
        found = self.live.candidates(weights, counts=counts, filters=filters, limit=limit)
        own = [chunk.key for chunk in self.coming if any(_holds(chunk, term) for term in weights)]
        return own + [key for key in found if document_of(key) != self.document_id]


def _holds(chunk: Candidate, term: str) -> bool:
    return term in chunk.counts or term in chunk.head


def _holding(chunks: Iterable[Candidate], term: str) -> int:
    return sum(_holds(chunk, term) for chunk in chunks)


def _dense(live: DenseArm, document_id: str, chunks: Sequence[IndexedChunk]) -> DenseArm:
    texts = [
        ToEmbed(embedded_text(chunk.card.title, chunk.chunk.text), f"{chunk.terms.head} {chunk.terms.body}")
        for chunk in chunks
    ]
    vectors: Vectors = live.embedder.embed_chunks(texts) if texts else np.zeros((0, 1), dtype=np.float32)
    collection = CandidateCollection(live.collection, document_id, tuple(chunks), vectors)
    return replace(live, collection=collection)


@dataclass(frozen=True)
class CandidateCollection:
    """The live collection with one document's vectors exchanged, for reading."""

    live: VectorCollection
    document_id: str
    chunks: tuple[IndexedChunk, ...]
    own: Vectors

    def query(self, vector: Vectors, *, limit: int, where: Mapping[str, Sequence[str]]) -> list[VectorHit]:
        found = self.live.query(vector, limit=limit, where=where)
        others = [hit for hit in found if document_of(hit.key) != self.document_id]
        own = [
            VectorHit(chunk.key, float(similarity), chunk.digest)
            for chunk, similarity in zip(self.chunks, self.own @ vector if len(self.chunks) else (), strict=True)
            if _admitted(chunk, where)
        ]
        return sorted([*others, *own], key=lambda hit: -hit.similarity)[:limit]

    def upsert(self, records: Sequence[VectorRecord], vectors: Vectors) -> None:
        raise NotImplementedError("an overlay is only read")

    def delete(self, keys: Sequence[str]) -> None:
        raise NotImplementedError("an overlay is only read")

    def scan(self) -> Iterable[VectorRecord]:
        return self.live.scan()

    def of_documents(self, document_ids: Sequence[str]) -> list[VectorRecord]:
        return self.live.of_documents(document_ids)

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        return self.live.vectors(keys)

    def count(self) -> int:
        return self.live.count()


def _admitted(chunk: IndexedChunk, where: Mapping[str, Sequence[str]]) -> bool:
    return all(getattr(chunk.card, name) in wanted for name, wanted in where.items())


@dataclass(frozen=True)
class Prepared:
    """An embedder that has embedded the questions to come in one call, which a remote one would bill and wait for."""

    inner: Embedder
    known: Mapping[str, Vectors]

    @property
    def stamp(self) -> str:
        return self.inner.stamp

    @property
    def semantic_range(self) -> tuple[float, float]:
        return self.inner.semantic_range

    def embed(self, texts: Sequence[str]) -> Vectors:
        if all(text in self.known for text in texts):
            return np.stack([self.known[text] for text in texts])
        return self.inner.embed(texts)

    def embed_chunks(self, chunks: Sequence[ToEmbed]) -> Vectors:
        return self.inner.embed_chunks(chunks)


def prepared(live: Knowledge, questions: Sequence[str]) -> Knowledge:
    """Knowledge that has the questions' vectors at hand. Raises EmbedderUnavailable."""
    dense = live.retriever.dense
    if dense is None or not questions:
        return live
    known = dict(zip(questions, dense.embedder.embed(list(questions)), strict=True))
    embedder = Prepared(dense.embedder, known)
    return replace(live, retriever=replace(live.retriever, dense=replace(dense, embedder=embedder)))
