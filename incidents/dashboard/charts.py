"""Geometry of the dashboard's charts: plain values for inline SVG, 600 wide and 140 high; no markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDE, HIGH, FOOT = 600.0, 140.0, 18.0  # the foot holds the dates
GAP = 0.25  # of a part, between two groups of bars


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    series: int
    value: int


@dataclass(frozen=True, slots=True)
class BarChart:
    bars: list[Bar]
    top: int  # the value at the upper edge


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    value: float


@dataclass(frozen=True, slots=True)
class Line:
    """A polyline in stretches: a part without a value breaks it."""

    stretches: list[str]  # of points, as an SVG polyline takes them
    dots: list[Dot]


@dataclass(frozen=True, slots=True)
class LineChart:
    lines: list[Line]
    top: float


def bar_chart(*series: Sequence[int]) -> BarChart:
    """Groups of bars side by side, one per part."""
    top = max((value for values in series for value in values), default=0) or 1
    parts = max(map(len, series))
    step = WIDE / parts
    width = step * (1 - GAP) / len(series)
    bars = [
        Bar(
            round(part * step + step * GAP / 2 + number * width, 1), round(HIGH - _height(value, top), 1),
            round(width, 1), round(_height(value, top), 1), number, value,
        )
        for number, values in enumerate(series)
        for part, value in enumerate(values)
    ]  # fmt: skip
    return BarChart(bars, top)


def line_chart(*series: Sequence[float | None]) -> LineChart:
    top = max((value for values in series for value in values if value is not None), default=0.0) or 1.0
    return LineChart([_line(values, top) for values in series], top)


def _line(values: Sequence[float | None], top: float) -> Line:
    step = WIDE / max(len(values), 1)
    stretches: list[list[str]] = [[]]
    dots = []
    for part, value in enumerate(values):
        if value is None:
            stretches.append([])
            continue
        dot = Dot(round((part + 0.5) * step, 1), round(HIGH - _height(value, top), 1), value)
        dots.append(dot)
        stretches[-1].append(f"{dot.x},{dot.y}")
    return Line([" ".join(points) for points in stretches if len(points) > 1], dots)


def _height(value: float, top: float) -> float:
    return (HIGH - 8) * value / top
