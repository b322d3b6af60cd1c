"""Keep the stored chunks of documents as the documents are, and read them back for ranking."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F

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
        cards: dict[str, DocumentCard] = {}
        found: dict[str, list[Candidate]] = {}
        for row in _rows([*{*map(document_of, keys), *whole}]):
            position, head, body, digest, pk = row[: len(CHUNK_FIELDS) + 1]
            if pk not in all_of and chunk_key(pk, position) not in wanted:
                continue
            card = cards.get(pk) or cards.setdefault(pk, _card(row[len(CHUNK_FIELDS) :]))
            if filters.admits(card):
                found.setdefault(pk, []).append(Candidate(card, position, IndexTerms(head, body), digest))
        return found

    def admitted(self, document_ids: Sequence[str], filters: Filters) -> set[str]:
        published = KnowledgeDocument.objects.published().filter(pk__in=document_ids)
        rows = published.values_list(*CARD_FIELDS, *JSON_FIELDS)
        return {str(row[0]) for row in rows if filters.admits(_card(row))}

    def texts(self, keys: Sequence[str]) -> dict[str, Chunk]:
        rows = StoredChunk.objects.filter(document_id__in={document_of(key) for key in keys})
        current = rows.filter(revision=F("document__revision")).only("document_id", "position", "items")
        return {row.key: chunk_of(row) for row in current if row.key in keys}


CHUNK_FIELDS = ("position", "head", "body", "digest")
CARD_FIELDS = ("id", "revision", "title", "kind", "category", "severity", "language", "topic")
JSON_FIELDS = ("tags", "applies_to", "preconditions")


def _rows(document_ids: Sequence[str]) -> list[tuple[Any, ...]]:
    """Written by hand: the ORM spends more time on this query than the database does."""
    if not document_ids:
        return []
    columns = [f"c.{name}" for name in CHUNK_FIELDS] + [f"d.{name}" for name in (*CARD_FIELDS, *JSON_FIELDS)]
    marks = ",".join(["%s"] * len(document_ids))
    query = (
        f"SELECT {', '.join(columns)} FROM {StoredChunk._meta.db_table} c "  # noqa: S608  (names of columns)
        # || '': told that the ids are equal, SQLite tries each listed id with each document, 10 ms instead of 0.7.
        f"JOIN {KnowledgeDocument._meta.db_table} d ON d.id = c.document_id || '' AND d.revision = c.revision "
        f"WHERE d.status = 'published' AND c.document_id IN ({marks}) ORDER BY c.document_id, c.position"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, list(document_ids))
        return list(cursor.fetchall())


def _card(row: Sequence[Any]) -> DocumentCard:
    tags, applies_to, preconditions = map(_read, row[len(CARD_FIELDS) :])
    plain = dict(zip(CARD_FIELDS, row, strict=False))
    return DocumentCard(
        **plain, tags=tuple(map(str, tags)), applies_to=applies_to, preconditions=tuple(map(str, preconditions))
    )


def _read(value: Any) -> Any:
    """JSON as this database hands it over."""
    return json.loads(value) if isinstance(value, str) else value
