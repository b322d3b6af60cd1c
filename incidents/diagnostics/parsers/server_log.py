"""Logs of Redis, Valkey and Sentinel: lines into entries, entries into meanings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from incidents.diagnostics.findings import Category, Severity
from incidents.diagnostics.parsers import log_catalogue
from incidents.diagnostics.parsers.line_verdict import ROUTINE, LineVerdict, errno_in, judge_unknown
from incidents.diagnostics.parsers.log_catalogue import MAX_LENGTH, Effect, LogPattern, Recognised
from incidents.diagnostics.parsers.log_formats import Header, clean, read_cut_line, read_header
from incidents.diagnostics.parsers.log_times import LogClock

__all__ = [
    "LineMeaning",
    "LineVerdict",
    "LogEntry",
    "classify_line",
    "event_catalogue",
    "looks_like",
    "parse_log",
    "parse_log_lines",
    "recognise_line",
]

# Said before a message by the part of the server, or the module ("<search> "), that logs it.
_SPEAKER = re.compile(r"Dual channel replication: |Replica bio thread: |<[\w.-]{1,64}> ")
_SEPARATOR = re.compile(r"[:\]|>#*] +|[\"'`]")
_NO_CAPTURES: Mapping[str, str] = MappingProxyType({})


class LogEntry(NamedTuple):
    """One physical line. A tuple rather than a dataclass: a large log makes a million of them.

    A line of a crash report or a dump has no header: its `level` is "", and time, pid and role are those of
    the line above. `level` is debug, verbose, notice or warning; `role` M, S, C (child) or X (Sentinel).
    """

    line: int
    raw: str
    message: str
    at: datetime | None
    pid: str
    role: str
    level: str
    source: str
    node: str


@dataclass(frozen=True, slots=True)
class LineMeaning:
    """What a recognised line says. `category` and `severity` are None when the line alone is no reason to worry."""

    event: str
    signal: str
    category: Category | None
    severity: Severity | None
    effect: Effect
    captures: Mapping[str, str] = field(default_factory=dict)


def parse_log(text: str, *, source: str = "", node: str = "", year: int | None = None) -> Iterator[LogEntry]:
    """Read a log lazily. `year` fills in for Redis 2.x, which prints none; by default it is the current one."""
    return parse_log_lines(_lines(text), source=source, node=node, year=year)


def parse_log_lines(
    lines: Iterable[str], *, source: str = "", node: str = "", year: int | None = None
) -> Iterator[LogEntry]:
    """Read a log from any stream of lines, keeping nothing of what was read."""
    clock = LogClock(year)
    pid = role = ""
    at: datetime | None = None
    for number, raw in enumerate(lines, start=1):
        raw = raw.rstrip("\r\n")
        if not raw or raw.isspace():
            continue
        header = read_header(raw) or (read_cut_line(clean(raw)) if number == 1 else None)
        if header is None:
            yield LogEntry(number, raw, clean(raw), at, pid, role, "", source, node)
            continue
        pid, role = header.pid or pid, header.role or role
        at = _time_of(header, clock) or at
        yield LogEntry(number, raw, header.message, at, header.pid, header.role, header.level, source, node)


def looks_like(text: str) -> float:
    """Return how much of the start of a text reads as a server log, from 0 to 1."""
    lines = [line for line in text[:20_000].splitlines()[:60] if line.strip()]
    if not lines:
        return 0.0
    known = sum(1 for line in lines if _is_server_line(line))
    return known / len(lines)


def recognise_line(line: str) -> LineMeaning | None:
    """Return the meaning of a message or a whole raw line, or None when it is not in the catalogue."""
    anchored = log_catalogue.anchored_index()
    message = line[:MAX_LENGTH]
    found = anchored.find(message)
    if found is None:
        bare = _message_of(message)
        found = anchored.find(bare) if bare != message else None
        found = found or log_catalogue.anywhere_index().find(bare) or _find_quoted(bare)
    return None if found is None else _meaning(found)


def classify_line(line: str) -> LineVerdict:
    """Return category, severity and signal of one log line or error reply; `none` for routine."""
    text = next((part for part in line[:MAX_LENGTH].splitlines() if part.strip()), "").strip()
    meaning = recognise_line(text)
    if meaning is None:
        header = read_header(text)
        return judge_unknown(_message_of(text), level=header.level if header else "")
    if meaning.severity is None or meaning.category is None:
        return ROUTINE
    return LineVerdict(meaning.category.value, meaning.severity.value, meaning.signal or None)


def event_catalogue() -> Mapping[str, LogPattern]:
    """Return every event that a line can be recognised as."""
    return log_catalogue.load_patterns()


def _lines(text: str) -> Iterator[str]:
    # Not splitlines(): it copies the whole text, and it breaks lines at characters that occur within keys.
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def _time_of(header: Header, clock: LogClock) -> datetime | None:
    if header.epoch is not None:
        return clock.read_epoch(header.epoch)
    return clock.read(header.stamp) if header.stamp else None


def _message_of(line: str) -> str:
    header = read_header(line)
    message = (header.message if header else clean(line)).strip()
    speaker = _SPEAKER.match(message)
    return message[speaker.end() :] if speaker else message


def _find_quoted(text: str) -> Recognised | None:
    """Find a server message behind words of another program, or of the person who pasted it."""
    anchored = log_catalogue.anchored_index()
    starts = (match.end() for match in islice(_SEPARATOR.finditer(text, 0, 200), 4))
    return next((found for start in starts if (found := anchored.find(text[start:]))), None)


def _is_server_line(line: str) -> bool:
    header = read_header(line)
    if header is not None and header.role:
        return True
    return log_catalogue.anchored_index().find(header.message if header else line.strip()) is not None


def _meaning(found: Recognised) -> LineMeaning:
    pattern, captures = found.pattern, found.captures
    severity = pattern.severity
    if "error" in captures:
        errno = errno_in(captures["error"])
        if errno:
            captures["errno"] = errno
            severity = pattern.on_error.get(errno, severity)
    return LineMeaning(
        pattern.event, pattern.signal, pattern.category, severity, pattern.effect, captures or _NO_CAPTURES
    )
