"""MEMORY STATS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from incidents.diagnostics.fields import InfoFields
from incidents.diagnostics.parsers.replies import as_list, as_pairs, is_list, line_of, plain, read_reply, real, unwrap

_DATABASE = re.compile(r"^db\.\d{1,9}$")
_OF_DATABASE = ("overhead.hashtable.main", "overhead.hashtable.expires", "overhead.hashtable.slot-to-keys")


@dataclass(frozen=True, slots=True)
class MemoryStats:
    """`fields` under the names the server prints ("clients.normal"), databases apart."""

    fields: InfoFields = field(default_factory=InfoFields)
    databases: Mapping[str, InfoFields] = field(default_factory=dict)  # "db.0" → overhead.hashtable.main, …


def parse(value: Any) -> MemoryStats:
    """Read a tree, raw alternating lines, JSON or an object."""
    reply = unwrap(read_reply(value), "memory_stats")
    items = list(_alternating(reply)) if isinstance(reply, Mapping) else as_list(reply)
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    databases: dict[str, dict[str, str]] = {}
    for name, item in _entries(items):
        if _DATABASE.match(name):
            databases[name] = {key: plain(text) for key, text in _inner(item)}
        else:
            values.setdefault(name, plain(item))
            lines.setdefault(name, line_of(item) or 0)
    known = {name: line for name, line in lines.items() if line}
    return MemoryStats(InfoFields(values, known), {name: InfoFields(inner) for name, inner in databases.items()})


def _alternating(mapping: Mapping[Any, Any]) -> Iterator[Any]:
    for name, value in mapping.items():
        yield name
        yield value


def _inner(item: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(item, Mapping):
        return ((plain(key), value) for key, value in item.items())
    return as_pairs(as_list(item))


def _entries(items: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Yield (name, value); in raw output a database has no value of its own, its fields just follow."""
    index = 0
    while index < len(items) - 1:
        name, value = plain(items[index]), items[index + 1]
        if _DATABASE.match(name) and not is_list(value) and not isinstance(value, Mapping):
            end = index + 1
            while end < len(items) - 1 and plain(items[end]) in _OF_DATABASE:
                end += 2
            yield name, list(items[index + 1 : end])
            index = end
        elif name and (is_list(value) or isinstance(value, Mapping) or real(value) is not None):
            yield name, value
            index += 2
        else:
            index += 1  # cut off or disturbed: find the next name


def looks_like(text: str) -> float:
    head = text[:4000]
    return 1.0 if "peak.allocated" in head else 0.7 if "dataset.bytes" in text and "overhead.total" in text else 0.0
