"""What cluster rules ask of the evidence: every node's view of the others, and where a node id lives."""

from __future__ import annotations

from collections.abc import Iterator

from incidents.diagnostics.dossier import Dossier, Node
from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.findings import Evidence
from incidents.diagnostics.parsers.cluster_nodes import ClusterNode, ClusterNodes


def views_of(node: Node) -> list[ClusterNodes]:
    """CLUSTER NODES as pasted for a node, oldest first."""
    return [p.data for p in node.of_kind(EvidenceKind.CLUSTER_NODES) if p.data and p.data.nodes]


def latest_view(node: Node) -> ClusterNodes | None:
    views = views_of(node)
    return views[-1] if views else None


def all_views(dossier: Dossier) -> list[ClusterNodes]:
    return [view for node in dossier.nodes if (view := latest_view(node)) is not None]


def cluster_field(node: Node, name: str) -> str:
    """A field of CLUSTER INFO, which metrics may carry as well. Empty when nobody pasted it."""
    for piece in reversed(node.of_kind(EvidenceKind.CLUSTER_INFO)):
        if piece.data and name in piece.data.fields:
            return str(piece.data.fields[name])
    return node.text_of(name)


def quote_field(node: Node, name: str) -> Evidence:
    for piece in reversed(node.of_kind(EvidenceKind.CLUSTER_INFO)):
        if piece.data and name in piece.data.fields:
            return Evidence(
                f"{name}:{piece.data.fields[name]}",
                piece.name or "CLUSTER INFO",
                piece.data.fields.line_of(name),
                node.name,
            )
    return node.latest.quote(name) if node.latest else Evidence(name)


def quote_member(member: ClusterNode, node: Node) -> Evidence:
    return Evidence(member.text[:240] or member.address, "CLUSTER NODES", member.line, node.name)


def members(dossier: Dossier) -> Iterator[ClusterNode]:
    for view in all_views(dossier):
        yield from view.nodes


def id_of(node: Node) -> str:
    """The cluster id of a node: its own view says `myself`, its log "I'm <id>"."""
    view = latest_view(node)
    if view is not None and view.myself is not None:
        return view.myself.id
    event = node.log.last("cluster-identity")
    return event.capture("node").split(" ")[0] if event else ""


def name_of(identity: str, dossier: Dossier) -> str:
    """An id as people know it: its address, else the node that says it is the one, else its first letters."""
    identity = identity.split(" ")[0]
    for member in members(dossier):
        if member.id == identity and member.ip:
            return member.address
    for node in dossier.nodes:
        if node.name and id_of(node) == identity:
            return node.name
    return f"{identity[:8]}…"


def is_failing_somewhere(identity: str, dossier: Dossier) -> bool:
    return any(m.id == identity and (m.is_failed or m.is_suspected) and not m.is_myself for m in members(dossier))
