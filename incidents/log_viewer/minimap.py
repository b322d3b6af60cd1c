"""The whole text at a glance: a strip beside the lines, with the worst of each stretch and every finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidents.log_viewer.reading import SEVERITIES, LogIndex, Mark

HIGH = 1000.0  # units from the first line to the last
STRETCHES = 200
MARK = 10.0  # units that a finding's mark is high


@dataclass(frozen=True, slots=True)
class Stretch:
    y: float
    height: float
    width: float  # units of 14: the more of the lines are trouble, the wider
    severity: str


@dataclass(frozen=True, slots=True)
class Minimap:
    stretches: tuple[Stretch, ...]
    marks: tuple[tuple[float, Mark], ...]
    counts: tuple[tuple[str, int], ...]  # lines by severity, the worst first


def draw_minimap(index: LogIndex, marks: Sequence[Mark]) -> Minimap:
    total = max(len(index.ranks), 1)
    step = max(1, -(-total // STRETCHES))
    drawn = (_stretch(index.ranks[begin : begin + step], begin, total) for begin in range(0, total, step))
    by_rank = {rank: index.ranks.count(rank) for rank in range(len(SEVERITIES) - 1, 0, -1)}
    return Minimap(
        stretches=tuple(stretch for stretch in drawn if stretch is not None),
        marks=tuple((round(HIGH * (mark.line - 0.5) / total - MARK / 2, 1), mark) for mark in marks),
        counts=tuple((SEVERITIES[rank], count) for rank, count in by_rank.items() if count),
    )


def _stretch(ranks: bytes, begin: int, total: int) -> Stretch | None:
    worst = max(ranks)
    if worst == 0:
        return None
    share = 1 - ranks.count(0) / len(ranks)
    return Stretch(
        y=round(HIGH * begin / total, 1),
        height=round(max(HIGH * len(ranks) / total, 4.0), 1),
        width=round(4 + 10 * share, 1),
        severity=SEVERITIES[worst],
    )
