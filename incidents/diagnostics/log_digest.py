"""What a log says, without keeping the log: per event how often, when first and last, and some of its lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from incidents.diagnostics.findings import Evidence
from incidents.diagnostics.log_pulse import LogPulse
from incidents.diagnostics.parsers.server_log import LineMeaning, LogEntry, recognise_line

KEPT_AT_EACH_END = 60  # lines per event; a million-line log must fit into memory


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line that means something."""

    entry: LogEntry
    meaning: LineMeaning
    position: int  # order over all sources of the node, for "after"

    @property
    def name(self) -> str:
        return self.meaning.event

    @property
    def at(self) -> datetime | None:
        return self.entry.at

    def capture(self, name: str) -> str:
        return self.meaning.captures.get(name, "")

    def quote(self) -> Evidence:
        entry = self.entry
        return Evidence(
            text=entry.raw.strip()[:600], source=entry.source, line=entry.line, node=entry.node, at=entry.at
        )


@dataclass(slots=True)
class EventSeries:
    """All occurrences of one event: the first and the last ones whole, the rest counted."""

    head: list[LogEvent] = field(default_factory=list)
    tail: deque[LogEvent] = field(default_factory=lambda: deque(maxlen=KEPT_AT_EACH_END))
    count: int = 0

    def add(self, event: LogEvent, times: int = 1) -> None:
        self.count += times
        if len(self.head) < KEPT_AT_EACH_END:
            self.head.append(event)
        else:
            self.tail.append(event)

    @property
    def kept(self) -> list[LogEvent]:
        return [*self.head, *self.tail]

    @property
    def first(self) -> LogEvent:
        return self.head[0]

    @property
    def last(self) -> LogEvent:
        return self.tail[-1] if self.tail else self.head[-1]


@dataclass(slots=True)
class LogDigest:
    """The meaning of all logs of one node."""

    series: dict[str, EventSeries] = field(default_factory=dict)
    lines: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    pulse: LogPulse = field(default_factory=LogPulse)

    def feed(self, entries: Iterable[LogEntry]) -> None:
        for entry in entries:
            self.lines += 1
            if entry.at is not None:
                self.first_at = self.first_at or entry.at
                self.last_at = entry.at
            meaning = recognise_line(entry.message)
            if entry.at is not None:
                self.pulse.add(entry.at, meaning.severity.rank if meaning and meaning.severity else 0)
            if meaning is not None:
                self.series.setdefault(meaning.event, EventSeries()).add(LogEvent(entry, meaning, self.lines))

    def hear(self, entry: LogEntry, meaning: LineMeaning, times: int = 1) -> None:
        """Add a line that was recognised elsewhere: an error that a client saw, a line of the kernel."""
        self.lines += 1
        self.series.setdefault(meaning.event, EventSeries()).add(LogEvent(entry, meaning, self.lines), times)

    def of(self, *names: str) -> list[LogEvent]:
        """The kept occurrences of these events, in the order of the log."""
        found = [event for name in names if name in self.series for event in self.series[name].kept]
        return sorted(found, key=lambda event: event.position)

    def count(self, *names: str) -> int:
        return sum(self.series[name].count for name in names if name in self.series)

    def last(self, *names: str) -> LogEvent | None:
        found = [self.series[name].last for name in names if name in self.series]
        return max(found, key=lambda event: event.position, default=None)

    def first(self, *names: str) -> LogEvent | None:
        found = [self.series[name].first for name in names if name in self.series]
        return min(found, key=lambda event: event.position, default=None)

    def events(self) -> Iterator[LogEvent]:
        """Every kept event in order."""
        yield from sorted((e for s in self.series.values() for e in s.kept), key=lambda event: event.position)

    def __bool__(self) -> bool:
        return self.lines > 0
