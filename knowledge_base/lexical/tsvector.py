"""Full-text search in PostgreSQL, over terms that were made beforehand.

`ts_rank` knows nothing of rare and common words, so the weights of the question are summed by the database instead: one
index scan per term.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection

from knowledge_base.lexical.base import Frequencies
from knowledge_base.lexical.frequencies import KeptFrequencies
from knowledge_base.lexical.schema import CHUNKS
from knowledge_base.lexical.sql import narrowing, within_budget
from knowledge_base.passages import Filters, chunk_key

_kept = KeptFrequencies()


class TsvectorIndex:
    def frequencies(self, terms: Sequence[str]) -> Frequencies:
        return _kept.of(terms, count_all=_total, count=_counts)

    def candidates(
        self, weights: Mapping[str, float], *, counts: Mapping[str, int], filters: Filters, limit: int
    ) -> list[str]:
        terms = within_budget(weights, counts)
        if not terms:
            return []
        where, values = narrowing(filters)
        query = (
            "SELECT c.document_id, c.position FROM unnest(%s::text[], %s::float8[]) AS q(term, weight) "  # noqa: S608
            f"JOIN {CHUNKS} c ON c.terms @@ quote_literal(q.term)::tsquery "
            "JOIN knowledge_base_knowledgedocument d ON d.id = c.document_id "
            f"WHERE {where} GROUP BY c.id ORDER BY sum(q.weight) DESC, c.id LIMIT {limit:d}"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, [terms, [weights[term] for term in terms], *values])
            return [chunk_key(document_id, position) for document_id, position in cursor.fetchall()]


def _total() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {CHUNKS}")  # noqa: S608  (a constant)
        return int(cursor.fetchone()[0])


def _counts(terms: Sequence[str]) -> dict[str, int]:
    query = (
        f"SELECT t, (SELECT count(*) FROM {CHUNKS} WHERE terms @@ quote_literal(t)::tsquery) "  # noqa: S608
        "FROM unnest(%s::text[]) AS t"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [list(terms)])
        return dict(cursor.fetchall())
