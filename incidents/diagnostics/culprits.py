"""Who is to blame: CLIENT LIST, SLOWLOG and ACL LOG joined by application, the heaviest first."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from incidents.diagnostics.dossier import Node
from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.parsers.client_list import Client
from incidents.diagnostics.parsers.slowlog import SlowCommand

LEAST_SHARE = 0.10  # of connections, buffers or slow time, from which an application is worth naming
_COUNTER = re.compile(r"[-_.:#]?\d+$")  # "export-3" and "export-7" are one application


@dataclass
class Culprit:
    """What one application (client name, else host) does to the server. Shares are 0–1 of all that was seen."""

    owner: str
    connections: int = 0
    idle: int = 0  # connections without a command for over five minutes
    buffer_bytes: int = 0  # output buffers, omem
    slow_us: int = 0  # time in SLOWLOG
    commands: Counter[str] = field(default_factory=Counter)
    hosts: set[str] = field(default_factory=set)
    shares: dict[str, float] = field(default_factory=dict)

    @property
    def weight(self) -> float:
        return max(self.shares.values(), default=0.0)


def culprits_of(node: Node) -> list[Culprit]:
    """Applications with a telling share of connections, buffers or slow time. Empty without such evidence."""
    found: dict[str, Culprit] = {}
    for client in _clients(node):
        culprit = found.setdefault(owner_of(client), Culprit(owner_of(client)))
        culprit.connections += 1
        culprit.idle += (client.idle or 0) > 300
        culprit.buffer_bytes += client.omem or 0
        culprit.hosts.add(_host(client.address))
    hosts = _names_by_host(node)
    for entry in _slow_commands(node):
        owner = _base(entry.client_name) or hosts.get(_host(entry.client)) or _host(entry.client)
        if owner:
            culprit = found.setdefault(owner, Culprit(owner))
            culprit.slow_us += entry.duration_us
            culprit.commands[entry.arguments[0].upper() if entry.arguments else "?"] += 1
    _share(found)
    return sorted((c for c in found.values() if c.weight >= LEAST_SHARE), key=lambda c: -c.weight)[:6]


def owner_of(client: Client) -> str:
    """The application behind a connection: its name without the number, else its host."""
    return _base(client.name) or _host(client.address)


def _base(name: str) -> str:
    return _COUNTER.sub("", name) or name


def _host(address: str) -> str:
    return address.rpartition(":")[0] or address


def _clients(node: Node) -> Iterator[Client]:
    """Each connection once, as it was last seen: people paste the same list again after a while."""
    seen: dict[object, Client] = {}
    for piece in node.of_kind(EvidenceKind.CLIENT_LIST):
        for number, client in enumerate(piece.data.clients):
            seen[(client.id, client.address) if client.id is not None else (id(piece), number)] = client
    yield from (c for c in seen.values() if not set(c.flags) & set("SM"))  # replicas are no applications


def _slow_commands(node: Node) -> Iterator[SlowCommand]:
    """Each entry once, though two samples of SLOWLOG overlap."""
    seen: dict[object, SlowCommand] = {}
    for piece in node.of_kind(EvidenceKind.SLOWLOG):
        for number, entry in enumerate(piece.data.entries):
            seen[(entry.id, entry.at) if entry.id is not None else (id(piece), number)] = entry
    yield from seen.values()


def _names_by_host(node: Node) -> dict[str, str]:
    """The name that all named connections of a host share."""
    names: dict[str, set[str]] = defaultdict(set)
    for client in _clients(node):
        if client.name:
            names[_host(client.address)].add(_base(client.name))
    return {host: next(iter(found)) for host, found in names.items() if len(found) == 1}


def _share(found: dict[str, Culprit]) -> None:
    """Shares of what weighs: a handful of connections or a few bytes of buffer blame nobody."""
    totals = {
        "connections": sum(c.connections for c in found.values()),
        "buffers": sum(c.buffer_bytes for c in found.values()),
        "slow": sum(c.slow_us for c in found.values()),
    }
    floors = {"connections": 20, "buffers": 1 << 20, "slow": 50_000}
    for culprit in found.values():
        values = {"connections": culprit.connections, "buffers": culprit.buffer_bytes, "slow": culprit.slow_us}
        culprit.shares = {
            name: value / totals[name] for name, value in values.items() if totals[name] >= floors[name] and value
        }
