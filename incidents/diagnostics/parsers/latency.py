"""LATENCY DOCTOR, LATEST, HISTORY and HISTOGRAM."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from incidents.diagnostics.parsers.replies import (
    as_list,
    as_mapping,
    as_pairs,
    is_list,
    line_of,
    moment,
    plain,
    read_reply,
    scalar,
    whole,
)

_SPIKES = re.compile(
    r"^\s{0,20}\d{1,3}\.\s{1,4}([\w-]{1,60}): (\d{1,12}) latency spikes? \(average (\d[\d.]{0,20})ms, "
    r"mean deviation (\d[\d.]{0,20})ms, period (\d[\d.]{0,20}) sec\)\. Worst all time event (\d[\d.]{0,20})ms"
)
_DISABLED = "latency monitoring is disabled"
_QUIET = "no latency spike was observed"


@dataclass(frozen=True, slots=True)
class LatencyEvent:
    """The latest and the worst spike of one event, in milliseconds."""

    name: str
    at: datetime | None
    latest_ms: int
    max_ms: int
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LatencyLatest:
    events: tuple[LatencyEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class LatencySample:
    at: datetime | None
    ms: int
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LatencyHistory:
    samples: tuple[LatencySample, ...] = ()
    event: str = ""


@dataclass(frozen=True, slots=True)
class LatencySpikes:
    """One numbered statement of the doctor."""

    event: str
    count: int
    average_ms: float
    deviation_ms: float
    period_s: float
    worst_ms: float
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LatencyDoctor:
    spikes: tuple[LatencySpikes, ...] = ()
    advice: tuple[str, ...] = ()
    is_disabled: bool = False  # latency-monitor-threshold 0: says nothing about latency
    is_quiet: bool = False  # watched, and saw nothing


@dataclass(frozen=True, slots=True)
class CommandHistogram:
    """Cumulative counts by upper bound in microseconds."""

    command: str
    calls: int
    buckets: tuple[tuple[int, int], ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LatencyHistogram:
    commands: Mapping[str, CommandHistogram] = field(default_factory=dict)


def parse_latest(value: Any) -> LatencyLatest:
    """Read events from a tree, raw lines or JSON. Newer servers add a sum and a count, which are left out."""
    items = as_list(read_reply(value))
    rows = items if any(is_list(item) for item in items) else list(_rows(items))
    events = [_event(row) for row in rows if is_list(row)]
    return LatencyLatest(tuple(event for event in events if event is not None))


def _rows(items: Sequence[Any]) -> Iterator[list[Any]]:
    """Cut a flat list where a name stands: everything else is a number."""
    row: list[Any] = []
    for item in items:
        if whole(item) is None and row:
            yield row
            row = []
        row.append(item)
    if row:
        yield row


def _event(row: Sequence[Any]) -> LatencyEvent | None:
    if len(row) < 4 or is_list(row[0]):
        return None
    latest, worst = whole(row[2]), whole(row[3])
    if not plain(row[0]) or latest is None or worst is None:
        return None
    return LatencyEvent(plain(row[0]), moment(row[1]), latest, worst, line_of(row))


def parse_history(value: Any, *, event: str = "") -> LatencyHistory:
    """Read (time, milliseconds) pairs from a tree, raw lines or JSON."""
    items = as_list(read_reply(value))
    rows = items if any(is_list(item) for item in items) else [items[i : i + 2] for i in range(0, len(items), 2)]
    samples = [
        LatencySample(moment(row[0]), milliseconds, line_of(row))
        for row in rows
        if is_list(row) and len(row) >= 2 and (milliseconds := whole(row[1])) is not None
    ]
    return LatencyHistory(tuple(samples), event)


def parse_histogram(value: Any) -> LatencyHistogram:
    """Read one histogram per command from a tree, raw lines, JSON or an object."""
    reply = read_reply(value)
    if isinstance(reply, Mapping):
        found = [_histogram(plain(name), body) for name, body in reply.items()]
    else:
        items = as_list(reply)
        nested = any(is_list(item) or isinstance(item, Mapping) for item in items)
        found = [_histogram(name, body) for name, body in as_pairs(items)] if nested else list(_flat_histograms(items))
    return LatencyHistogram({histogram.command: histogram for histogram in found if histogram is not None})


def _histogram(command: str, body: Any) -> CommandHistogram | None:
    values = as_mapping(body)
    calls = whole(values.get("calls"))
    if not command or calls is None:
        return None
    buckets = as_mapping(values.get("histogram_usec"))
    counted = ((whole(bound), whole(count)) for bound, count in buckets.items())
    kept = tuple((bound, count) for bound, count in counted if bound is not None and count is not None)
    return CommandHistogram(command, calls, kept, line_of(body))


def _flat_histograms(items: Sequence[Any]) -> Iterator[CommandHistogram]:
    names = [index for index in range(1, len(items)) if plain(items[index]) == "calls"]
    for start, end in zip(names, [*(name - 1 for name in names[1:]), len(items)], strict=False):
        numbers = [number for item in items[start + 3 : end] if (number := whole(item)) is not None]
        buckets = tuple(zip(numbers[::2], numbers[1::2], strict=False))
        calls = whole(items[start + 1]) if start + 1 < len(items) else None
        yield CommandHistogram(plain(items[start - 1]), calls or 0, buckets, line_of(items[start - 1]))


def parse_doctor(text: Any) -> LatencyDoctor:
    """Read the doctor's letter, also as one quoted string."""
    letter = plain(text)
    if "\n" not in letter.strip():
        letter = scalar(letter).replace("\\n", "\n")
    spikes: list[LatencySpikes] = []
    advice: list[str] = []
    for number, line in enumerate(letter.split("\n"), start=1):
        if matched := _SPIKES.match(line[:500]):
            event, count, *numbers = matched.groups()
            average, deviation, period, worst = (_decimal(item) for item in numbers)
            spikes.append(LatencySpikes(event, int(count), average, deviation, period, worst, number))
        elif line.lstrip().startswith("- "):
            advice.append(line.strip()[2:])
    lower = letter.lower()
    return LatencyDoctor(tuple(spikes), tuple(advice), _DISABLED in lower, _QUIET in lower and not spikes)


def _decimal(text: str) -> float:
    try:
        return float(text.rstrip("."))
    except ValueError:
        return 0.0
