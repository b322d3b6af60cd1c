"""INFO of a server or Sentinel, however it was pasted: text, JSON metrics, several samples, an error instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from incidents.diagnostics.fields import InfoFields, read_number

_FIELD = re.compile(r"""^[\s>|"'+-]*([A-Za-z][\w.|:\-]{1,120}?)["']?\s*[:=]\s*["']?(.*?)["']?,?\s*$""")
_SECTION = re.compile(r"^\s*#\s*([A-Z][A-Za-z_]+)\s*$")
_ERROR = re.compile(r"(?:^|[\s:\"'(-])-?((?:ERR|BUSY|NOAUTH|NOPERM|WRONGPASS|LOADING|MASTERDOWN|DENIED|MISCONF)\b.*)")
_CONNECTION = re.compile(r"could not connect|connection refused|connection reset|timed out|no answer|unavailable", re.I)

# Fields that every INFO of their section prints once: seen again, a new sample has begun.
_SAMPLE_STARTS = frozenset({"redis_version", "run_id", "used_memory", "connected_clients", "total_commands_processed"})


@dataclass(frozen=True, slots=True)
class Database:
    """One line of the keyspace section."""

    name: str  # "db0"
    keys: int
    expires: int
    avg_ttl: int | None = None  # ms
    subexpiry: int | None = None


@dataclass(frozen=True, slots=True)
class ReplicaLine:
    """One slaveN line of a master."""

    name: str  # "slave0"
    ip: str
    port: int | None
    state: str  # online, wait_bgsave, send_bulk, …
    offset: int | None
    lag: int | None  # seconds since the last ACK
    type: str = ""  # "main-channel", "rdb-channel" (dual channel)
    line: int | None = None


@dataclass(frozen=True, slots=True)
class CommandStat:
    name: str
    calls: int
    usec: int
    usec_per_call: float
    rejected_calls: int = 0
    failed_calls: int = 0


@dataclass(frozen=True, slots=True)
class MonitoredMaster:
    """One masterN line of a Sentinel's INFO."""

    name: str
    status: str  # ok, sdown, odown
    address: str
    replicas: int | None
    sentinels: int | None
    line: int | None = None


@dataclass(frozen=True)
class Info:
    """One sample of INFO. `error` holds what the server said instead of answering."""

    fields: InfoFields = field(default_factory=InfoFields)
    sections: tuple[str, ...] = ()
    error: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.fields

    @cached_property
    def databases(self) -> tuple[Database, ...]:
        found = (_database(f"db{rest}", value) for rest, value in self.fields.starting_with("db") if rest.isdigit())
        return tuple(db for db in found if db is not None)

    @cached_property
    def replicas(self) -> tuple[ReplicaLine, ...]:
        return tuple(
            _replica(name, self.fields[name], self.fields.line_of(name))
            for name in self.fields
            if re.fullmatch(r"(?:slave|replica)\d{1,5}", name)
        )

    @cached_property
    def commands(self) -> Mapping[str, CommandStat]:
        return {name: _command(name, value) for name, value in self.fields.starting_with("cmdstat_")}

    @cached_property
    def errors(self) -> Mapping[str, int]:
        """Error replies by code since start, from errorstats."""
        return {name: _int(pairs(value).get("count")) or 0 for name, value in self.fields.starting_with("errorstat_")}

    @cached_property
    def percentiles(self) -> Mapping[str, Mapping[str, float]]:
        """Microseconds by command and percentile: `percentiles["get"]["p99"]`."""
        return {
            name: {key: number for key, text in pairs(value).items() if (number := read_number(text)) is not None}
            for name, value in self.fields.starting_with("latency_percentiles_usec_")
        }

    @cached_property
    def masters(self) -> tuple[MonitoredMaster, ...]:
        return tuple(
            _master(self.fields[name], self.fields.line_of(name))
            for name in self.fields
            if re.fullmatch(r"master\d{1,5}", name)
        )


def parse(text: str) -> Info:
    """Read the first sample of a text; fields seen twice keep the first value."""
    samples = parse_samples(text)
    return samples[0] if samples else Info()


def parse_samples(text: str) -> tuple[Info, ...]:
    """Read every sample of a text that holds one INFO after the other."""
    samples: list[Info] = []
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    sections: list[str] = []
    error = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if section := _SECTION.match(line):
            sections.append(section[1])
            continue
        matched = _FIELD.match(line) if len(line) < 20_000 else None
        if matched is None or " " in matched[1]:
            error = error or _error_in(line)
            continue
        name, value = matched.groups()
        if name in values and name in _SAMPLE_STARTS:
            samples.append(Info(InfoFields(values, lines), tuple(sections)))
            values, lines, sections = {}, {}, []
        if name not in values:
            values[name], lines[name] = value.strip(), number
    if values or error:
        samples.append(Info(InfoFields(values, lines), tuple(sections), error if not values else ""))
    return tuple(samples)


def from_mapping(metrics: Mapping[str, Any]) -> Info:
    """Read a JSON object of metrics; nested sections are taken apart, nested fields joined as INFO prints them."""
    values: dict[str, str] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping) and _is_section(str(name), value):
            values.update(from_mapping(value).fields)
        elif isinstance(value, Mapping):
            values[str(name)] = ",".join(f"{key}={_plain(item)}" for key, item in value.items())
        else:
            values[str(name)] = _plain(value)
    return Info(InfoFields(values))


def pairs(value: str) -> dict[str, str]:
    """Read "calls=1,usec=2" as INFO packs several values into one line."""
    return {key.strip(): text.strip() for key, _, text in (part.partition("=") for part in value.split(",")) if key}


def _is_section(name: str, value: Mapping[Any, Any]) -> bool:
    packed = re.match(r"(?:db\d|slave\d|replica\d|master\d|cmdstat_|errorstat_|latency_percentiles_)", name)
    return packed is None and bool(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)


def _error_in(line: str) -> str:
    if matched := _ERROR.search(line[:2000]):
        return matched[1].strip()
    return line.strip() if _CONNECTION.search(line[:2000]) else ""


def _int(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        value = read_number(text)
        return None if value is None or abs(value) == float("inf") else int(value)


def _database(name: str, value: str) -> Database | None:
    parts = pairs(value)
    keys = _int(parts.get("keys"))
    if keys is None:
        return None
    return Database(name, keys, _int(parts.get("expires")) or 0, _int(parts.get("avg_ttl")), _int(parts.get("subexpiry")))


def _replica(name: str, value: str, line: int | None) -> ReplicaLine:
    parts = pairs(value)
    if "ip" not in parts and value.count(",") >= 2:  # before 2.8: "10.0.0.2,6379,online"
        ip, port, state = value.split(",")[:3]
        return ReplicaLine(name, ip, _int(port), state, None, None, line=line)
    return ReplicaLine(
        name=name,
        ip=parts.get("ip", ""),
        port=_int(parts.get("port")),
        state=parts.get("state", ""),
        offset=_int(parts.get("offset")),
        lag=_int(parts.get("lag")),
        type=parts.get("type", ""),
        line=line,
    )


def _command(name: str, value: str) -> CommandStat:
    parts = pairs(value)
    calls, usec = _int(parts.get("calls")) or 0, _int(parts.get("usec")) or 0
    average = read_number(parts.get("usec_per_call", ""))
    return CommandStat(
        name=name,
        calls=calls,
        usec=usec,
        usec_per_call=average if average is not None else (usec / calls if calls else 0.0),
        rejected_calls=_int(parts.get("rejected_calls")) or 0,
        failed_calls=_int(parts.get("failed_calls")) or 0,
    )


def _master(value: str, line: int | None) -> MonitoredMaster:
    parts = pairs(value)
    return MonitoredMaster(
        name=parts.get("name", ""),
        status=parts.get("status", ""),
        address=parts.get("address", ""),
        replicas=_int(parts.get("slaves") or parts.get("replicas")),
        sentinels=_int(parts.get("sentinels")),
        line=line,
    )


def is_same_run(earlier: Info, later: Info) -> bool | None:
    """Return whether both samples are of one server process; None when neither tells."""
    for name in ("run_id", "process_id"):
        if name in earlier.fields and name in later.fields:
            return earlier.fields[name] == later.fields[name]
    return None


def looks_like(text: str) -> float:
    """Return how sure one can be that this is INFO, from the share of lines that are its fields."""
    lines = [line for line in text.splitlines()[:400] if line.strip()]
    hits = sum(1 for line in lines if _SECTION.match(line) or _known(line))
    return hits / len(lines) if lines else 0.0


def _known(line: str) -> bool:
    matched = _FIELD.match(line[:500])
    return matched is not None and "_" in matched[1]


def merge(samples: Iterable[Info]) -> Info:
    """Join fields of one node and moment that were pasted section by section; the first value stands."""
    values: dict[str, str] = {}
    sections: list[str] = []
    for sample in samples:
        sections.extend(sample.sections)
        for name, value in sample.fields.items():
            values.setdefault(name, value)
    return Info(InfoFields(values), tuple(sections))
