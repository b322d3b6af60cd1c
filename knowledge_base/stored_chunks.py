"""Keep the stored chunks of documents as the documents are, and read them back for ranking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import F

from knowledge_base.chunking import chunks_of
from knowledge_base.glossary import Glossary
from knowledge_base.models import KnowledgeDocument, StoredChunk
from knowledge_base.passages import Chunk, DocumentCard, Filters, IndexedChunk, IndexTerms, Item
from knowledge_base.terms import index_terms, with_digest

BATCH = 500


def indexed_chunks(document: KnowledgeDocument, glossary: Glossary) -> list[IndexedChunk]:
    """The chunks of a document as the indexes should hold them, saved or not."""
    card = document.card()
    questions = [str(question) for question in document.questions]
    return [
        with_digest(IndexedChunk(card, chunk, index_terms(card, chunk, questions, glossary)))
        for chunk in chunks_of(document.content())
    ]


def refresh_chunks(documents: Iterable[KnowledgeDocument], glossary: Glossary) -> None:
    """Make the stored chunks what the documents say. Those of documents that aren't published go."""
    documents = list(documents)
    rows = [
        _row(chunk, glossary)
        for document in documents
        if document.is_published
        for chunk in indexed_chunks(document, glossary)
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
        head=" ".join(indexed.terms.head),
        body=" ".join(indexed.terms.body),
        digest=indexed.digest,
        glossary_version=glossary.version,
    )


def chunk_of(row: StoredChunk) -> Chunk:
    return Chunk(row.position, tuple(Item(part, index, text) for part, index, text in row.items))


class DatabaseLibrary:
    """Chunks of published documents at their current revision, and of no others."""

    def load(self, document_ids: Sequence[str], filters: Filters) -> dict[str, list[IndexedChunk]]:
        documents = KnowledgeDocument.objects.published().filter(pk__in=document_ids).only(*CARD_FIELDS)
        cards = {card.id: card for document in documents if filters.admits(card := document.card())}
        found: dict[str, list[IndexedChunk]] = {}
        for row in self._rows(cards):
            found.setdefault(row.document_id, []).append(_indexed(row, cards[row.document_id]))
        return found

    def _rows(self, cards: dict[str, DocumentCard]) -> Iterable[StoredChunk]:
        rows = StoredChunk.objects.filter(document_id__in=list(cards), revision=F("document__revision"))
        return rows.order_by("document_id", "position")


CARD_FIELDS = (
    "id", "revision", "title", "kind", "category", "severity", "language", "topic", "tags", "applies_to",
    "preconditions", "status",
)  # fmt: skip


def _indexed(row: StoredChunk, card: DocumentCard) -> IndexedChunk:
    terms = IndexTerms(tuple(row.head.split()), tuple(row.body.split()))
    return IndexedChunk(card, chunk_of(row), terms, row.digest)
