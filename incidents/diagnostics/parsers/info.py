"""INFO of a server or Sentinel, however it was pasted: text, JSON metrics, several samples, an error instead."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from incidents.diagnostics.fields import InfoFields, read_number
from incidents.diagnostics.parsers.replies import moment, plain, scalar

_NAMES = Path(__file__).with_name("info_fields.toml")
_NAME = re.compile(r"[a-z][\w.|-]{1,120}")
_SECTION = re.compile(r"\s{0,40}#{1,4}\s{0,4}([A-Za-z][A-Za-z_]{2,20})\s{0,40}$")
_FAMILY = re.compile(r"(?:db|slave|replica|master|listener)\d{1,5}$")
_DRESS = " \t\r\"'|>+*-•,"  # bullets, table borders, JSON quotes
_SECTION_NAMES = """server clients memory persistence threads stats replication cpu modules commandstats errorstats
latencystats cluster keyspace sentinel keysizes hotkeys debug"""
_SECTIONS = frozenset(_SECTION_NAMES.split())
_ERROR = re.compile(
    r"(?:^|[\s:\"'(-])-?((?:ERR|BUSY|NOAUTH|NOPERM|WRONGPASS|LOADING|MASTERDOWN|DENIED|MISCONF)\s[A-Za-z][^\n]{0,500})"
)
_NO_ANSWER = re.compile(
    r"could not connect|connection refused|connection reset|timed out|no answer|unavailable|server closed",
    re.IGNORECASE,
)
_UNNAMED_ERROR = re.compile(
    r"authentication required|busy running a script|loading the dataset|in protected mode", re.IGNORECASE
)
MAX_LINE = 20_000


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

    @property
    def address(self) -> str:
        return f"{self.ip}:{self.port}"


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
    """One sample of INFO. `error` holds what was said instead of an answer."""

    fields: InfoFields = field(default_factory=InfoFields)
    sections: tuple[str, ...] = ()
    error: str = ""
    first_line: int = 1  # within the text that holds several samples

    @property
    def is_empty(self) -> bool:
        return not self.fields

    @property
    def server_time(self) -> datetime | None:
        """The server's own clock, naive UTC (6.2 and later)."""
        return moment(self.fields.get("server_time_usec"))

    @cached_property
    def databases(self) -> tuple[Database, ...]:
        found = (_database(f"db{rest}", value) for rest, value in self.fields.starting_with("db") if rest.isdigit())
        return tuple(database for database in found if database is not None)

    @cached_property
    def replicas(self) -> tuple[ReplicaLine, ...]:
        return tuple(
            _replica(name, self.fields[name], self.fields.line_of(name))
            for name in self.fields
            if name.startswith(("slave", "replica")) and _FAMILY.match(name)
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
            if name.startswith("master") and _FAMILY.match(name)
        )

    @cached_property
    def modules(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.fields.starting_with("module:"))


def parse(text: Any) -> Info:
    """Read the first sample of a text."""
    samples = parse_samples(text)
    return samples[0] if samples else Info()


def parse_samples(text: Any) -> tuple[Info, ...]:
    """Read every sample of a text that holds one INFO after the other. A field seen again begins a new one."""
    reader = _Reader()
    for number, line in enumerate(_unquoted(plain(text)).split("\n"), start=1):
        reader.read(line, number)
    return reader.finish()


def _unquoted(text: str) -> str:
    """Undo the quotes of a reply that came as one string with visible line ends."""
    return scalar(text) if "\\n" in text and text.count("\n") < 3 and text.lstrip()[:1] == '"' else text


class _Reader:
    def __init__(self) -> None:
        self.samples: list[Info] = []
        self.error = ""
        self._begin()

    def _begin(self) -> None:
        self.values: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self.sections: list[str] = []
        self.first_line = 0

    def read(self, line: str, number: int) -> None:
        if section := section_of_line(line):
            if section in self.sections:
                self._end()
            self.sections.append(section)
            self.first_line = self.first_line or number
            return
        pair = read_field(line)
        if pair is None or (not is_known(pair[0]) and _error_in(line)):
            self.error = self.error or _error_in(line)
            return
        self._add(*pair, number)

    def _add(self, name: str, value: str, number: int) -> None:
        if " " in value and (several := _fields_in(f"{name}:{value}")):
            for other in several:
                self._add(*other, number)
            return
        if name == "module":  # the one field that repeats within a sample
            name = f"module:{pairs(value).get('name', value)}"
        elif name in self.values:
            self._end()
        self.values[name], self.lines[name] = value, number
        self.first_line = self.first_line or number

    def _end(self) -> None:
        if self.values:
            fields = InfoFields(self.values, self.lines)
            self.samples.append(Info(fields, tuple(self.sections), first_line=self.first_line))
        self._begin()

    def finish(self) -> tuple[Info, ...]:
        self._end()
        if not self.samples and self.error:
            return (Info(error=self.error),)
        return tuple(self.samples)


def from_mapping(metrics: Mapping[Any, Any]) -> Info:
    """Read a JSON object of metrics; nested sections are taken apart, nested fields joined as INFO prints them."""
    values: dict[str, str] = {}
    for key, value in metrics.items():
        name = plain(key)
        if isinstance(value, Mapping) and not is_packed(name):
            values.update(_section_values(value))
        elif isinstance(value, Mapping):
            values[name] = ",".join(f"{plain(inner)}={_printed(item)}" for inner, item in value.items())
        else:
            values[name] = _printed(value)
    return Info(InfoFields(values))


def _section_values(section: Mapping[Any, Any]) -> dict[str, str]:
    """Read one level down; what lies deeper is no INFO."""
    flat = {key: item for key, item in section.items() if not isinstance(item, Mapping) or is_packed(plain(key))}
    return dict(from_mapping(flat).fields) if flat else {}


def is_packed(name: str) -> bool:
    """Whether INFO packs several values into this field."""
    return name.startswith(("cmdstat_", "errorstat_", "latency_percentiles_")) or _FAMILY.match(name) is not None


def pairs(value: str) -> dict[str, str]:
    """Read "calls=1,usec=2" as INFO packs several values into one line."""
    return {key.strip(): text.strip() for key, _, text in (part.partition("=") for part in value.split(",")) if key}


def read_field(line: str) -> tuple[str, str] | None:
    """Read one "name:value" line, also indented, quoted, as a bullet or as a table row. None if it is none."""
    bare = line[:MAX_LINE].strip(_DRESS)
    matched = _NAME.match(bare)
    if matched is None:
        return None
    name, rest = matched[0], bare[matched.end() :]
    after = rest.lstrip(" \t\"'")
    if after[:1] in (":", "="):
        value = after[1:]
        return None if value.startswith("//") else (name, value.strip(" \t\r\"',"))
    words = rest.replace("|", " ").split()
    # "maxmemory 2gb" without an underscore or a table is a line of redis.conf.
    if len(words) == 1 and rest[:1] in (" ", "\t", "|") and ("_" in name or "|" in line) and is_known(name):
        return name, words[0].strip("\"',")
    return None


def _fields_in(line: str) -> list[tuple[str, str]]:
    """Return the fields of a line that holds several of them, or nothing."""
    found = [read_field(word) for word in line.split()]
    return [pair for pair in found if pair] if all(pair and is_known(pair[0]) for pair in found) else []


@cache
def _fields_by_section() -> dict[str, frozenset[str]]:
    data = tomllib.loads(_NAMES.read_text(encoding="utf-8"))
    return {name: frozenset(table["fields"]) for name, table in data.items() if isinstance(table, dict)}


@cache
def _known() -> frozenset[str]:
    return frozenset().union(*_fields_by_section().values())


@cache
def _prefixes() -> tuple[str, ...]:
    return tuple(tomllib.loads(_NAMES.read_text(encoding="utf-8"))["prefixes"])


def is_known(name: str) -> bool:
    """Whether some server prints a field of this name."""
    return name in _known() or name.startswith(_prefixes()) or _FAMILY.match(name) is not None


def section_of(name: str) -> str:
    """Return the section of INFO that prints a field ("memory"), or "" if unknown: what to ask for next."""
    if name.startswith(("cmdstat_", "errorstat_", "latency_percentiles_")):
        return {"c": "commandstats", "e": "errorstats", "l": "latencystats"}[name[0]]
    if _FAMILY.match(name):
        return "keyspace" if name.startswith("db") else "replication"
    return next((section for section, names in _fields_by_section().items() if name in names), "")


def section_of_line(line: str) -> str:
    """Return the section that a "# Memory" line opens, or ""."""
    matched = _SECTION.match(line[:80])
    name = matched[1] if matched else ""
    return name if name.lower() in _SECTIONS or name.lower().startswith("module_") else ""


def is_info_line(line: str) -> bool:
    """Whether a line alone shows that it is of INFO."""
    if section_of_line(line):
        return True
    pair = read_field(line)
    return pair is not None and is_known(pair[0])


def is_same_run(earlier: Info, later: Info) -> bool | None:
    """Return whether both samples are of one server process; None when neither tells."""
    for name in ("run_id", "process_id"):
        if name in earlier.fields and name in later.fields:
            return earlier.fields[name] == later.fields[name]
    return None


def merge(samples: Iterable[Info]) -> Info:
    """Join fields of one node and moment that were pasted section by section; the first value stands."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    sections: list[str] = []
    for sample in samples:
        sections.extend(sample.sections)
        for name, value in sample.fields.items():
            if name not in values:
                values[name] = value
                line = sample.fields.line_of(name)
                lines.update({name: line} if line is not None else {})
    return Info(InfoFields(values, lines), tuple(sections))


def _printed(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list | tuple):
        return ",".join(plain(item) for item in value)
    return plain(value)


def _error_in(line: str) -> str:
    head = line[:2000]
    if matched := _ERROR.search(head):
        return matched[1].strip()
    return head.strip() if _NO_ANSWER.search(head) or _UNNAMED_ERROR.search(head) else ""


def _int(text: str | None) -> int | None:
    if text is None or len(text) > 40:
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
    expires, ttl = _int(parts.get("expires")) or 0, _int(parts.get("avg_ttl"))
    return Database(name, keys, expires, ttl, _int(parts.get("subexpiry")))


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
