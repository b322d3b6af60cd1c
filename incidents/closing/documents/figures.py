"""The graphs of a document: what happened when, and how the numbers moved between two samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.closing.documents.moments import Lane, Moment
from incidents.closing.documents.shapes import Box, Dot, Figure, Label, Line, Shape
from incidents.diagnostics.text import UNITS, count, duration

WIDE = 720.0
LEFT, RIGHT = 92.0, 18.0
LANE_HIGH, AXIS_HIGH = 44.0, 30.0
RADIUS, APART = 8.0, 17.0
TICKS = 4
MOST_METRICS = 10
ROW = 24.0
TOGETHER = timedelta(hours=6)  # up to this span one axis serves server and people
MUCH_LONGER = 8  # times the longer of both spans


# --- The timeline ------------------------------------------------------------------------------------------------


def timeline_figure(moments: Sequence[Moment]) -> Figure | None:
    """Numbered marks on one lane each for server, analyses and people. None with fewer than two moments."""
    if len(moments) < 2:
        return None
    numbered = list(enumerate(moments, start=1))
    shapes: list[Shape] = []
    y = 8.0
    for group in _axes(numbered):
        y = _draw_axis(shapes, group, y)
    alt = _("%(count)d moments between %(first)s and %(last)s, numbered as in the table.") % {
        "count": len(moments), "first": clock(moments[0].at), "last": clock(moments[-1].at),
    }  # fmt: skip
    return Figure("timeline", _("Timeline"), alt, WIDE, y, tuple(shapes))


Numbered = list[tuple[int, Moment]]


def _axes(numbered: Numbered) -> list[Numbered]:
    """One axis for all, or two where the server's clock lies far from when people came."""
    server = [pair for pair in numbered if pair[1].lane is Lane.SERVER]
    people = [pair for pair in numbered if pair[1].lane is not Lane.SERVER]
    if not server or not people:
        return [numbered]
    longest = max(_span(server), _span(people))
    together = _span(numbered) <= max(TOGETHER, MUCH_LONGER * longest)
    return [numbered] if together else [server, people]


def _span(numbered: Numbered) -> timedelta:
    times = [moment.at for _, moment in numbered]
    return max(times) - min(times)


def _draw_axis(shapes: list[Shape], numbered: Numbered, y: float) -> float:
    """Lanes and their axis below y; return where they end."""
    first = min(moment.at for _, moment in numbered)
    span = max(_span(numbered), timedelta(seconds=1))

    def x_of(at: datetime) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * ((at - first) / span)

    lanes = [lane for lane in Lane if any(moment.lane is lane for _, moment in numbered)]
    for lane in lanes:
        y = _draw_lane(shapes, lane, [pair for pair in numbered if pair[1].lane is lane], x_of, y)
    shapes.append(Line(LEFT, y + 2, WIDE - RIGHT, y + 2, "line"))
    said = ""
    for tick in range(TICKS + 1):
        at = first + span * tick / TICKS
        x, before, said = x_of(at), said, _tick(at, span)
        anchor = "start" if tick == 0 else "end" if tick == TICKS else "middle"
        shapes.append(Line(x, y + 2, x, y + 7, "line"))
        if said != before:
            shapes.append(Label(x, y + 19, said, "muted", 10, anchor))
    return y + AXIS_HIGH


def _draw_lane(shapes: list[Shape], lane: Lane, numbered: Numbered, x_of: Any, y: float) -> float:
    levels = _levels([x_of(moment.at) for _, moment in numbered])
    high = LANE_HIGH + APART * max(levels)
    base = y + high - 16
    words = {Lane.SERVER: _("Server"), Lane.PEOPLE: _("People"), Lane.ANALYSIS: _("Analyses")}
    shapes += [Label(4, base + 4, words[lane], "muted"), Line(LEFT, base, WIDE - RIGHT, base, "line")]
    for (number, moment), level in zip(numbered, levels, strict=True):
        x, top = x_of(moment.at), base - APART * level
        tone = moment.tone or ("accent" if lane is Lane.PEOPLE else "muted")
        if lane is Lane.PEOPLE:
            shapes.append(Box(x - RADIUS, top - RADIUS, 2 * RADIUS, 2 * RADIUS, tone))
        else:
            shapes.append(Dot(x, top, RADIUS, tone))
        shapes.append(Label(x, top + 3.4, str(number), "paper", 9, "middle"))
    return y + high


def _levels(places: Sequence[float]) -> list[int]:
    """How high each mark is stacked, so that none hides another."""
    ends: list[float] = []  # per level, the place of its last mark
    levels = []
    for x in places:
        level = next((n for n, end in enumerate(ends) if x - end >= APART), len(ends))
        ends[level : level + 1] = [x]
        levels.append(min(level, 6))
    return levels


def clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def _tick(at: datetime, span: timedelta) -> str:
    pattern = "%m-%d %H:%M" if span > timedelta(hours=20) else "%H:%M" if span > timedelta(minutes=10) else "%H:%M:%S"
    return f"{timezone.localtime(at):{pattern}}"


# --- Two samples -------------------------------------------------------------------------------------------------


def samples_figure(sample: Mapping[str, Any]) -> Figure | None:
    """The metrics that moved between the samples of a node: from hollow to filled, each on its own scale from 0."""
    metrics = sorted(sample["changes"], key=_moved, reverse=True)[:MOST_METRICS]
    if not metrics:
        return None
    shapes: list[Shape] = []
    table = [(_("Metric"), _("Before"), _("After"), _("Change"))]
    for row, metric in enumerate(metrics):
        shapes += _metric_row(metric, 14 + ROW * row)
        table.append((metric["name"], *_values(metric), _change(metric)))
    apart = duration(metrics[0]["seconds"]) if metrics[0]["seconds"] else ""
    named = {"node": sample["node"], "time": apart}
    title = _("Metrics between two samples")
    title += f" ({sample['node']})" if sample["node"] else ""
    alt = (_("%(count)d metrics, %(time)s apart.") if apart else _("%(count)d metrics.")) % {
        "count": len(metrics), **named
    }  # fmt: skip
    return Figure("samples", title, alt, WIDE, 12 + ROW * len(metrics), tuple(shapes), tuple(table))


def _moved(metric: Mapping[str, Any]) -> float:
    top = max(abs(metric["before"]), abs(metric["after"]), 1e-9)
    return float(abs(metric["after"] - metric["before"]) / top)


def _metric_row(metric: Mapping[str, Any], y: float) -> Iterator[Shape]:
    start, end = 210.0, 500.0
    top = max(metric["before"], metric["after"], 1e-9)
    before, after = (start + (end - start) * max(metric[name], 0) / top for name in ("before", "after"))
    grew = metric["after"] > metric["before"]
    yield Label(4, y + 4, metric["name"], "ink")
    yield Line(start, y, end, y, "line")
    yield Line(before, y, after, y, "accent" if grew else "muted", 3)
    yield Dot(before, y, 4.5, "muted", hollow=True)
    yield Dot(after, y, 4.5, "accent" if grew else "muted")
    told = _values(metric)
    yield Label(WIDE - 4, y + 4, f"{told[0]} → {told[1]}  {_change(metric)}", "ink", 11, "end")


def _values(metric: Mapping[str, Any]) -> tuple[str, str]:
    say = UNITS.get(metric["unit"], count)
    return say(float(metric["before"])), say(float(metric["after"]))


def _change(metric: Mapping[str, Any]) -> str:
    """The share of a gauge, the rate of a counter."""
    if metric["kind"] == "counter":
        return f"{count(metric['per_second'])}/s"
    if not metric["before"]:
        return "–"
    return f"{(metric['after'] - metric['before']) / abs(metric['before']):+.0%}"
