"""What both databases' full-text searches share."""

from __future__ import annotations

import json
from collections.abc import Mapping

from knowledge_base.passages import Filters

POSTINGS = 10_000  # rows that one search may touch; keeps it fast in a large collection
TERMS = 32


def within_budget(weights: Mapping[str, float], counts: Mapping[str, int]) -> list[str]:
    """The most telling terms whose occurrences together stay within the budget; at least two."""
    chosen: list[str] = []
    spent = 0
    for term in sorted(weights, key=lambda name: -weights[name]):
        spent += counts.get(term, 0)
        if len(chosen) >= TERMS or (spent > POSTINGS and len(chosen) >= 2):
            break
        chosen.append(term)
    return chosen


def narrowing(filters: Filters) -> tuple[str, list[str]]:
    """SQL that admits published documents and what the filters say of their columns."""
    clauses = ["d.status = 'published'"]
    values: list[str] = []
    columns = (
        ("category", filters.categories),
        ("kind", filters.kinds),
        ("language", filters.languages),
        ("severity", filters.severities),
    )
    for column, wanted in columns:
        if wanted:
            clauses.append(f"d.{column} IN ({','.join(['%s'] * len(wanted))})")
            values += wanted
    if filters.tags:
        # SQLite has no `contains` for JSON: the stored text is asked, and the exact check follows with the documents.
        forms = [form for tag in filters.tags for form in {json.dumps(tag), json.dumps(tag, ensure_ascii=False)}]
        clauses.append(f"({' OR '.join(['CAST(d.tags AS TEXT) LIKE %s'] * len(forms))})")
        values += [f"%{form}%" for form in forms]
    return " AND ".join(clauses), values
