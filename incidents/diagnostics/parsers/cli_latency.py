"""redis-cli --latency, --latency-history, --intrinsic-latency and --stat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.fields import read_number
from incidents.diagnostics.parsers.replies import plain, real, whole

_WINDOW = re.compile(
    r"min: (\d[\d.]{0,12}), max: (\d[\d.]{0,12}), avg: (\d[\d.]{0,12}) \((\d{1,12}) samples\)"
    r"(?: -- (\d[\d.]{0,10}) seconds range)?"
)
_BARE = re.compile(r"^\s{0,8}(\d{1,9}) (\d{1,9}) (\d{1,9}\.\d{1,4}) (\d{1,12})\s{0,8}$")
_INTRINSIC_MAX = re.compile(r"Max latency so far: (\d{1,12}) microseconds")
_INTRINSIC_RUNS = re.compile(r"(\d{1,15}) total runs \(avg latency: (\d[\d.]{0,20}) microseconds")
_STAT = re.compile(
    r"^\s{0,8}(\d{1,15})\s{1,20}(\d[\d.]{0,12}[KMGT]?)\s{1,20}(\d{1,9})\s{1,20}(\d{1,9})\s{1,20}"
    r"(\d{1,15}) \(\+(-?\d{1,12})\)\s{1,20}(\d{1,12})"
)


@dataclass(frozen=True, slots=True)
class LatencyWindow:
    """PING round trips of one window, milliseconds."""

    min_ms: float
    max_ms: float
    average_ms: float
    samples: int
    seconds: float | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class IntrinsicLatency:
    """What the machine itself adds, microseconds: no Redis is involved."""

    max_us: int
    average_us: float | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class StatRow:
    keys: int
    memory_bytes: float
    clients: int
    blocked: int
    requests: int
    requests_per_second: int
    connections: int
    line: int | None = None


@dataclass(frozen=True, slots=True)
class CliLatency:
    windows: tuple[LatencyWindow, ...] = ()
    intrinsic: IntrinsicLatency | None = None
    stats: tuple[StatRow, ...] = ()


def parse(value: Any) -> CliLatency:
    """Read whatever of the four is there."""
    windows: list[LatencyWindow] = []
    stats: list[StatRow] = []
    intrinsic: IntrinsicLatency | None = None
    for number, line in enumerate(plain(value).split("\n"), start=1):
        line = line[-2000:]  # the terminal overwrites one line: the last state stands at its end
        if found := list(_WINDOW.finditer(line)):
            windows.append(_window(found[-1], number))
        elif bare := _BARE.match(line):
            windows.append(_window(bare, number))
        elif peak := _INTRINSIC_MAX.search(line):
            intrinsic = IntrinsicLatency(int(peak[1]), intrinsic.average_us if intrinsic else None, number)
        elif runs := _INTRINSIC_RUNS.search(line):
            intrinsic = IntrinsicLatency(intrinsic.max_us if intrinsic else 0, real(runs[2]), number)
        elif row := _STAT.match(line):
            stats.append(_stat(row, number))
    return CliLatency(tuple(windows), intrinsic, tuple(stats))


def is_cli_latency_line(line: str) -> bool:
    head = line[:400]
    if any(pattern.search(head) for pattern in (_WINDOW, _INTRINSIC_MAX, _INTRINSIC_RUNS)) or _STAT.match(head):
        return True
    bare = _BARE.match(head)  # what --latency leaves without a terminal: min, max, average, samples
    return bare is not None and float(bare[1]) <= float(bare[3]) <= float(bare[2])


def _window(match: re.Match[str], line: int) -> LatencyWindow:
    low, high, average, samples = (real(part) or 0.0 for part in match.groups()[:4])
    seconds = real(match[5]) if match.re is _WINDOW and match[5] else None
    return LatencyWindow(low, high, average, int(samples), seconds, line)


def _stat(row: re.Match[str], line: int) -> StatRow:
    keys, memory, clients, blocked, requests, delta, connections = row.groups()
    return StatRow(
        keys=whole(keys) or 0,
        memory_bytes=read_number(memory) or 0.0,
        clients=whole(clients) or 0,
        blocked=whole(blocked) or 0,
        requests=whole(requests) or 0,
        requests_per_second=whole(delta) or 0,
        connections=whole(connections) or 0,
        line=line,
    )
