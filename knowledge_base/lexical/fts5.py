"""Full-text search in SQLite's FTS5, over terms that were made beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection

from knowledge_base.lexical.base import Frequencies
from knowledge_base.lexical.schema import CHUNKS, FTS, VOCABULARY
from knowledge_base.lexical.sql import narrowing, within_budget
from knowledge_base.passages import Filters, chunk_key


class Fts5Index:
    def frequencies(self, terms: Sequence[str]) -> Frequencies:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {CHUNKS}")  # noqa: S608  (a constant)
            total = cursor.fetchone()[0]
            if not terms:
                return Frequencies(total, {})
            marks = ",".join(["%s"] * len(terms))
            cursor.execute(f"SELECT term, doc FROM {VOCABULARY} WHERE term IN ({marks})", list(terms))  # noqa: S608
            return Frequencies(total, dict(cursor.fetchall()))

    def candidates(
        self, weights: Mapping[str, float], *, counts: Mapping[str, int], filters: Filters, limit: int
    ) -> list[str]:
        terms = within_budget(weights, counts)
        if not terms:
            return []
        match = " OR ".join(f'"{term}"' for term in terms)
        where, values = narrowing(filters)
        query = (
            f"SELECT c.document_id, c.position FROM {FTS} f JOIN {CHUNKS} c ON c.id = f.rowid "  # noqa: S608
            f"JOIN knowledge_base_knowledgedocument d ON d.id = c.document_id "
            f"WHERE {FTS} MATCH %s AND {where} ORDER BY bm25({FTS}) LIMIT {limit:d}"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, [match, *values])
            return [chunk_key(document_id, position) for document_id, position in cursor.fetchall()]
