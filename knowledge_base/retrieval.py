"""Search over the database: the entry for views, the API, commands and analyses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max

from knowledge_base.feedback.services import opinions_of
from knowledge_base.glossary_cache import current_glossary
from knowledge_base.knowledge import ForAnalysis, Knowledge, documents_meeting
from knowledge_base.lexical.base import LexicalIndex
from knowledge_base.lexical.fts5 import Fts5Index
from knowledge_base.lexical.tsvector import TsvectorIndex
from knowledge_base.models import KnowledgeDocument
from knowledge_base.passages import Filters, Passage, SearchResult
from knowledge_base.retriever import Retriever
from knowledge_base.stored_chunks import DatabaseLibrary
from knowledge_base.vector_index import dense_arm

SIMILAR_THRESHOLD = 0.25  # "anything like this?" may be answered more loosely than a question


def knowledge() -> Knowledge:
    """The published knowledge of this installation."""
    glossary = current_glossary()
    dense, problem = dense_arm(glossary)
    retriever = Retriever(glossary, lexical_index(), DatabaseLibrary(), dense, problem, opinions_of)
    return Knowledge(retriever, _DATABASE, settings.RAG_TOP_K, settings.RAG_SIMILARITY_THRESHOLD)


def search(query: str, **options: Any) -> SearchResult:
    """Answer a question; see `Knowledge.search` for the options."""
    return knowledge().search(query, **options)


def passages_for_analysis(query: str, finding_ids: Collection[str], **options: Any) -> ForAnalysis:
    """What an analysis may cite; see `Knowledge.passages_for_analysis`."""
    return knowledge().passages_for_analysis(query, finding_ids, **options)


def similar_documents(
    query: str, *, language: str | None = None, filters: Filters | None = None, limit: int | None = None
) -> SearchResult:
    """Documents that speak of the same thing as a text, such as an incident's description."""
    return knowledge().search(query, language=language, filters=filters, limit=limit, threshold=SIMILAR_THRESHOLD)


def documents_like(document: KnowledgeDocument, *, limit: int = 5) -> list[Passage]:
    """Published documents about the same as one of them, without itself and its translations."""
    text = " ".join((document.title, *map(str, document.symptoms[:3])))
    found = similar_documents(text, language=document.language, limit=limit + 5).passages
    others = [one for one in found if one.document_id != document.pk and (not one.topic or one.topic != document.topic)]
    return others[:limit]


def lexical_index() -> LexicalIndex:
    return TsvectorIndex() if connection.vendor == "postgresql" else Fts5Index()


@dataclass
class _PreconditionTable:
    """All documents' preconditions, read again when a document has changed."""

    state: Any = None
    pairs: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def documents_meeting(self, finding_ids: Collection[str], *, limit: int) -> list[str]:
        if not finding_ids:
            return []
        published = KnowledgeDocument.objects.published()
        state = published.aggregate(count=Count("pk"), last=Max("updated_at"))
        if state != self.state:
            rows = published.values_list("pk", "preconditions")
            self.pairs = tuple((pk, tuple(map(str, names))) for pk, names in rows if names)
            self.state = state
        return documents_meeting(self.pairs, finding_ids, limit=limit)


_DATABASE = _PreconditionTable()
