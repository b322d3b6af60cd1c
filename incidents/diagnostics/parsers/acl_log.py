"""ACL LOG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.diagnostics.parsers.client_list import Client, parse_client
from incidents.diagnostics.parsers.replies import (
    as_list,
    as_mapping,
    is_list,
    line_of,
    moment,
    plain,
    read_reply,
    real,
    records,
    unwrap,
    whole,
)


@dataclass(frozen=True, slots=True)
class AclLogEntry:
    """Refusals of one kind; the server merges those that repeat within a minute."""

    count: int
    reason: str  # auth, command, key, channel
    context: str  # toplevel, multi, lua, module
    object: str
    username: str
    age_seconds: float | None
    client: Client
    created_at: datetime | None = None
    updated_at: datetime | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class AclLog:
    entries: tuple[AclLogEntry, ...] = ()

    @property
    def total(self) -> int:
        return sum(entry.count for entry in self.entries)


def parse(value: Any) -> AclLog:
    """Read entries from a tree, raw alternating lines, JSON or objects."""
    reply = unwrap(read_reply(value), "acl_log")
    if isinstance(reply, Mapping):
        reply = [reply]
    items = as_list(reply)
    nested = any(is_list(item) or isinstance(item, Mapping) for item in items)
    entries = [_entry(item) for item in (items if nested else records(items, "count"))]
    return AclLog(tuple(entry for entry in entries if entry is not None))


def _entry(item: Any) -> AclLogEntry | None:
    values = as_mapping(item)
    if "reason" not in values:
        return None
    return AclLogEntry(
        count=whole(values.get("count")) or 1,
        reason=plain(values["reason"]),
        context=plain(values.get("context")),
        object=plain(values.get("object")),
        username=plain(values.get("username")),
        age_seconds=real(values.get("age-seconds")),
        client=_client(values.get("client-info")),
        created_at=moment(values.get("timestamp-created")),
        updated_at=moment(values.get("timestamp-last-updated")),
        line=line_of(item),
    )


def _client(value: Any) -> Client:
    if isinstance(value, Mapping):
        return parse_client(" ".join(f"{plain(name)}={plain(text)}" for name, text in value.items()))
    return parse_client(plain(value), line=line_of(value))
