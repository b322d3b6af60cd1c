"""Where the memory went: the parts of used_memory and of RSS, and whether raising maxmemory helps or kills."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from incidents.diagnostics.dossier import Node
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.snapshot import Snapshot
from incidents.diagnostics.text import Text

FORK_SHARE = 0.3  # of the data that a save may copy under writes; measured values outrank it
SAFE_SHARE = 0.75  # of the host's memory that a limit with persistence may take


@dataclass(frozen=True, slots=True)
class Part:
    """One share of the memory. `label` is what people call it."""

    name: str
    label: Text
    bytes: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The parts add up to `used`; what lies between `used` and `rss` is `fragmentation`."""

    node: str
    parts: tuple[Part, ...]
    used: int
    rss: int
    fragmentation: int
    limit: int  # maxmemory, 0 for none
    host: int  # total_system_memory, 0 when unknown
    fork_headroom: int  # what a save may need beyond RSS
    advice: Text


@cache
def _words() -> dict[str, dict[str, Text]]:
    with (Path(__file__).parent / "memory_ledger.toml").open("rb") as stream:
        tables = tomllib.load(stream)
    return {name: {key: Text.of(value) for key, value in table.items()} for name, table in tables.items()}


def ledger_of(node: Node) -> Ledger | None:
    """Draw up the ledger of the newest sample. None when INFO memory was not pasted."""
    snapshot = node.latest
    if snapshot is None:
        return None
    try:
        return _draw(node.name, snapshot)
    except MissingField:
        return None


def _draw(name: str, snapshot: Snapshot) -> Ledger:
    used = int(snapshot.number("used_memory"))
    overhead = int(snapshot.number("used_memory_overhead"))
    parts = {
        "data": max(used - overhead, 0),
        "startup": _get(snapshot, "used_memory_startup"),
        "clients": _get(snapshot, "mem_clients_normal"),
        "replicas": _replication(snapshot),
        "aof": _get(snapshot, "mem_aof_buffer"),
        "scripts": _get(snapshot, "used_memory_scripts") or _get(snapshot, "used_memory_scripts_eval"),
        "cluster": _get(snapshot, "mem_cluster_links"),
    }
    parts["keyspace"] = max(overhead - sum(value for key, value in parts.items() if key != "data"), 0)
    rss = _get(snapshot, "used_memory_rss")
    limit, host = _get(snapshot, "maxmemory"), _get(snapshot, "total_system_memory")
    fork = max(
        _get(snapshot, "rdb_last_cow_size"), _get(snapshot, "aof_last_cow_size"), int(FORK_SHARE * parts["data"])
    )
    order = ("data", "keyspace", "clients", "replicas", "aof", "scripts", "cluster", "startup")
    return Ledger(
        node=name,
        parts=tuple(Part(key, _words()["labels"][key], parts[key]) for key in order if parts[key] > 0),
        used=used,
        rss=rss,
        fragmentation=max(rss - used, 0),
        limit=limit,
        host=host,
        fork_headroom=fork,
        advice=_advice(parts, used=used, rss=rss, limit=limit, host=host, fork=fork),
    )


def _get(snapshot: Snapshot, name: str) -> int:
    return int(snapshot.number(name)) if snapshot.has(name) else 0


def _replication(snapshot: Snapshot) -> int:
    """Since 7.0 the backlog and the replicas' buffers share memory: adding them would count it twice."""
    shared = _get(snapshot, "mem_total_replication_buffers")
    apart = _get(snapshot, "mem_clients_slaves") + _get(snapshot, "mem_replication_backlog")
    return shared or apart


def _advice(parts: dict[str, int], *, used: int, rss: int, limit: int, host: int, fork: int) -> Text:
    words = _words()["advice"]
    buffers = parts["clients"] + parts["replicas"]
    if buffers > 0.25 * used:
        return words["buffers"].format(share=buffers / max(used, 1))
    if host and rss + fork > 0.95 * host:
        return words["no_room"].format(rss=rss, fork=fork, host=host)
    room = int(SAFE_SHARE * host) - limit
    if limit and used > 0.8 * limit and room > 0.1 * limit:
        return words["room"].format(room=room)
    return words["calm"]
