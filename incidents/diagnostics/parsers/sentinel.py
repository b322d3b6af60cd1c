"""SENTINEL MASTERS, MASTER, REPLICAS, SENTINELS and CKQUORUM. A Sentinel's INFO is read by `info`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from incidents.diagnostics.fields import InfoFields
from incidents.diagnostics.parsers.replies import Leaf, as_list, is_list, plain, read_reply, records, unwrap, whole

_QUORUM = re.compile(r"\b(OK|NOQUORUM) (\d{1,6}) usable Sentinels?\b[^\n]{0,400}")
# Values that are empty while an instance is down. If blank lines were lost, the next name stands in their place.
_NAMES_TEXT = """
name ip port runid flags link-pending-commands link-refcount last-ping-sent last-ok-ping-reply last-ping-reply
s-down-time o-down-time down-after-milliseconds info-refresh role-reported role-reported-time config-epoch
num-slaves num-replicas num-other-sentinels quorum failover-timeout parallel-syncs master-link-down-time
master-link-status master-host master-port slave-priority replica-priority slave-repl-offset replica-repl-offset
replica-announced last-hello-message voted-leader voted-leader-epoch failover-state
"""
_NAMES = frozenset(_NAMES_TEXT.split())


@dataclass(frozen=True, slots=True)
class SentinelInstance:
    """A master, replica or Sentinel as one Sentinel sees it, under the names it prints ("down-after-milliseconds")."""

    fields: InfoFields = field(default_factory=InfoFields)
    role: str = ""  # master, replica, sentinel

    @property
    def name(self) -> str:
        return self.fields.get("name", "")

    @property
    def address(self) -> str:
        return f"{self.fields.get('ip', '')}:{self.fields.get('port', '')}"

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(flag for flag in self.fields.get("flags", "").split(",") if flag)


@dataclass(frozen=True, slots=True)
class QuorumCheck:
    """`usable` is the number of Sentinels that this one can reach, itself included."""

    is_ok: bool
    usable: int | None
    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class SentinelReply:
    masters: tuple[SentinelInstance, ...] = ()
    replicas: tuple[SentinelInstance, ...] = ()
    sentinels: tuple[SentinelInstance, ...] = ()
    quorum: QuorumCheck | None = None

    @property
    def instances(self) -> tuple[SentinelInstance, ...]:
        return (*self.masters, *self.replicas, *self.sentinels)


def parse(value: Any) -> SentinelReply:
    """Read instances from trees, raw alternating lines, JSON or objects, and the verdict of CKQUORUM."""
    reply = unwrap(read_reply(value), "sentinel", "sentinels", "masters", "slaves", "replicas")
    found = [instance for instance in _instances(reply) if len(instance.fields) > 2]
    return SentinelReply(
        masters=tuple(item for item in found if item.role in ("master", "")),
        replicas=tuple(item for item in found if item.role == "replica"),
        sentinels=tuple(item for item in found if item.role == "sentinel"),
        quorum=_quorum(value) if isinstance(value, str) else None,
    )


def _quorum(text: str) -> QuorumCheck | None:
    matched = _QUORUM.search(text)
    if matched is None:
        return None
    line = text.count("\n", 0, matched.start()) + 1
    return QuorumCheck(matched[1] == "OK", whole(matched[2]), matched[0], line)


def _instances(reply: Any) -> Iterator[SentinelInstance]:
    if isinstance(reply, Mapping):
        if "flags" in reply or "ip" in reply:
            yield _instance([part for pair in reply.items() for part in pair])
        else:
            for body in reply.values():  # redis-py: {"mymaster": {…}}
                yield from _instances(body) if isinstance(body, Mapping) else ()
        return
    items = as_list(reply)
    if any(is_list(item) or isinstance(item, Mapping) for item in items):
        for item in items:
            yield from _instances(item)
        return
    for record in records(items, "name"):
        yield _instance(record)


def _instance(items: Sequence[Any]) -> SentinelInstance:
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    index = 0
    while index < len(items):
        name = plain(items[index]).replace("_", "-")
        value = items[index + 1] if index + 1 < len(items) else ""
        is_lost = name not in ("name", "flags") and plain(value) in _NAMES  # "runid" followed at once by "flags"
        if name in _NAMES or index == 0 or not is_lost:
            values.setdefault(name, "" if is_lost else plain(value))
            if isinstance(items[index], Leaf):
                lines.setdefault(name, items[index].line)
        index += 1 if is_lost else 2
    return SentinelInstance(InfoFields(values, lines), _role(values))


def _role(values: Mapping[str, str]) -> str:
    flags = values.get("flags", "").split(",")
    if "sentinel" in flags or "last-hello-message" in values:
        return "sentinel"
    if "slave" in flags or "replica" in flags or "master-link-status" in values:
        return "replica"
    return "master" if "master" in flags or "quorum" in values else ""
