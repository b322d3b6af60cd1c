"""From a quote in a report to its line in the evidence, and the lines around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from incidents.models import EvidenceItem, Incident

WINDOW = 500  # lines on one page


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


@dataclass(frozen=True, slots=True)
class Window:
    """Some lines of a text, with what is needed to walk through the rest."""

    lines: list[tuple[int, str]]
    total: int
    marked: int
    earlier: int | None  # first line of the window before; None at the beginning
    later: int | None

    @property
    def first(self) -> int:
        return self.lines[0][0] if self.lines else 0

    @property
    def last(self) -> int:
        return self.lines[-1][0] if self.lines else 0


def window_of(text: str, line: str, start: str) -> Window:
    """The window that begins at `start`, or else the one around `line`. Nonsense counts as the beginning."""
    lines = text.split("\n")
    marked = _line_number(line, len(lines))
    first = _line_number(start, len(lines)) or max(1, marked - WINDOW // 4)
    shown = lines[first - 1 : first - 1 + WINDOW]
    after = first + len(shown)
    return Window(
        lines=list(enumerate(shown, start=first)),
        total=len(lines),
        marked=marked,
        earlier=max(1, first - WINDOW) if first > 1 else None,
        later=after if after <= len(lines) else None,
    )


def _line_number(value: str, total: int) -> int:
    return min(int(value), total) if value.isascii() and value.isdigit() and len(value) < 10 else 0
