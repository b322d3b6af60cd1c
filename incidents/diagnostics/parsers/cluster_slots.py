"""CLUSTER SLOTS and CLUSTER SHARDS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.parsers.replies import (
    as_list,
    as_mapping,
    is_list,
    line_of,
    plain,
    read_reply,
    records,
    unwrap,
    whole,
)


@dataclass(frozen=True, slots=True)
class SlotNode:
    ip: str
    port: int | None
    id: str = ""


@dataclass(frozen=True, slots=True)
class SlotRange:
    """Who serves a range: the master first, then its replicas."""

    first: int
    last: int
    nodes: tuple[SlotNode, ...]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ClusterSlots:
    ranges: tuple[SlotRange, ...] = ()

    @property
    def covered(self) -> int:
        return sum(item.last - item.first + 1 for item in self.ranges)


@dataclass(frozen=True, slots=True)
class ShardNode:
    id: str
    ip: str
    port: int | None
    role: str  # master, replica
    replication_offset: int | None
    health: str  # online, failed, loading
    hostname: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    slots: tuple[tuple[int, int], ...]
    nodes: tuple[ShardNode, ...]


@dataclass(frozen=True, slots=True)
class ClusterShards:
    shards: tuple[Shard, ...] = ()


def parse_slots(value: Any) -> ClusterSlots:
    """Read ranges from a tree, JSON or raw lines."""
    items = as_list(unwrap(read_reply(value), "cluster_slots"))
    rows = items if any(is_list(item) for item in items) else list(_flat_ranges(items))
    found = [_range(row) for row in rows if is_list(row)]
    return ClusterSlots(tuple(item for item in found if item is not None))


def _range(row: Sequence[Any]) -> SlotRange | None:
    first, last = (whole(row[0]), whole(row[1])) if len(row) >= 2 else (None, None)
    if first is None or last is None or not 0 <= first <= last <= 16_383:
        return None
    nodes = [as_list(node) for node in row[2:] if is_list(node)]
    return SlotRange(first, last, tuple(_slot_node(node) for node in nodes if len(node) >= 2), line_of(row))


def _slot_node(node: Sequence[Any]) -> SlotNode:
    return SlotNode(plain(node[0]), whole(node[1]), plain(node[2]) if len(node) > 2 else "")


def _flat_ranges(items: Sequence[Any]) -> Iterator[list[Any]]:
    """Cut raw lines where two numbers stand side by side; nodes are (ip, port, id)."""
    row: list[Any] = []
    index = 0
    while index < len(items):
        if index + 1 < len(items) and whole(items[index]) is not None and whole(items[index + 1]) is not None:
            if row:
                yield row
            row = [items[index], items[index + 1]]
            index += 2
        elif row and index + 1 < len(items) and whole(items[index + 1]) is not None:
            row.append(list(items[index : index + 3]))
            index += 3
        else:
            index += 1  # metadata of 7.0 and later
    if row:
        yield row


def parse_shards(value: Any) -> ClusterShards:
    """Read shards from a tree, JSON or raw lines."""
    items = as_list(unwrap(read_reply(value), "cluster_shards"))
    nested = any(is_list(item) or isinstance(item, Mapping) for item in items)
    shards = [_shard(as_mapping(item)) for item in items] if nested else [_flat(r) for r in records(items, "slots")]
    return ClusterShards(tuple(shard for shard in shards if shard.nodes or shard.slots))


def _shard(values: Mapping[str, Any]) -> Shard:
    numbers = [whole(item) for item in as_list(values.get("slots"))]
    nodes = [as_mapping(node) for node in as_list(values.get("nodes"))]
    return Shard(_spans(numbers), tuple(_shard_node(node) for node in nodes if node))


def _spans(numbers: Sequence[int | None]) -> tuple[tuple[int, int], ...]:
    pairs = zip(numbers[::2], numbers[1::2], strict=False)
    return tuple((first, last) for first, last in pairs if first is not None and last is not None)


def _shard_node(values: Mapping[str, Any]) -> ShardNode:
    return ShardNode(
        id=plain(values.get("id")),
        ip=plain(values.get("ip")) or plain(values.get("endpoint")),
        port=whole(values.get("port")) or whole(values.get("tls-port")),
        role=plain(values.get("role")),
        replication_offset=whole(values.get("replication-offset")),
        health=plain(values.get("health")),
        hostname=plain(values.get("hostname")),
        line=line_of(values.get("id")),
    )


def _flat(record: Sequence[Any]) -> Shard:
    """Read raw lines: "slots", numbers, "nodes", then name and value of each node."""
    cut = next((index for index, item in enumerate(record) if plain(item) == "nodes"), len(record))
    nodes = [as_mapping(node) for node in records(record[cut + 1 :], "id")]
    return Shard(_spans([whole(item) for item in record[1:cut]]), tuple(_shard_node(node) for node in nodes if node))
