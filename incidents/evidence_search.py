"""From a quote in a report to its line in the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from incidents.models import EvidenceItem, Incident


@dataclass(frozen=True, slots=True)
class Place:
    sequence: int
    line: int  # 1-based; 0 when only the text is known, not the line


def place_of(incident: Incident, quote: str, source: str, line: str) -> Place | None:
    """Where a quote stands: the same line if possible, else a line that holds it, else the text it came from.

    Reports count lines within a piece, while one paste may hold many pieces. So the quote's words decide, and the
    source's name and line number only choose between equal ones.
    """
    wanted, number = quote.strip(), int(line) if line.isdecimal() and len(line) < 10 else 0
    best: tuple[tuple[int, int, int], Place] | None = None
    for item in incident.evidence.order_by("sequence").iterator(chunk_size=1):
        named = source in (item.name, item.get_origin_display()) or source.lower() in item.kind.split(",")
        for place, exactness in _matches(item, wanted):
            rank = (exactness, int(named), -abs(place.line - number))
            if best is None or rank > best[0]:
                best = (rank, place)
    return best[1] if best else None


def _matches(item: EvidenceItem, wanted: str) -> Iterator[tuple[Place, int]]:
    """Places that hold the quote, with 2 for a whole line and 1 for a part of one."""
    if not wanted or wanted not in item.text:
        return
    for number, line in enumerate(item.text.split("\n"), start=1):
        if wanted in line:
            yield Place(item.sequence, number), 2 if line.strip() == wanted else 1
