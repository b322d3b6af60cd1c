"""Places in a text that must not be shown, and how overlapping ones are settled."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is masked, each with a switch of its own. In order of precedence where two claim the same characters."""

    PASSWORD = "password"  # noqa: S105 - a kind, not a password
    TOKEN = "token"  # noqa: S105 - a kind, not a password
    VALUE = "value"
    EMAIL = "email"
    RRN = "rrn"
    CARD = "card"
    PHONE = "phone"
    IP = "ip"
    HOST = "host"
    USER = "user"
    KEY = "key"
    SECRET = "secret"  # noqa: S105 - a kind, not a password


ALL = frozenset(Kind)
PRECEDENCE = {kind: place for place, kind in enumerate(Kind)}
WHOLE = {Kind.PASSWORD, Kind.TOKEN, Kind.VALUE}  # of these even a remainder of punctuation is masked


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int
    kind: Kind


def settle(spans: Iterable[Span], taken: Iterable[tuple[int, int]], text: str) -> list[Span]:
    """Return disjoint spans, in order, that together cover all of `spans` except what is `taken`.

    Where two overlap, the kind of higher precedence keeps the characters and the other one keeps the rest, so that
    no disagreement between detectors can uncover anything.
    """
    claimed = sorted(taken)
    settled: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (PRECEDENCE[span.kind], span.start - span.end, span.start)):
        for start, end in list(_free(span, claimed)):
            whole = (start, end) == (span.start, span.end)
            if whole or span.kind in WHOLE or any(map(str.isalnum, text[start:end])):
                claimed.insert(bisect_left(claimed, (start, end)), (start, end))
                settled.append(Span(start, end, span.kind))
    return sorted(settled, key=lambda span: span.start)


def _free(span: Span, claimed: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a span that nobody has claimed. `claimed` is sorted and disjoint."""
    start = span.start
    place = max(bisect_left(claimed, (start, start)) - 1, 0)
    while start < span.end and place < len(claimed) and claimed[place][0] < span.end:
        taken_start, taken_end = claimed[place]
        if taken_end > start:
            if taken_start > start:
                yield start, taken_start
            start = max(start, taken_end)
        place += 1
    if start < span.end:
        yield start, span.end
