"""How evaluations went over time: one line per arm, as geometry of an SVG. Plain values, no markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from incidents.language_model.evaluation_rows import EvaluationRow

WIDE, HIGH, EDGE = 600.0, 120.0, 14.0
MOST_ROWS = 200  # evaluations that are drawn
MOST_ARMS = 6  # lines that can be told apart


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float
    told: str


@dataclass(frozen=True, slots=True)
class Line:
    place: int  # which look it has
    points: Sequence[Point]

    @property
    def path(self) -> str:
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)


@dataclass(frozen=True, slots=True)
class Panel:
    name: str
    highest: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Arm:
    """What an evaluation was made with. `number` counts its evaluations."""

    place: int
    analyst: str
    with_knowledge: bool
    with_verification: bool
    folder: str
    latest: EvaluationRow
    number: int

    @property
    def told(self) -> str:
        """The newest shares: category, severity, cause."""
        return " / ".join(
            f"{float(self.latest.summary.get(name) or 0):.0%}" for name in ("category", "severity", "cause")
        )


@dataclass(frozen=True, slots=True)
class Trend:
    arms: Sequence[Arm]
    panels: Sequence[Panel]


def trend_of(rows: Iterable[EvaluationRow]) -> Trend | None:
    """Draw rows, the newest first as they come. None without any."""
    oldest_first = list(rows)[:MOST_ROWS][::-1]
    series: dict[tuple[str, bool, bool, str], list[EvaluationRow]] = {}
    for row in oldest_first:
        series.setdefault((row.analyst, row.with_knowledge, row.with_verification, row.folder), []).append(row)
    if not series:
        return None
    newest = sorted(series.items(), key=lambda item: item[1][-1].pk, reverse=True)[:MOST_ARMS]
    arms = [Arm(place, *key, latest=many[-1], number=len(many)) for place, (key, many) in enumerate(newest, start=1)]
    lines = [many for _, many in newest]
    shown = {id(row): place for place, row in enumerate(oldest_first)}
    return Trend(arms, [_panel(name, lines, shown) for name in ("category", "severity", "cause", *COSTS)])


COSTS = ("tokens", "cost", "seconds")


def _value(row: EvaluationRow, name: str) -> float:
    """A share, or what one case took."""
    if name == "seconds":
        return row.seconds
    if name in COSTS:
        return float(getattr(row, name)) / max(row.cases, 1)
    return float(row.summary.get(name) or 0.0)


def _told(value: float, name: str) -> str:
    shapes = {"tokens": f"{value:,.0f}", "cost": f"{value:.4f} USD", "seconds": f"{value:.2f} s"}
    return shapes.get(name, f"{value:.0%}")


def _panel(name: str, lines: Sequence[Sequence[EvaluationRow]], places: dict[int, int]) -> Panel:
    top = max((_value(row, name) for rows in lines for row in rows), default=0.0) if name in COSTS else 1.0
    step = (WIDE - 2 * EDGE) / max(len(places) - 1, 1)
    drawn = [
        Line(
            number,
            [
                Point(
                    round(EDGE + places[id(row)] * step, 1),
                    round(HIGH - EDGE - (HIGH - 2 * EDGE) * (_value(row, name) / top if top else 0.0), 1),
                    f"{row.at:%Y-%m-%d %H:%M} {row.analyst}: {_told(_value(row, name), name)}",
                )
                for row in rows
            ],
        )
        for number, rows in enumerate(lines, start=1)
    ]
    return Panel(name, _told(top, name), drawn)
