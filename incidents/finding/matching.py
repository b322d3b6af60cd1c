"""Incidents whose words match: the query as terms, and the subqueries that the full-text indexes answer."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from incidents.finding.schema import COLUMNS, FTS, TEXTS, WEIGHTS
from incidents.models import PUBLIC_ID_PREFIX
from knowledge_base.korean import noun
from knowledge_base.tokens import bigrams, terms_of, words_of

MOST_TERMS = 12
LONGEST = 400  # characters of a query that count; whoever pastes a log gets what its first lines are about


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a query asks for. Every term must stand in the incident; the last word may be unfinished."""

    terms: tuple[str, ...]
    unfinished: str  # beginning of a term; empty when the query ends with a space

    @property
    def is_empty(self) -> bool:
        return not (self.terms or self.unfinished)


def wanted_by(query: str) -> Wanted:
    """The words of a query as terms, the last one as it may still be going on."""
    query = query[:LONGEST]
    words = list(words_of(query))
    if not words or query[-1:].isspace() or words[-1].idle:  # a stop word may begin another, but mostly is itself
        return Wanted(_terms(query), "")
    last = words[-1].written
    before = query[: query.lower().rfind(last)] if last in query.lower() else query
    if before == query:  # written in a form that normalising changes: taken as finished
        return Wanted(_terms(query), "")
    if "가" <= last[0] <= "힣":
        whole, unfinished = _hangul(last)
        return Wanted((*_terms(before), *whole)[:MOST_TERMS], unfinished)
    return Wanted(_terms(before), _beginning(last))


def _hangul(written: str) -> tuple[tuple[str, ...], str]:
    """Bigrams of a Korean word; a single syllable begins some bigram."""
    pairs = bigrams(noun(written))
    return (pairs, "") if len(noun(written)) > 1 else ((), written)


def _beginning(written: str) -> str:
    """What the word as typed and its stem have in common: "memory" is kept as "memori"."""
    stem = next(iter(terms_of(written)), written)
    alike = (n for n, (one, other) in enumerate(zip(written, stem, strict=False)) if one != other)
    return written[: next(alike, min(len(written), len(stem)))]


def _terms(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(terms_of(text)))[:MOST_TERMS]


def number_in(query: str) -> int | None:
    """The number that a query names as INC-000123, #123 or 123. None for anything else."""
    number = query.strip().upper().removeprefix(PUBLIC_ID_PREFIX).removeprefix("#")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None


def matching(query: str) -> Q:
    """A condition on incidents: the words stand in them, or the query is their number."""
    wanted, number = wanted_by(query), number_in(query)
    by_number = Q(pk=number) if number is not None else Q(pk__in=())
    if wanted.is_empty:
        return by_number | Q(title__icontains=query.strip())
    return by_number | Q(pk__in=_identifiers(wanted))


def _identifiers(wanted: Wanted) -> RawSQL:
    if connection.vendor == "postgresql":
        sql = f"SELECT incident_id FROM {TEXTS} WHERE terms @@ to_tsquery('simple', %s)"  # noqa: S608  (constants)
        return RawSQL(sql, (_tsquery(wanted),))  # noqa: S611
    return RawSQL(f"SELECT rowid FROM {FTS} WHERE {FTS} MATCH %s", (_match(wanted),))  # noqa: S608, S611


def best_matches(query: str, *, limit: int) -> list[int]:
    """Numbers of the incidents that fit best, best first; of equals the newest."""
    wanted = wanted_by(query)
    if wanted.is_empty:
        return []
    if connection.vendor == "postgresql":
        sql = (
            f"SELECT incident_id FROM {TEXTS}, to_tsquery('simple', %s) q WHERE terms @@ q "  # noqa: S608
            f"ORDER BY ts_rank(terms, q) DESC, incident_id DESC LIMIT {limit:d}"
        )
        values = [_tsquery(wanted)]
    else:
        weights = ", ".join(map(str, WEIGHTS))
        sql = (
            f"SELECT rowid FROM {FTS} WHERE {FTS} MATCH %s "  # noqa: S608
            f"ORDER BY bm25({FTS}, {weights}), rowid DESC LIMIT {limit:d}"
        )
        values = [_match(wanted)]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [number for (number,) in cursor.fetchall()]


def _match(wanted: Wanted) -> str:
    """An FTS5 expression. Terms hold letters, digits and syllables only, so quoting them is enough."""
    parts = [f'"{term}"' for term in wanted.terms]
    if wanted.unfinished:
        parts.append(f'"{wanted.unfinished}"*')
    return f"{{{' '.join(COLUMNS)}}} : ({' AND '.join(parts)})"


def _tsquery(wanted: Wanted) -> str:
    parts = [f"'{term}'" for term in wanted.terms]
    if wanted.unfinished:
        parts.append(f"'{wanted.unfinished}':*")
    return " & ".join(parts)
