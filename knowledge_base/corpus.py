"""Knowledge from files, held in memory: for evaluations, which leave no trace and need no database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from knowledge_base.chunking import chunks_of
from knowledge_base.document_format import read_markdown
from knowledge_base.embedders.base import Embedder, ToEmbed
from knowledge_base.glossary import Glossary
from knowledge_base.knowledge import Knowledge, documents_meeting
from knowledge_base.lexical.memory import MemoryIndex
from knowledge_base.passages import Candidate, Chunk, DocumentCard, Filters, IndexedChunk, document_of
from knowledge_base.retriever import DenseArm, Retriever
from knowledge_base.terms import embedded_text, indexed_chunks
from knowledge_base.vector_store.base import VectorRecord
from knowledge_base.vector_store.exact import ExactCollection


class MemoryLibrary:
    def __init__(self, chunks: Iterable[IndexedChunk]) -> None:
        self._by_document: dict[str, list[IndexedChunk]] = defaultdict(list)
        for chunk in chunks:
            self._by_document[chunk.card.id].append(chunk)

    def load(self, keys: Sequence[str], filters: Filters, *, whole: Sequence[str]) -> dict[str, list[Candidate]]:
        wanted = set(keys)
        found = {}
        for pk in dict.fromkeys((*map(document_of, keys), *whole)):
            chunks = [chunk for chunk in self._by_document.get(pk, ()) if pk in whole or chunk.key in wanted]
            if chunks and filters.admits(chunks[0].card):
                found[pk] = [chunk.candidate for chunk in chunks]
        return found

    def admitted(self, document_ids: Sequence[str], filters: Filters) -> set[str]:
        return {pk for pk in document_ids if filters.admits(self._by_document[pk][0].card)}

    def texts(self, keys: Sequence[str]) -> dict[str, Chunk]:
        return {
            chunk.key: chunk.chunk for key in keys for chunk in self._by_document[document_of(key)] if chunk.key == key
        }

    def documents_meeting(self, finding_ids: Collection[str], *, limit: int) -> list[str]:
        pairs = [(pk, chunks[0].card.preconditions) for pk, chunks in self._by_document.items()]
        return documents_meeting(pairs, finding_ids, limit=limit)


def knowledge_of(
    documents: Iterable[Mapping[str, Any]],
    *,
    glossary: Glossary,
    embedder: Embedder | None,
    top_k: int,
    threshold: float,
) -> Knowledge:
    """Knowledge that consists of just these documents (fields as `read_markdown` gives them).

    Without an embedder it searches the full text alone.
    """
    chunks = [chunk for fields in documents for chunk in _chunks(fields, glossary)]
    library = MemoryLibrary(chunks)
    dense = DenseArm(_collection(chunks, embedder), embedder) if embedder else None
    return Knowledge(Retriever(glossary, MemoryIndex(chunks), library, dense), library, top_k, threshold)


def documents_in(directory: Path) -> list[dict[str, Any]]:
    """The documents of all Markdown files below a directory."""
    return [read_markdown(file.read_text(encoding="utf-8")) for file in sorted(directory.rglob("*.md"))]


def _chunks(fields: Mapping[str, Any], glossary: Glossary) -> list[IndexedChunk]:
    card = DocumentCard(
        id=str(fields["id"]), revision=1, title=str(fields.get("title", "")), kind=str(fields.get("kind", "")),
        category=str(fields.get("category", "")), severity=str(fields.get("severity", "medium")),
        language=str(fields.get("language", "en")), topic=str(fields.get("topic", "")),
        tags=tuple(map(str, fields.get("tags") or ())), applies_to=fields.get("applies_to") or {},
        preconditions=tuple(map(str, fields.get("preconditions") or ())),
    )  # fmt: skip
    questions = [str(question) for question in fields.get("questions") or ()]
    return indexed_chunks(card, chunks_of(fields), questions, glossary)


def _collection(chunks: Sequence[IndexedChunk], embedder: Embedder) -> ExactCollection:
    collection = ExactCollection()
    if chunks:
        vectors = embedder.embed_chunks([_to_embed(chunk) for chunk in chunks])
        collection.upsert([_record(chunk) for chunk in chunks], vectors)
    return collection


def _to_embed(chunk: IndexedChunk) -> ToEmbed:
    return ToEmbed(embedded_text(chunk.card.title, chunk.chunk.text), f"{chunk.terms.head} {chunk.terms.body}")


def _record(chunk: IndexedChunk) -> VectorRecord:
    card = chunk.card
    return VectorRecord(
        chunk.key, card.id, card.revision, chunk.digest, language=card.language, category=card.category, kind=card.kind
    )
