"""Which parts of a Redis key may be shown: the words that tell its purpose, not what tells whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.diagnostics.redaction.spans import Kind, Span

SEGMENT = re.compile(r"[^:/|.,#{}\[\]@;\s\"'`\\<>]+")
LONGEST_WORD = 24
WORD = re.compile(r"[A-Za-z_*?-]+|[A-Za-z][A-Za-z_-]+\d{1,2}|\d{1,2}|[A-Za-z]\d{1,3}(?:_[A-Za-z]+)*")
DATE = re.compile(r"(?:19|20)\d\d(?:-?\d\d){0,2}")


def key_spans(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the parts of a key to mask: "session:9f8e7d:2026-11" keeps "session" and the date."""
    for segment in SEGMENT.finditer(text, start, end):
        word = segment[0]
        shown = (WORD.fullmatch(word) and len(word) <= LONGEST_WORD) or DATE.fullmatch(word)
        if not shown:
            yield Span(segment.start(), segment.end(), Kind.KEY)
