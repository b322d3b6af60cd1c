"""The place of a text that answers a query, in pieces that are marked or not. Templates escape the pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from knowledge_base.korean import noun
from knowledge_base.tokens import LONGEST_WORD, PIECE, normalise, stem, words_of

BEFORE, LENGTH = 60, 220  # characters of a snippet before its first mark, and in all
LOOKED_AT = 30_000  # characters of one text


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of a text. `marks` is how many different words of the query stand in it."""

    pieces: tuple[Piece, ...] = ()
    marks: int = 0

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the query: its stem or Korean noun. The last one may be unfinished."""

    root: str
    is_last: bool

    def stands_in(self, written: str) -> bool:
        if "가" <= self.root[0] <= "힣":
            return self.root in written
        return stem(written) == self.root or (self.is_last and written.startswith(self.root))


def snippet_of(query: str, texts: Iterable[str], *, whole: bool = False) -> Snippet:
    """The best place among texts: the most words of the query, the earliest text. `whole` keeps the entire text."""
    words = list(_words(query))
    best, best_text, best_spans = 0, "", []
    for text in texts:
        text = text[:LOOKED_AT]
        spans = list(_marks(text, words))
        found = len({number for _, _, number in spans})
        if found > best or not best_text:
            best, best_text, best_spans = found, text, spans
        if best == len(words):
            break
    start = 0 if whole else _start(best_text, best_spans)
    end = len(best_text) if whole else min(start + LENGTH, len(best_text))
    return Snippet(tuple(_pieces(best_text, best_spans, start, end)), best)


def _words(query: str) -> Iterator[_Word]:
    written = [word.written for word in words_of(query[:400]) if not word.idle]
    for number, word in enumerate(written):
        root = noun(word) if "가" <= word[0] <= "힣" else stem(word)
        yield _Word(root, number == len(written) - 1)


def _marks(text: str, words: list[_Word]) -> Iterator[tuple[int, int, int]]:
    """Beginning, end and number of the query's word of each place. Positions hold where normalising keeps lengths."""
    lowered = text.lower()
    if len(lowered) != len(text):
        return
    for match in PIECE.finditer(lowered):
        written = normalise(match.group())
        if not written or len(written) > LONGEST_WORD:
            continue
        number = next((n for n, word in enumerate(words) if word.stands_in(written)), None)
        if number is not None:
            yield match.start(), match.end(), number


def _start(text: str, spans: list[tuple[int, int, int]]) -> int:
    """A little before the stretch that holds most different words, at a word's beginning."""
    if not spans:
        return 0

    def words_from(at: int) -> int:
        return len({number for start, end, number in spans if at <= start and end <= at + LENGTH - BEFORE})

    first = max((start for start, _, _ in spans[:200]), key=lambda at: (words_from(at), -at))
    start = max(first - BEFORE, 0)
    gap = text.find(" ", start, first) if start else -1
    return gap + 1 if gap >= 0 else start


def _pieces(text: str, spans: list[tuple[int, int, int]], start: int, end: int) -> Iterator[Piece]:
    if start > 0:
        yield Piece("… ")
    at = start
    for first, last, _number in spans:
        if first < at or last > end:
            continue
        yield Piece(text[at:first])
        yield Piece(text[first:last], is_marked=True)
        at = last
    yield Piece(text[at:end])
    if end < len(text):
        yield Piece(" …")
