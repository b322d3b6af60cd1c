"""Geometry of the instruments: the memory ledger as a stacked bar, a forecast as a line, applications as bars.

Coordinates are of an SVG's viewBox, 1000 wide; the page scales it. Plain values, no markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.text import count, size

WIDE = 1000.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a bar."""

    name: str
    label: str
    x: float
    width: float
    value: str
    share: float  # of the whole, 0–1


@dataclass(frozen=True, slots=True)
class LedgerDrawing:
    node: str
    segments: tuple[Segment, ...]
    limit_x: float | None  # where maxmemory stands
    limit: str
    used: str
    rss: str
    fork: str
    host: str
    advice: str


def draw_ledger(ledger: Mapping[str, Any]) -> LedgerDrawing:
    """The parts side by side, then fragmentation; scaled so that maxmemory is on the picture when it is near."""
    parts = [(part["name"], part["label"], part["bytes"]) for part in ledger["parts"]]
    if ledger["fragmentation"] > 0:
        parts.append(("fragmentation", "", ledger["fragmentation"]))
    whole = max(sum(amount for _, _, amount in parts), 1)
    limit = ledger["limit"]
    span = max(whole, limit) if limit and limit < 4 * whole else whole
    segments, x = [], 0.0
    for name, label, amount in parts:
        width = WIDE * amount / span
        segments.append(Segment(name, label, round(x, 1), round(width, 1), size(amount), amount / whole))
        x += width
    near = limit and limit <= span
    return LedgerDrawing(
        node=ledger["node"],
        segments=tuple(segments),
        limit_x=round(min(WIDE * limit / span, WIDE - 2), 1) if near else None,
        limit=size(limit) if limit else "",
        used=size(ledger["used"]),
        rss=size(ledger["rss"]),
        fork=size(ledger["fork_headroom"]),
        host=size(ledger["host"]) if ledger["host"] else "",
        advice=ledger["advice"],
    )


@dataclass(frozen=True, slots=True)
class ForecastDrawing:
    """A line from the first sample over the second to the limit. y grows downwards, 0–200."""

    limit: str
    minutes: float
    basis: str
    first: tuple[float, float]
    second: tuple[float, float]
    end: tuple[float, float]
    ceiling_y: float
    before: str
    ceiling: str


def draw_forecast(line: Mapping[str, Any]) -> ForecastDrawing:
    span = line["seconds"] + line["minutes"] * 60 or 1.0
    top = max(line["ceiling"], line["after"], 1.0) * 1.1

    def point(seconds: float, value: float) -> tuple[float, float]:
        return round(20 + (WIDE - 40) * seconds / span, 1), round(200 - 190 * value / top, 1)

    return ForecastDrawing(
        limit=line["limit"],
        minutes=line["minutes"],
        basis=line["basis"],
        first=point(0, line["before"]),
        second=point(line["seconds"], line["after"]),
        end=point(span, line["ceiling"]),
        ceiling_y=point(0, line["ceiling"])[1],
        before=_amount(line["limit"], line["before"]),
        ceiling=_amount(line["limit"], line["ceiling"]),
    )


def _amount(limit: str, value: float) -> str:
    """Connections are counted; all other limits are bytes."""
    return count(value) if limit == "maxclients" else size(value)


@dataclass(frozen=True, slots=True)
class CulpritDrawing:
    """One application with a bar per kind of burden, widths of 0–100."""

    owner: str
    node: str
    connections: int
    idle: int
    commands: str
    buffers: str
    slow: str
    bars: tuple[tuple[str, float], ...]


def draw_culprit(culprit: Mapping[str, Any]) -> CulpritDrawing:
    return CulpritDrawing(
        owner=culprit["owner"],
        node=culprit["node"],
        connections=culprit["connections"],
        idle=culprit["idle"],
        commands=", ".join(f"{name} ×{count}" for name, count in culprit["commands"].items()),
        buffers=size(culprit["buffer_bytes"]) if culprit["buffer_bytes"] else "",
        slow=f"{culprit['slow_us'] / 1000:,.0f} ms" if culprit["slow_us"] else "",
        bars=tuple((name, round(100 * share, 1)) for name, share in culprit["shares"].items()),
    )


@dataclass(frozen=True, slots=True)
class ChangeDrawing:
    """A figure before and after, with bars of 0–100 that compare the two."""

    name: str
    before: str
    after: str
    change: str
    rate: str  # per second, of a counter
    before_bar: float
    after_bar: float


def draw_change(change: Mapping[str, Any]) -> ChangeDrawing:
    say = size if change["unit"] == "bytes" else count
    moved = change["after"] - change["before"]
    top = max(abs(change["before"]), abs(change["after"]), 1.0)
    is_counter = change["kind"] == "counter"
    return ChangeDrawing(
        name=change["name"],
        before=say(change["before"]),
        after=say(change["after"]),
        change=f"{'+' if moved > 0 else '−'}{say(abs(moved))}",
        rate=f"{say(change['per_second'])}/s" if is_counter else "",
        before_bar=round(100 * abs(change["before"]) / top, 1),
        after_bar=round(100 * abs(change["after"]) / top, 1),
    )
