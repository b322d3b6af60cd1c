"""Pieces of evidence as numbered, masked lines: which of them a model sees, and what may be quoted from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from incidents.analysis.chat.masking import Masking
from incidents.analysis.report import QuotedEvidence
from incidents.diagnostics.evidence import EvidenceKind, Piece

AROUND = 2  # lines shown before and after one that a finding quotes
MARGIN = 12  # lines masked beside those, so that a secret's name on another line is seen
HEAD, TAIL = 12, 40  # lines of a long text that are shown whatever they say
SMALL = 9_000  # characters up to which a piece is shown whole
LONGEST_READ = 80  # lines of one look that a model takes with its tool


@dataclass
class Sheet:
    """One piece of evidence under its label. `shown` holds the numbers of the lines that went to the model."""

    label: str
    piece: Piece
    lines: Sequence[str]
    shown: dict[int, str] = field(default_factory=dict)  # number from 1 → masked line

    @property
    def source(self) -> str:
        return self.piece.name or self.piece.kind.source_name

    @property
    def title(self) -> str:
        where = f", node {self.piece.node}" if self.piece.node else ""
        return f"{self.label}: {self.source}{where} ({self.piece.kind.value}, {len(self.lines)} lines)"

    def show(self, numbers: Iterable[int], mask: Masking) -> list[int]:
        """Mask some lines with what stands around them. Return the numbers that exist and have not been shown yet."""
        wanted = sorted({n for n in numbers if 1 <= n <= len(self.lines)} - self.shown.keys())
        for first, last in _runs(wanted, MARGIN):
            start = max(first - MARGIN, 1)
            masked = mask.lines(self.lines[start - 1 : last + MARGIN])
            within = set(wanted)
            self.shown.update({n: line for n, line in enumerate(masked, start=start) if n in within})
        return wanted

    def written(self, numbers: Iterable[int]) -> str:
        """Shown lines, each under its label; a gap is marked."""
        parts: list[str] = []
        before = 0
        for number in sorted(numbers):
            if before and number != before + 1:
                parts.append(f"{self.label}:…")
            parts.append(f"{self.label}:{number}| {self.shown[number]}")
            before = number
        return "\n".join(parts)

    def text_of(self, numbers: Iterable[int]) -> str:
        """The original lines."""
        return "\n".join(self.lines[number - 1] for number in numbers if 1 <= number <= len(self.lines))


def sheets_of(pieces: Sequence[Piece]) -> list[Sheet]:
    """Label the pieces that hold anything: what people wrote first, logs last."""
    filled = [piece for piece in pieces if piece.text.strip()]
    return [Sheet(f"E{number}", piece, piece.text.split("\n")) for number, piece in enumerate(filled, start=1)]


def choose_lines(sheets: Sequence[Sheet], quotes: Iterable[QuotedEvidence], *, characters: int) -> dict[str, list[int]]:
    """Which lines to show within a number of characters: what findings quote, what people wrote, small pieces whole."""
    quoted = _quoted_lines(sheets, list(quotes))
    chosen: dict[str, set[int]] = {sheet.label: set() for sheet in sheets}
    left = characters
    for sheet, numbers in _wishes(sheets, quoted):
        for number in numbers:
            if number in chosen[sheet.label] or not 1 <= number <= len(sheet.lines):
                continue
            cost = min(len(sheet.lines[number - 1]), 1200) + 10
            if cost > left:
                return {label: sorted(numbers) for label, numbers in chosen.items()}
            chosen[sheet.label].add(number)
            left -= cost
    return {label: sorted(numbers) for label, numbers in chosen.items()}


def _wishes(sheets: Sequence[Sheet], quoted: dict[str, list[int]]) -> Iterable[tuple[Sheet, Iterable[int]]]:
    """Lines in the order of their worth."""
    for sheet in sheets:
        if sheet.piece.kind is EvidenceKind.PROSE and len(sheet.piece.text) <= SMALL:
            yield sheet, range(1, len(sheet.lines) + 1)
    for sheet in sheets:
        yield sheet, quoted[sheet.label]
    for sheet in sheets:
        yield sheet, _around(quoted[sheet.label])
    for sheet in sorted(sheets, key=lambda sheet: (not quoted[sheet.label], len(sheet.piece.text))):
        if len(sheet.piece.text) <= SMALL:
            yield sheet, range(1, len(sheet.lines) + 1)
    for sheet in sheets:
        count = len(sheet.lines)
        yield sheet, [*range(1, HEAD + 1), *range(max(count - TAIL, 1), count + 1)]


def _around(numbers: Sequence[int]) -> list[int]:
    return sorted({near for number in numbers for near in range(number - AROUND, number + AROUND + 1)})


def _quoted_lines(sheets: Sequence[Sheet], quotes: Sequence[QuotedEvidence]) -> dict[str, list[int]]:
    """Where the findings' quotes stand, by source, node and line; by their words where no line is told."""
    found: dict[str, list[int]] = {sheet.label: [] for sheet in sheets}
    for quote in quotes:
        for sheet in sheets:
            if quote.node and sheet.piece.node and quote.node != sheet.piece.node:
                continue
            number = _line_of(sheet, quote)
            if number and number not in found[sheet.label]:
                found[sheet.label].append(number)
    return found


def _line_of(sheet: Sheet, quote: QuotedEvidence) -> int | None:
    words = quote.text.strip()
    if quote.source == sheet.source and quote.line and 1 <= quote.line <= len(sheet.lines):
        return quote.line
    if quote.source not in (sheet.source, "report") or not words or len(sheet.piece.text) > 400_000:
        return None
    return next((number for number, line in enumerate(sheet.lines, start=1) if words in line), None)


def _runs(numbers: Sequence[int], gap: int) -> list[tuple[int, int]]:
    """Numbers gathered into runs that are no further than a gap apart."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
