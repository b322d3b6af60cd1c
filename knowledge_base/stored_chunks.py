"""Keep the stored chunks of documents as the documents are, and read them back for ranking."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.db.models import F, QuerySet

from knowledge_base.chunking import chunks_of
from knowledge_base.glossary import Glossary
from knowledge_base.models import KnowledgeDocument, StoredChunk
from knowledge_base.passages import (
    Candidate,
    Chunk,
    DocumentCard,
    Filters,
    IndexedChunk,
    IndexTerms,
    Item,
    chunk_key,
    document_of,
)
from knowledge_base.terms import indexed_chunks

BATCH = 500


def chunks_to_store(document: KnowledgeDocument, glossary: Glossary) -> list[IndexedChunk]:
    """The chunks of a document as the indexes should hold them, saved or not."""
    questions = [str(question) for question in document.questions]
    return indexed_chunks(document.card(), chunks_of(document.content()), questions, glossary)


def refresh_chunks(documents: Iterable[KnowledgeDocument], glossary: Glossary) -> None:
    """Make the stored chunks what the documents say. Those of documents that aren't published go."""
    documents = list(documents)
    rows = [
        _row(chunk, glossary)
        for document in documents
        if document.is_published
        for chunk in chunks_to_store(document, glossary)
    ]
    with transaction.atomic():
        StoredChunk.objects.filter(document_id__in=[document.pk for document in documents]).delete()
        StoredChunk.objects.bulk_create(rows, batch_size=BATCH)


def _row(indexed: IndexedChunk, glossary: Glossary) -> StoredChunk:
    return StoredChunk(
        document_id=indexed.card.id,
        position=indexed.chunk.position,
        revision=indexed.card.revision,
        items=[[item.part, item.index, item.text] for item in indexed.chunk.items],
        head=indexed.terms.head,
        body=indexed.terms.body,
        digest=indexed.digest,
        glossary_version=glossary.version,
    )


def chunk_of(row: StoredChunk) -> Chunk:
    return Chunk(row.position, tuple(Item(part, index, text) for part, index, text in row.items))


class DatabaseLibrary:
    """Chunks of published documents at their current revision, and of no others."""

    def load(self, keys: Sequence[str], filters: Filters, *, whole: Sequence[str]) -> dict[str, list[Candidate]]:
        wanted, all_of = set(keys), set(whole)
        cards = _cards({*map(document_of, keys), *whole}, filters)
        found: dict[str, list[Candidate]] = {}
        for document_id, position, head, body, digest in _current(cards).values_list(*TERM_FIELDS):
            if document_id in all_of or chunk_key(document_id, position) in wanted:
                candidate = Candidate(cards[document_id], position, IndexTerms(head, body), digest)
                found.setdefault(document_id, []).append(candidate)
        return found

    def texts(self, keys: Sequence[str]) -> dict[str, Chunk]:
        rows = _current({document_of(key) for key in keys}).only("document_id", "position", "items")
        return {row.key: chunk_of(row) for row in rows if row.key in keys}


TERM_FIELDS = ("document_id", "position", "head", "body", "digest")
CARD_FIELDS = (
    "id", "revision", "title", "kind", "category", "severity", "language", "topic", "tags", "applies_to",
    "preconditions",
)  # fmt: skip


def _cards(document_ids: Collection[str], filters: Filters) -> dict[str, DocumentCard]:
    rows = KnowledgeDocument.objects.published().filter(pk__in=document_ids).values(*CARD_FIELDS)
    cards = (
        DocumentCard(**{**row, "tags": tuple(row["tags"]), "preconditions": tuple(row["preconditions"])})
        for row in rows
    )
    return {card.id: card for card in cards if filters.admits(card)}


def _current(document_ids: Collection[str]) -> QuerySet[StoredChunk]:
    rows = StoredChunk.objects.filter(document_id__in=document_ids, revision=F("document__revision"))
    return rows.order_by("document_id", "position")
