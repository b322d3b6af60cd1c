"""Documents by their titles, for lists that follow what somebody types: one indexed query, unfinished words too."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from knowledge_base.lexical.schema import CHUNKS, FTS
from knowledge_base.models import KnowledgeDocument

LOOKED_AT = 200  # chunks; a document has several


def documents_by_title(query: str, terms: Sequence[str], unfinished: str, *, limit: int) -> list[KnowledgeDocument]:
    """Published documents with this id, then those in whose titles and heads all terms stand."""
    if not (terms or unfinished):
        return []
    published = KnowledgeDocument.objects.published().only("id", "title", "kind", "language", "category")
    ids = dict.fromkeys((query, *_with_heads(terms, unfinished)))
    found = published.in_bulk(list(ids)[: limit * 4])
    return [found[name] for name in ids if name in found][:limit]


def _with_heads(terms: Sequence[str], unfinished: str) -> list[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            parts = [f"'{term}'" for term in terms] + ([f"'{unfinished}':*"] if unfinished else [])
            cursor.execute(
                f"SELECT document_id FROM {CHUNKS} WHERE terms @@ %s::tsquery LIMIT {LOOKED_AT}",  # noqa: S608
                [" & ".join(parts)],
            )
        else:
            parts = [f'"{term}"' for term in terms] + ([f'"{unfinished}"*'] if unfinished else [])
            cursor.execute(
                f"SELECT c.document_id FROM {FTS} f JOIN {CHUNKS} c ON c.id = f.rowid "  # noqa: S608
                f"WHERE {FTS} MATCH %s LIMIT {LOOKED_AT}",
                [f"head : ({' AND '.join(parts)})"],
            )
        return [document_id for (document_id,) in cursor.fetchall()]
