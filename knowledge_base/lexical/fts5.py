"""Full-text search in SQLite's FTS5, over terms that were made beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from knowledge_base.lexical.base import Frequencies
from knowledge_base.lexical.frequencies import KeptFrequencies
from knowledge_base.lexical.schema import CHUNKS, FTS, VOCABULARY
from knowledge_base.lexical.sql import narrowing, within_budget
from knowledge_base.passages import Filters, chunk_key

# The best are found in the index alone, then narrowed. Where too few are left, everything that matches is narrowed.
FIRST_LOOK = 1_000
_kept = KeptFrequencies()


class Fts5Index:
    def frequencies(self, terms: Sequence[str]) -> Frequencies:
        return _kept.of(terms, count_all=_total, count=_counts)

    def candidates(
        self, weights: Mapping[str, float], *, counts: Mapping[str, int], filters: Filters, limit: int
    ) -> list[str]:
        terms = within_budget(weights, counts)
        if not terms:
            return []
        match = " OR ".join(f'"{term}"' for term in terms)
        narrow = filters != Filters()
        found = _best(match, filters, limit=limit, look=FIRST_LOOK if narrow else limit)
        if narrow and len(found) < limit:
            found = _best(match, filters, limit=limit, look=-1)
        return found


def _best(match: str, filters: Filters, *, limit: int, look: int) -> list[str]:
    where, values = narrowing(filters)
    query = (
        f"SELECT c.document_id, c.position FROM "  # noqa: S608  (constants and numbers)
        f"(SELECT rowid AS id, rank AS place FROM {FTS} WHERE {FTS} MATCH %s ORDER BY rank LIMIT {look:d}) f "
        f"JOIN {CHUNKS} c ON c.id = f.id JOIN knowledge_base_knowledgedocument d ON d.id = c.document_id "
        f"WHERE {where} ORDER BY f.place LIMIT {limit:d}"
    )
    return [chunk_key(document_id, position) for document_id, position in _rows(query, [match, *values])]


def _total() -> int:
    return int(_rows(f"SELECT count(*) FROM {CHUNKS}", [])[0][0])  # noqa: S608  (a constant)


def _counts(terms: Sequence[str]) -> dict[str, int]:
    marks = ",".join(["%s"] * len(terms))
    return dict(_rows(f"SELECT term, doc FROM {VOCABULARY} WHERE term IN ({marks})", terms))  # noqa: S608


def _rows(query: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(values))
        return list(cursor.fetchall())
