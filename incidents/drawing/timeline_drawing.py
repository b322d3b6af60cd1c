"""Geometry of the log's timeline: a lane for each severity, bars by time, and the moments that findings rest on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.analysis.report import ReportedFinding

WIDE = 1000.0
LANE = 24.0  # units high, with a gap above the bars
GAP = 5.0
MOST_BARS = 120
MOST_MOMENTS = 12
LANES = ("critical", "high", "medium", "low", "routine")  # the facts count in the opposite order


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Lane:
    """Lines of one severity. `peak` is the most of one bar, `first` when there was one first."""

    severity: str
    y: float
    bars: tuple[Bar, ...]
    total: int
    peak: int
    first: str


@dataclass(frozen=True, slots=True)
class Moment:
    """When the evidence shows a finding first."""

    x: float
    at: str
    id: str
    title: str
    severity: str


@dataclass(frozen=True, slots=True)
class Timeline:
    lanes: tuple[Lane, ...]
    moments: tuple[Moment, ...]
    begin: str
    end: str
    seconds: int  # that one bar covers
    height: float


def draw_timeline(pulse: Mapping[str, Any] | None, findings: Sequence[ReportedFinding]) -> Timeline | None:
    """None for a log that shows no time, or whose lines are all of one moment."""
    rows = [(datetime.fromisoformat(at), counts) for at, counts in (pulse or {}).get("rows", [])]
    if len(rows) < 2:
        return None
    begin, seconds = rows[0][0], int((pulse or {})["seconds"])
    stretches = int((rows[-1][0] - begin).total_seconds()) // seconds + 1
    joined = -(-stretches // MOST_BARS)
    counted = _counted(rows, begin, seconds * joined)
    bars = -(-stretches // joined)
    span = bars * seconds * joined
    named = [name for name in LANES if any(counts[_column(name)] for counts in counted.values())]
    lanes = tuple(
        _lane(name, number * LANE, counted, bars, rows) for number, name in enumerate(named)
    )  # fmt: skip
    return Timeline(
        lanes=lanes, moments=_moments(findings, begin, span), begin=_said(begin), end=_said(rows[-1][0]),
        seconds=seconds * joined, height=len(lanes) * LANE + 2,
    )  # fmt: skip


def _column(name: str) -> int:
    return len(LANES) - 1 - LANES.index(name)


def _counted(rows: Sequence[tuple[datetime, list[int]]], begin: datetime, seconds: int) -> dict[int, list[int]]:
    counted: dict[int, list[int]] = {}
    for at, counts in rows:
        into = counted.setdefault(int((at - begin).total_seconds()) // seconds, [0] * len(LANES))
        for rank, count in enumerate(counts):
            into[rank] += count
    return counted


def _lane(
    name: str, y: float, counted: Mapping[int, list[int]], bars: int, rows: Sequence[tuple[datetime, list[int]]]
) -> Lane:
    column = _column(name)
    found = {number: counts[column] for number, counts in counted.items() if counts[column]}
    peak = max(found.values())
    width, room = WIDE / bars, LANE - GAP
    drawn = []
    for number, count in sorted(found.items()):
        # By logarithm: one line of trouble must be seen beside a thousand.
        height = round(room * (0.35 + 0.65 * math.log1p(count) / math.log1p(peak)), 1)
        drawn.append(Bar(round(number * width, 1), round(y + LANE - height, 1), round(max(width - 1, 2.0), 1), height))
    first = next(at for at, counts in rows if counts[column])
    return Lane(name, y, tuple(drawn), sum(found.values()), peak, _said(first))


def _moments(findings: Sequence[ReportedFinding], begin: datetime, span: float) -> tuple[Moment, ...]:
    moments: dict[str, Moment] = {}
    for finding in findings:
        times = [quote.at for quote in finding.evidence if quote.at]
        if finding.state != "active" or not times or finding.id in moments:
            continue
        at = min(times)
        seconds = (datetime.fromisoformat(at).replace(tzinfo=None) - begin).total_seconds()
        if 0 <= seconds <= span:
            x = round(WIDE * seconds / span, 1)
            moments[finding.id] = Moment(x, at[11:19], finding.id, finding.title, finding.severity)
    return tuple(sorted(moments.values(), key=lambda moment: moment.x)[:MOST_MOMENTS])


def _said(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")
