"""The causal chain as trees that a page draws: what has no cause first, each effect under the nearest of its causes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from incidents.analysis.report import ChainLink, ReportedFinding


@dataclass
class ChainNode:
    id: str
    title: str
    severity: str = ""  # of the finding; empty for a hypothesis
    at: str = ""  # when the evidence shows it first, by the log's clock
    effects: list[ChainNode] = field(default_factory=list)


def chain_of(links: Iterable[ChainLink], findings: Iterable[ReportedFinding] = ()) -> list[ChainNode]:
    """The links as trees. An effect of several causes hangs under the last of them, so that each step is shown once;
    circles are cut."""
    nodes: dict[str, ChainNode] = {}
    causes: dict[str, list[str]] = {}
    for link in links:
        nodes.setdefault(link.cause, ChainNode(link.cause, link.cause_title or link.cause))
        nodes.setdefault(link.effect, ChainNode(link.effect, link.effect_title or link.effect))
        if link.cause != link.effect and not _is_behind(link.cause, link.effect, causes):
            causes.setdefault(link.effect, []).append(link.cause)
    depths: dict[str, int] = {}
    for effect, known in causes.items():
        nearest = max(known, key=lambda cause: _depth(cause, causes, depths))
        nodes[nearest].effects.append(nodes[effect])
    _tell_more(nodes, findings)
    return [node for node in nodes.values() if node.id not in causes]


def _is_behind(node: str, other: str, causes: dict[str, list[str]]) -> bool:
    """Whether `other` is among the causes of a node, however far back."""
    seen, waiting = {node}, [node]
    while waiting:
        for cause in causes.get(waiting.pop(), ()):
            if cause == other:
                return True
            if cause not in seen:
                seen.add(cause)
                waiting.append(cause)
    return False


def _depth(node: str, causes: dict[str, list[str]], known: dict[str, int]) -> int:
    """How many steps a node is away from what has no cause, on the longest way."""
    if node not in known:
        known[node] = max((_depth(cause, causes, known) + 1 for cause in causes.get(node, ())), default=0)
    return known[node]


def _tell_more(nodes: dict[str, ChainNode], findings: Iterable[ReportedFinding]) -> None:
    for finding in findings:
        node = nodes.get(finding.id)
        if node is None:
            continue
        node.severity = node.severity or finding.severity
        times = [quote.at for quote in finding.evidence if quote.at]
        node.at = min([*times, *([node.at] if node.at else [])], default="")
