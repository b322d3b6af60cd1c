"""CLUSTER NODES, CLUSTER REPLICAS and nodes.conf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class SlotMove:
    """A slot in migration, with the node it goes to or comes from."""

    slot: int
    node_id: str


@dataclass(frozen=True, slots=True)
class ClusterNode:
    id: str
    ip: str
    port: int | None
    bus_port: int | None
    flags: tuple[str, ...]  # as printed: "myself", "master", "fail?", …
    master_id: str  # empty for masters
    ping_sent: int  # ms since the epoch, 0 when no ping is pending
    pong_received: int
    config_epoch: int | None
    link_state: str  # connected, disconnected
    slots: tuple[tuple[int, int], ...] = ()
    migrating: tuple[SlotMove, ...] = ()
    importing: tuple[SlotMove, ...] = ()
    hostname: str = ""
    shard_id: str = ""
    text: str = ""
    line: int | None = None

    @property
    def address(self) -> str:
        return f"{self.ip}:{self.port}"

    @property
    def is_myself(self) -> bool:
        return "myself" in self.flags

    @property
    def is_master(self) -> bool:
        return "master" in self.flags

    @property
    def is_replica(self) -> bool:
        return "slave" in self.flags or "replica" in self.flags

    @property
    def is_failed(self) -> bool:
        return "fail" in self.flags

    @property
    def is_suspected(self) -> bool:
        return "fail?" in self.flags

    @property
    def slot_count(self) -> int:
        return sum(last - first + 1 for first, last in self.slots)

    @property
    def pong_at(self) -> datetime | None:
        return None


@dataclass(frozen=True, slots=True)
class ClusterNodes:
    nodes: tuple[ClusterNode, ...] = ()

    @property
    def myself(self) -> ClusterNode | None:
        return next((node for node in self.nodes if node.is_myself), None)

    def node(self, node_id: str) -> ClusterNode | None:
        return next((node for node in self.nodes if node.id == node_id), None)


def parse(value: Any) -> ClusterNodes:
    return ClusterNodes()
