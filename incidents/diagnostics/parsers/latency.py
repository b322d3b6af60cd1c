"""LATENCY DOCTOR, LATEST, HISTORY and HISTOGRAM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


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
    return LatencyLatest()


def parse_history(value: Any, *, event: str = "") -> LatencyHistory:
    return LatencyHistory()


def parse_histogram(value: Any) -> LatencyHistogram:
    return LatencyHistogram()


def parse_doctor(text: str) -> LatencyDoctor:
    return LatencyDoctor()
