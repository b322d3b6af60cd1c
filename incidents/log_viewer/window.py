"""A stretch of rows as a page or a scrolling browser shows it."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from incidents.log_viewer.filtering import LogFilter, rows_of
from incidents.log_viewer.reading import SEVERITIES, Mark, lines_of, rank_of

if TYPE_CHECKING:
    from incidents.models import EvidenceItem

PAGE = 200  # rows that a page brings with it, and all of a page without JavaScript
MOST_ROWS = 1_000  # of one request
SHOWN = 2_000  # characters of a line; all of it can be copied


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    parts: tuple[tuple[str, bool], ...]  # text, and whether it is what was looked for
    severity: str
    findings: tuple[Mark, ...] = ()
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Rows from `start` (counted from 0) of `total`, of a text of `lines` lines."""

    rows: list[Row]
    start: int
    total: int
    lines: int
    line: int  # the line that was asked for; 0 for none

    @property
    def first(self) -> int:
        return self.rows[0].number if self.rows else 0

    @property
    def last(self) -> int:
        return self.rows[-1].number if self.rows else 0

    @property
    def earlier(self) -> int | None:
        return max(0, self.start - PAGE) if self.start > 0 else None

    @property
    def later(self) -> int | None:
        after = self.start + len(self.rows)
        return after if after < self.total else None


def window_of(
    item: EvidenceItem, wanted: LogFilter, marks: Sequence[Mark], *, line: str = "", start: str = "", count: int = PAGE
) -> Window:
    """The rows from `start`, or else those around `line`. Nonsense counts as the beginning."""
    lines, numbers = lines_of(item), rows_of(item, wanted)
    asked = min(_number(line), len(lines))
    first = _number(start) if start else _around(numbers, asked)
    first = min(first, max(len(numbers) - 1, 0))
    by_line = _by_line(marks)
    rows = [
        _row(number, lines[number - 1], wanted.q, by_line.get(number, ()))
        for number in numbers[first : first + min(count, MOST_ROWS)]
    ]
    return Window(rows=rows, start=first, total=len(numbers), lines=len(lines), line=asked)


def text_of(item: EvidenceItem, first: int, last: int) -> str:
    """Lines word for word, for copying."""
    return "\n".join(lines_of(item)[max(first, 1) - 1 : last])


def _around(numbers: Sequence[int], line: int) -> int:
    return max(0, bisect.bisect_left(numbers, line) - PAGE // 4) if line else 0


def _row(number: int, line: str, words: str, findings: tuple[Mark, ...]) -> Row:
    shown = line[:SHOWN]
    return Row(number, _highlighted(shown, words), SEVERITIES[rank_of(shown)], findings, len(line) > SHOWN)


def _highlighted(line: str, words: str) -> tuple[tuple[str, bool], ...]:
    lower, wanted = line.lower(), words.lower()
    if not wanted or len(lower) != len(line):
        return ((line, False),)
    parts: list[tuple[str, bool]] = []
    begin = 0
    while (found := lower.find(wanted, begin)) >= 0:
        parts += [(line[begin:found], False), (line[found : found + len(wanted)], True)]
        begin = found + len(wanted)
    return (*parts, (line[begin:], False))


def _by_line(marks: Sequence[Mark]) -> Mapping[int, tuple[Mark, ...]]:
    by_line: dict[int, tuple[Mark, ...]] = {}
    for mark in marks:
        by_line[mark.line] = (*by_line.get(mark.line, ()), mark)
    return by_line


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
