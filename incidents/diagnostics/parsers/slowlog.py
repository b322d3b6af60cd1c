"""SLOWLOG GET and Valkey's COMMANDLOG GET."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.diagnostics.parsers.replies import as_list, is_list, line_of, moment, plain, read_reply, unwrap, whole

_ADDRESS = re.compile(r"^(?:\[?[\w.:%-]{1,80}\]?:\d{1,5}|/\S{1,200}:0|\?:0)$")
_DURATION_KEYS = ("duration", "execution_time", "duration_us", "duration (us)", "usec", "microseconds", "size")
_TIME_KEYS = ("start_time", "timestamp", "time", "unix_time", "at", "ts")
_COMMAND_KEYS = ("command", "args", "arguments", "argv", "cmd", "query")
_CLIENT_KEYS = ("client_address", "client_ip", "client", "client_addr", "clientaddress", "addr", "ip")
_CLIENT_NAME_KEYS = ("client_name", "clientname", "name")


@dataclass(frozen=True, slots=True)
class SlowCommand:
    """One entry. `duration_us` holds bytes when the log is COMMANDLOG's of large requests or replies."""

    id: int | None
    at: datetime | None
    duration_us: int
    arguments: tuple[str, ...]
    client: str = ""  # "10.0.0.7:51844"
    client_name: str = ""
    line: int | None = None

    @property
    def command(self) -> str:
        return self.arguments[0].upper() if self.arguments else ""

    @property
    def statement(self) -> str:
        return " ".join(self.arguments)


@dataclass(frozen=True, slots=True)
class Slowlog:
    entries: tuple[SlowCommand, ...] = ()

    @property
    def slowest(self) -> SlowCommand | None:
        return max(self.entries, key=lambda entry: entry.duration_us, default=None)


def parse(value: Any) -> Slowlog:
    """Read entries from redis-cli's tree, raw lines, JSON, a flat list or a list of objects."""
    reply = unwrap(read_reply(value), "slowlog", "SLOWLOG", "entries", "commandlog")
    if isinstance(reply, Mapping):
        reply = [reply]
    items = as_list(reply)
    if any(is_list(item) or isinstance(item, Mapping) for item in items):
        found = [_nested(item) for item in items]
    else:
        found = list(_flat(items))
    return Slowlog(tuple(entry for entry in found if entry is not None))


def _nested(item: Any) -> SlowCommand | None:
    if isinstance(item, Mapping):
        return _from_object(item)
    parts = as_list(item)
    if len(parts) < 4 or whole(parts[2]) is None:
        return None
    arguments = [plain(part) for part in parts[3]] if is_list(parts[3]) else plain(parts[3]).split()
    return SlowCommand(
        id=whole(parts[0]),
        at=moment(parts[1]),
        duration_us=whole(parts[2]) or 0,
        arguments=tuple(arguments),
        client=plain(parts[4]) if len(parts) > 4 else "",
        client_name=plain(parts[5]) if len(parts) > 5 else "",
        line=line_of(parts),
    )


def _from_object(item: Mapping[Any, Any]) -> SlowCommand | None:
    values = {plain(key).lower().replace(" ", "_").replace("_(us)", " (us)"): value for key, value in item.items()}
    duration = whole(_first(values, _DURATION_KEYS))
    command = _first(values, _COMMAND_KEYS)
    if duration is None or command is None:
        return None
    return SlowCommand(
        id=whole(values.get("id")),
        at=moment(_first(values, _TIME_KEYS)),
        duration_us=duration,
        arguments=tuple(plain(part) for part in command) if is_list(command) else tuple(plain(command).split()),
        client=plain(_first(values, _CLIENT_KEYS)),
        client_name=plain(_first(values, _CLIENT_NAME_KEYS)),
    )


def _first(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _flat(items: Sequence[Any]) -> Iterator[SlowCommand]:
    """Cut raw output, where nothing marks the end of an entry, at what can only be the head of the next."""
    starts = [index for index in range(len(items) - 3) if _is_head(items, index)]
    kept = _apart(starts)
    for start, end in zip(kept, [*kept[1:], len(items)], strict=False):
        tail = [plain(item) for item in items[start + 3 : end]]
        arguments, client, name = _split_tail(tail)
        yield SlowCommand(
            id=whole(items[start]),
            at=moment(items[start + 1]),
            duration_us=whole(items[start + 2]) or 0,
            arguments=tuple(arguments),
            client=client,
            client_name=name,
            line=line_of(items[start]),
        )


def _is_head(items: Sequence[Any], index: int) -> bool:
    """Whether (id, Unix time, duration, a word) stand here."""
    at = plain(items[index + 1])
    return (
        plain(items[index]).isdigit()
        and len(at) == 10
        and at.isdigit()
        and plain(items[index + 2]).isdigit()
        and not plain(items[index + 3]).isdigit()
    )


def _apart(starts: Sequence[int]) -> list[int]:
    """Drop heads that overlap the entry before: the shortest entry is id, time, duration and a command."""
    kept: list[int] = []
    for start in starts:
        if not kept or start >= kept[-1] + 4:
            kept.append(start)
    return kept


def _split_tail(tail: list[str]) -> tuple[list[str], str, str]:
    """Part arguments from the client's address and name, which 4.0 added and raw output leaves unmarked."""
    while len(tail) > 2 and not tail[-1] and not tail[-2]:
        tail.pop()
    if len(tail) >= 2 and _ADDRESS.match(tail[-1]):
        return tail[:-1], tail[-1], ""
    if len(tail) >= 3 and _ADDRESS.match(tail[-2]):
        return tail[:-2], tail[-2], tail[-1]
    return tail, "", ""
