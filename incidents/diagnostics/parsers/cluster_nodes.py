"""CLUSTER NODES, CLUSTER REPLICAS and nodes.conf."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.diagnostics.parsers.replies import as_list, is_list, moment, plain, read_literal, scalar, unwrap, whole

_LINE = re.compile(
    r"(?:^|[\s\"'])([0-9a-f]{40}) (\S{0,400}) ([a-z?,]{3,120}) (-|[0-9a-f]{40}) "
    r"(\d{1,20}) (\d{1,20}) (\d{1,20}) ([a-z]{1,20})(.*)"
)
_CUT_LINE = re.compile(
    r"(?:^|[\s\"'])([0-9a-f]{40}) (\S{0,300}:\d{1,5}(?:@\d{1,5})?\S{0,300}) ([a-z?,]{3,120})(?=\s|$)"
)
_MOVE = re.compile(r"\[(\d{1,5})-([<>])-([0-9a-f]{1,40})\]?")
_RANGE = re.compile(r"^(\d{1,5})(?:-(\d{1,5}))?$")
MAX_SLOT = 16_383


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
        return f"{self.ip}:{self.port}" if self.port is not None else self.ip

    @property
    def is_myself(self) -> bool:
        return "myself" in self.flags

    @property
    def is_master(self) -> bool:
        return "master" in self.flags or "primary" in self.flags

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
    def has_no_address(self) -> bool:
        return "noaddr" in self.flags or not self.ip

    @property
    def slot_count(self) -> int:
        return sum(last - first + 1 for first, last in self.slots)

    @property
    def pong_at(self) -> datetime | None:
        """When the node was last heard of, by the clock of the node that was asked (naive UTC)."""
        return moment(self.pong_received)


@dataclass(frozen=True, slots=True)
class ClusterNodes:
    nodes: tuple[ClusterNode, ...] = ()

    @property
    def myself(self) -> ClusterNode | None:
        return next((node for node in self.nodes if node.is_myself), None)

    @property
    def slots_covered(self) -> int:
        """Slots that some node serves which is not marked as failed."""
        return sum(node.slot_count for node in self.nodes if not node.is_failed)

    def node(self, node_id: str) -> ClusterNode | None:
        return next((node for node in self.nodes if node.id == node_id), None)

    def replicas_of(self, node_id: str) -> tuple[ClusterNode, ...]:
        return tuple(node for node in self.nodes if node.master_id == node_id)


def parse(value: Any) -> ClusterNodes:
    """Read lines, a list of lines, or the objects of redis-py. The same line twice counts once."""
    seen: dict[tuple[str, str], ClusterNode] = {}
    for node in _nodes(value):
        seen.setdefault((node.id, node.address), node)
    return ClusterNodes(tuple(seen.values()))


def is_node_line(line: str) -> bool:
    return (_LINE.search(line[:600]) or _CUT_LINE.search(line[:600])) is not None


def _nodes(value: Any) -> Iterator[ClusterNode]:
    if isinstance(value, str):
        literal = read_literal(value)
        if literal is None:
            yield from _lines(value)
            return
        value = literal
    value = unwrap(value, "cluster_nodes", "nodes")
    if isinstance(value, Mapping):
        found = [_from_object(plain(address), body) for address, body in value.items() if isinstance(body, Mapping)]
        yield from (node for node in found if node is not None)
    elif is_list(value):
        for item in value:
            yield from _lines(plain(item), keep_numbers=False)


def _lines(text: str, *, keep_numbers: bool = True) -> Iterator[ClusterNode]:
    if "\n" not in text.strip() and "\\n" in text:
        text = scalar(text)  # the whole reply as one quoted string
    for number, line in enumerate(text.split("\n"), start=1):
        node = read_node(line, line=number if keep_numbers else None)
        if node is not None:
            yield node


def read_node(text: str, *, line: int | None = None) -> ClusterNode | None:
    """Read one line. Return None if it is none; a line cut after the flags still names the node."""
    text = text[:100_000]  # a slot map of single slots is the longest honest line
    if matched := _LINE.search(text):
        identity, address, flags, master, ping, pong, epoch, link, rest = matched.groups()
    elif cut := _CUT_LINE.search(text):
        identity, address, flags = cut.groups()
        master, ping, pong, epoch, link, rest = "-", "0", "0", "", "", ""
    else:
        return None
    endpoint, _, details = address.partition(",")
    ip, port, bus_port = _endpoint(endpoint)
    hostname, aux = _details(details)
    slots, migrating, importing = _slots(rest.split())
    return ClusterNode(
        id=identity, ip=ip, port=port, bus_port=bus_port, flags=tuple(flag for flag in flags.split(",") if flag),
        master_id="" if master == "-" else master, ping_sent=int(ping), pong_received=int(pong),
        config_epoch=whole(epoch), link_state=link, slots=slots, migrating=migrating, importing=importing,
        hostname=hostname, shard_id=aux.get("shard-id", ""), text=text.strip(), line=line,
    )  # fmt: skip


def _endpoint(text: str) -> tuple[str, int | None, int | None]:
    """Split "10.0.0.1:7001@17001", also without the bus port (before 4.0) and with IPv6."""
    address, _, bus = text.partition("@")
    ip, _, port = address.rpartition(":")
    return ip.strip("[]"), whole(port), whole(bus)


def _details(text: str) -> tuple[str, dict[str, str]]:
    """Split ",hostname,shard-id=…" of 7.0 and later."""
    parts = text.split(",") if text else []
    hostname = next((part for part in parts[:1] if "=" not in part), "")
    return hostname, dict(part.split("=", 1) for part in parts if "=" in part)


def _slots(
    words: list[str],
) -> tuple[tuple[tuple[int, int], ...], tuple[SlotMove, ...], tuple[SlotMove, ...]]:
    ranges: list[tuple[int, int]] = []
    moves: dict[str, list[SlotMove]] = {">": [], "<": []}
    for word in words:
        if move := _MOVE.match(word):
            moves[move[2]].append(SlotMove(int(move[1]), move[3]))
        elif span := _RANGE.match(word.strip("\"',")):
            first = int(span[1])
            last = int(span[2] or first)
            if first <= last <= MAX_SLOT:
                ranges.append((first, last))
    return tuple(ranges), tuple(moves[">"]), tuple(moves["<"])


def _from_object(address: str, body: Mapping[Any, Any]) -> ClusterNode | None:
    """Read what redis-py's cluster("NODES") returns per address."""
    if "node_id" not in body and "flags" not in body:
        return None
    ip, port, bus_port = _endpoint(address)
    spans = [[whole(part) for part in as_list(span)] for span in as_list(body.get("slots"))]
    slots = tuple((span[0], span[-1]) for span in spans if span and span[0] is not None and span[-1] is not None)
    master = plain(body.get("master_id", "-"))
    return ClusterNode(
        id=plain(body.get("node_id")), ip=ip, port=port, bus_port=bus_port,
        flags=tuple(plain(body.get("flags", "")).split(",")), master_id="" if master == "-" else master,
        ping_sent=whole(body.get("last_ping_sent")) or 0, pong_received=whole(body.get("last_pong_rcvd")) or 0,
        config_epoch=whole(body.get("epoch")), link_state="connected" if body.get("connected") else "disconnected",
        slots=slots, hostname=plain(body.get("hostname")),
    )  # fmt: skip
