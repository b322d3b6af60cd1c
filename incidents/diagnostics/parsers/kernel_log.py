"""Lines of the kernel and the service manager about the server: OOM kills, segfaults, failed units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from incidents.diagnostics.parsers.log_formats import clean, read_header
from incidents.diagnostics.parsers.log_times import LogClock
from incidents.diagnostics.parsers.server_log import LineMeaning, event_catalogue, recognise_line

_PREFIXES = ("kernel-", "service-", "memory-hardware")
_DMESG = re.compile(
    r"^\[[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<clock>[\d:]{8}) (?P<year>\d{4})\]"
)
_UPTIME = re.compile(r"^\[ *\d{1,9}\.\d{6}\] ")
_KILOBYTES = re.compile(r"(?P<name>total-vm|anon-rss|file-rss|shmem-rss|pgtables):(?P<value>\d{1,15})kB")
_PROCESS = re.compile(r"\((?P<name>[\w.:/-]{1,40})\)")
_SERVERS = ("redis", "valkey")


@dataclass(frozen=True, slots=True)
class KernelEvent:
    """One line about a process of the host. Sizes are in bytes."""

    line: int
    text: str
    at: datetime | None
    event: str
    process: str
    pid: int | None
    sizes: dict[str, int]  # "anon-rss" and its like, of a killed process
    in_cgroup: bool  # the limit of a container was hit, not the memory of the host
    meaning: LineMeaning

    @property
    def is_server(self) -> bool:
        """Whether it concerns Redis or Valkey, as far as the line says."""
        return any(name in self.text.lower() for name in _SERVERS)


def parse(text: str, *, year: int | None = None) -> tuple[KernelEvent, ...]:
    """Read dmesg, journal or syslog text and keep what matters to a database server."""
    clock = LogClock(year)
    events = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = clean(raw[:2000]).strip()
        meaning = recognise_line(line)
        if meaning is not None and meaning.event.startswith(_PREFIXES):
            events.append(_event(line, number, meaning, clock))
    return tuple(events)


def looks_like(text: str) -> float:
    """Return how much of a text is of the kernel or the service manager, from 0 to 1."""
    lines = [line for line in text[:20_000].splitlines()[:60] if line.strip()]
    if not lines:
        return 0.0
    marks = ("kernel:", "systemd[1]:", "oom-kill", "Out of memory: Kill", "oom_reaper")
    known = sum(1 for line in lines if any(mark in line for mark in marks) or _DMESG.match(line) or _UPTIME.match(line))
    return known / len(lines)


def _event(line: str, number: int, meaning: LineMeaning, clock: LogClock) -> KernelEvent:
    process = meaning.captures.get("process") or meaning.captures.get("unit") or ""
    if not process and (match := _PROCESS.search(line)):
        process = match["name"]
    pid = meaning.captures.get("pid", "")
    return KernelEvent(
        line=number,
        text=line,
        at=_time_of(line, clock),
        event=meaning.event,
        process=process.split(" ")[-1],
        pid=int(pid) if pid.isdecimal() else None,
        sizes={match["name"]: int(match["value"]) * 1024 for match in _KILOBYTES.finditer(line)},
        in_cgroup="cgroup" in line.lower() or "CONSTRAINT_MEMCG" in line,
        meaning=meaning,
    )


def _time_of(line: str, clock: LogClock) -> datetime | None:
    if match := _DMESG.match(line):  # dmesg -T
        return clock.read(f"{match['day']} {match['month']} {match['year']} {match['clock']}")
    header = read_header(line)
    return clock.read(header.stamp) if header and header.stamp else None


def known_events() -> frozenset[str]:
    """Return the events that this parser can report."""
    return frozenset(event for event in event_catalogue() if event.startswith(_PREFIXES))
