"""Contracts over the database: of a document that is to be published, and of all that are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from knowledge_base import retrieval
from knowledge_base.contracts.checking import SECONDS, Check, Contract, ContractReport
from knowledge_base.glossary_cache import current_glossary
from knowledge_base.models import CONTENT_FIELDS, KnowledgeDocument
from knowledge_base.stored_chunks import chunks_to_store


def check_contracts(
    *, document: KnowledgeDocument, content: Mapping[str, Any], seconds: float = SECONDS
) -> ContractReport:
    """What publishing this content would do to the document's own questions and to those of its neighbours."""
    candidate = candidate_of(document, content)
    published = document.questions if document.is_published else ()
    return Check(
        live=retrieval.knowledge(),
        card=candidate.card(),
        chunks=chunks_to_store(candidate, current_glossary()),
        questions=_texts(candidate.questions),
        published_questions=frozenset(_texts(published)),
        contracts_of=contracts_of,
        seconds=seconds,
    ).run()


def candidate_of(document: KnowledgeDocument, content: Mapping[str, Any]) -> KnowledgeDocument:
    """A document that is never saved, with the content to come."""
    fields = {name: content[name] for name in CONTENT_FIELDS if name in content}
    return KnowledgeDocument(pk=document.pk, revision=document.revision + 1, **fields)


def contracts_of(document_ids: Sequence[str]) -> list[Contract]:
    """The contracts of some published documents: each one's first question, then each one's second, and so on.

    So a limit cuts no document off.
    """
    rows = KnowledgeDocument.objects.published().filter(pk__in=document_ids).values_list("pk", "topic", "questions")
    known = {pk: [Contract(pk, topic, text) for text in _texts(questions)] for pk, topic, questions in rows}
    ordered = [known[pk] for pk in document_ids if pk in known]
    deepest = max(map(len, ordered), default=0)
    return [row[n] for n in range(deepest) for row in ordered if n < len(row)]


def _texts(questions: Any) -> list[str]:
    return [text for one in questions if (text := str(one).strip())]
