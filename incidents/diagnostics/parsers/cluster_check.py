"""redis-cli --cluster check (and redis-trib check before it)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.parsers.replies import plain, whole

_ANSI = re.compile(r"(?:\x1b)?\[\d{1,3}(?:;\d{1,3}){0,4}m")
_NODE = re.compile(r"^\s{0,10}([MS]): ([0-9a-f]{40}) (\S{1,200})")
_SLOTS = re.compile(r"^\s{0,10}slots:\s?(\S{0,20000}) \((\d{1,5}) slots\)")
_REPLICATES = re.compile(r"^\s{0,10}replicates ([0-9a-f]{40})")
_SUMMARY = re.compile(
    r"^\s{0,10}(\S{1,200}) \(([0-9a-f]{8})\.\.\.\) -> (\d{1,18}) keys \| (\d{1,5}) slots \| (\d{1,4}) "
)
_VERDICT = re.compile(r"^\s{0,10}(?:\*\*\* )?\[(OK|ERR|WARNING)\]\s{0,4}(.{1,2000})")
_UNREACHABLE = re.compile(r"Could not connect to (?:Redis|Valkey|server)? ?(?:at )?(\S{1,200}): ?(.{1,300})")


@dataclass(frozen=True, slots=True)
class CheckedNode:
    id: str  # eight characters where only the summary was printed
    address: str
    is_master: bool
    slots: int | None = None
    keys: int | None = None
    replicas: int | None = None
    replicates: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class CheckVerdict:
    level: str  # ok, error, warning, unreachable
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class ClusterCheck:
    nodes: tuple[CheckedNode, ...] = ()
    verdicts: tuple[CheckVerdict, ...] = ()

    def of_level(self, level: str) -> tuple[CheckVerdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.level == level)


class _Reader:
    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.verdicts: list[CheckVerdict] = []
        self.current: dict[str, Any] = {}

    def read(self, line: str, number: int) -> None:
        if summary := _SUMMARY.match(line):
            address, identity, keys, slots, replicas = summary.groups()
            self._node(address, id=identity, is_master=True, line=number).update(
                keys=whole(keys), slots=whole(slots), replicas=whole(replicas)
            )
        elif node := _NODE.match(line):
            self.current = self._node(node[3], id=node[2], is_master=node[1] == "M", line=number)
            self.current.update(id=node[2], is_master=node[1] == "M")
        elif slots_line := _SLOTS.match(line):
            self.current.setdefault("slots", whole(slots_line[2]))
        elif replicates := _REPLICATES.match(line):
            self.current["replicates"] = replicates[1]
        elif verdict := _VERDICT.match(line):
            level = {"OK": "ok", "ERR": "error", "WARNING": "warning"}[verdict[1]]
            self.verdicts.append(CheckVerdict(level, verdict[2].strip(), number))
        elif unreachable := _UNREACHABLE.search(line):
            self.verdicts.append(CheckVerdict("unreachable", unreachable[0].strip(), number))

    def _node(self, address: str, **values: Any) -> dict[str, Any]:
        return self.nodes.setdefault(address, {"address": address, **values})


def parse(value: Any) -> ClusterCheck:
    """Read nodes, verdicts and the nodes that did not answer. Colours may have lost their escape character."""
    reader = _Reader()
    for number, line in enumerate(_ANSI.sub("", plain(value)).split("\n"), start=1):
        reader.read(line[:30_000], number)
    nodes = tuple(CheckedNode(**node) for node in reader.nodes.values())
    return ClusterCheck(nodes, tuple(reader.verdicts))
