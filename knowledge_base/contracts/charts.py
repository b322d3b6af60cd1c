"""Geometry of the retrieval page's charts: shares over measurements, as lines. Plain values, no markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Any

WIDE, HIGH = 600.0, 180.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 110.0, 12.0, 24.0
LABEL_GAP = 15.0  # so that labels of lines that end together can be read


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    css: str
    path: str
    dots: tuple[Dot, ...]
    last: str
    label_y: float


@dataclass(frozen=True, slots=True)
class GridLine:
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    lines: tuple[Line, ...]
    grid: tuple[GridLine, ...]
    first: str
    last: str
    right: float = WIDE - RIGHT
    label_x: float = WIDE - RIGHT + 8


def draw(series: Sequence[tuple[str, str, Sequence[float | None]]], times: Sequence[str]) -> Chart | None:
    """A chart of named series (name, CSS class, one value per time). None when there is nothing to draw."""
    known = [value for _, _, values in series for value in values if value is not None]
    if not known:
        return None
    low = min(0.9, floor(min(known) * 10) / 10)
    lines = [_line(name, css, values, times, low) for name, css, values in series if any(v is not None for v in values)]
    steps = 4
    grid = tuple(
        GridLine(_y(low + (1 - low) * n / steps, low), f"{low + (1 - low) * n / steps:.2f}") for n in range(steps + 1)
    )
    return Chart(tuple(_spread(lines)), grid, times[0], times[-1])


def _line(name: str, css: str, values: Sequence[float | None], times: Sequence[str], low: float) -> Line:
    dots = tuple(
        Dot(_x(n, len(values)), _y(value, low), f"{times[n]}: {value:.3f}")
        for n, value in enumerate(values)
        if value is not None
    )
    path = " ".join(f"{'M' if n == 0 else 'L'}{dot.x} {dot.y}" for n, dot in enumerate(dots))
    last = next(value for value in reversed(values) if value is not None)
    return Line(name, css, path, dots, f"{last:.3f}", dots[-1].y)


def _x(number: int, count: int) -> float:
    span = WIDE - LEFT - RIGHT
    return round(LEFT + (span * number / (count - 1) if count > 1 else span), 1)


def _y(value: float, low: float) -> float:
    return round(HIGH - BOTTOM - (HIGH - TOP - BOTTOM) * (value - low) / (1 - low), 1)


def _spread(lines: Sequence[Line]) -> list[Line]:
    """Move labels apart that would lie on one another, upwards from the lowest."""
    placed: list[Line] = []
    below = HIGH
    for line in sorted(lines, key=lambda one: -one.label_y):
        y = min(line.label_y, below - LABEL_GAP)
        placed.append(replace(line, label_y=round(y + 4, 1)))
        below = y
    return placed


def language_values(rows: Sequence[Mapping[str, Any]], language: str, name: str) -> list[float | None]:
    return [row.get(language, {}).get(name) for row in rows]
