"""Cluster rules over all nodes: what failed first with clocks aligned, orderly restarts, balance, addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from statistics import median

from incidents.diagnostics.dossier import Dossier, Node
from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.parsers.cluster_nodes import ClusterNode
from incidents.diagnostics.rules.cluster import FAILED_LINES, FAILOVER_LINES, MANUAL_WINDOW, identity_of
from incidents.diagnostics.rules.cluster_views import (
    all_views,
    cluster_field,
    id_of,
    latest_view,
    members,
    name_of,
    quote_member,
)
from incidents.diagnostics.rules.engine import Verdict, dossier_rule, tier
from incidents.diagnostics.rules.replication_group import address_of
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.text import Text

SKEWED_SECONDS = 2.0  # clocks further apart than this are named
CRASHES = ("crash-report", "crash-signal", "crash-assertion", "crash-panic")
MIN_KEYS = 10_000  # below these no master is large enough for its share to matter
FLOORS = {"used_memory": 100 * 1024 * 1024, "instantaneous_ops_per_sec": 1_000}

# --- what failed first ---


@dossier_rule("cluster-first-fault")
def first_fault(dossier: Dossier, spec: RuleSpec) -> Verdict | None:
    """Order the failures by the FAIL notices, which reach all nodes at the same moment whatever their clocks say."""
    if sum(bool(node.log) for node in dossier.nodes) < 2:
        raise MissingField("logs of several nodes")
    noticed = {node.name: marks for node in dossier.nodes if (marks := _first_marks(node))}
    failing = {m.id for m in members(dossier) if m.is_failed and not m.is_myself}
    if len(noticed) < 2 or (not failing and is_orderly(dossier)):
        return None
    still = failing or {identity for marks in noticed.values() for identity in marks}
    offsets = clock_offsets(noticed)
    moments = {identity: _aligned(identity, noticed, offsets) for identity in still}
    order = sorted((at, identity) for identity, at in moments.items() if at is not None)
    if not order:
        return None
    names = [name_of(identity, dossier) for _, identity in order]
    skewed = {name: seconds for name, seconds in offsets.items() if abs(seconds) >= SKEWED_SECONDS}
    quotes = [_mark_quote(identity, dossier, offsets) for _, identity in order[:2]]
    values = {"first": names[0], "order": " → ".join(names), "order_text": _told(order, names, skewed)}
    return Verdict(spec.severity, evidence=tuple(quotes), values=values)


def _first_marks(node: Node) -> dict[str, LogEvent]:
    """When this node first learnt of each failure, by its own clock."""
    marks: dict[str, LogEvent] = {}
    for event in node.log.of(*FAILED_LINES):
        if event.at is not None:
            marks.setdefault(identity_of(event), event)
    return marks


def clock_offsets(noticed: Mapping[str, Mapping[str, LogEvent]]) -> dict[str, float]:
    """Seconds by which each node's clock is ahead of the group's median, from failures that several logs show."""
    shared: dict[str, dict[str, datetime]] = defaultdict(dict)
    for name, marks in noticed.items():
        for identity, event in marks.items():
            if event.at is not None:
                shared[identity][name] = event.at
    base = max(noticed, key=lambda name: len(noticed[name]))
    ahead: dict[str, float] = {base: 0.0}
    for name in noticed:
        gaps = [(t[name] - t[base]).total_seconds() for t in shared.values() if name in t and base in t]
        if gaps and name != base:
            ahead[name] = median(gaps)
    middle = median(ahead.values())
    return {name: seconds - middle for name, seconds in ahead.items()}


def _aligned(
    identity: str, noticed: Mapping[str, Mapping[str, LogEvent]], offsets: Mapping[str, float]
) -> datetime | None:
    times = [
        event.at - timedelta(seconds=offsets[name])
        for name, marks in noticed.items()
        if name in offsets and (event := marks.get(identity)) is not None and event.at is not None
    ]
    return min(times, default=None)


def _mark_quote(identity: str, dossier: Dossier, offsets: Mapping[str, float]) -> Evidence:
    """The line of the node whose clock is nearest to the group's."""
    marks = [(abs(offsets.get(n.name, 1e9)), e) for n in dossier.nodes if (e := _first_marks(n).get(identity))]
    return min(marks, key=lambda pair: pair[0])[1].quote()


def _told(order: list[tuple[datetime, str]], names: list[str], skewed: Mapping[str, float]) -> Text:
    steps = " → ".join(f"{name} ({at:%H:%M:%S})" for (at, _), name in zip(order, names, strict=True))
    clocks = ", ".join(
        f"{name or '?'} {seconds:+.0f} s" for name, seconds in sorted(skewed.items(), key=lambda i: -abs(i[1]))
    )
    ko = f"처음 장애가 난 노드는 {names[0]}입니다. 장애 순서: {steps}."
    en = f"The first node to fail was {names[0]}. Order of the faults: {steps}."
    if clocks:
        ko += f" 노드의 시계가 서로 어긋나 있어 FAIL 통지로 맞춘 순서입니다 (시계 차이: {clocks})."
        en += f" Clocks are skewed, so times were aligned by the FAIL notices (clock offsets: {clocks})."
    return Text(ko=ko, en=en)


# --- an orderly restart of all nodes ---


@dossier_rule("cluster-orderly-restart")
def orderly_restart(dossier: Dossier, spec: RuleSpec) -> Verdict | None:
    """Every restart began with a shutdown, every role change with a manual failover, and all is served now."""
    logs = [node for node in dossier.nodes if node.log and node.log.count("cluster-identity", "cluster-state-ok")]
    if len(logs) < 2:
        raise MissingField("logs of several nodes")
    restarted = [node for node in logs if _restarts(node)]
    if len(restarted) < 2 or not is_orderly(dossier) or not _is_whole(dossier):
        return None
    ordered = sum(node.log.count("election-won") for node in logs)
    quotes = [
        e.quote() for node in restarted[:2] for e in node.log.of("shutdown-by-user", "cluster-manual-failover")[:2]
    ]
    return Verdict(spec.severity, State.CONTEXT, tuple(quotes), {"restarted": len(restarted), "failovers": ordered})


def is_orderly(dossier: Dossier) -> bool:
    """Whether nothing in the logs crashed, started without a shutdown or changed its role unasked."""
    logs = [node for node in dossier.nodes if node.log]
    return not any(node.log.count(*CRASHES) or not _all_ordered(node) for node in logs)


def _restarts(node: Node) -> list[LogEvent]:
    """Starts that follow something else of the same log."""
    return [
        e
        for e in node.log.of("server-starting")
        if any(o.position < e.position - 1 for o in node.log.of("ready", "shutdown-done", "shutdown-by-user"))
    ]


def _all_ordered(node: Node) -> bool:
    stops = node.log.of("shutdown-done", "shutdown-by-user", "sigterm-received")
    starts = node.log.of("server-starting")
    for before, start in zip([None, *starts], starts, strict=False):
        since = before.position if before else 0
        is_first = before is None and not any(o.position < start.position for o in node.log.of("ready", "psync-ok"))
        if not is_first and not any(since < stop.position < start.position for stop in stops):
            return False
    orders = node.log.of("cluster-manual-failover")
    return all(
        any(o.position < change.position and _is_near(o, change) for o in orders)
        for change in node.log.of(*FAILOVER_LINES)
    )


def _is_near(order: LogEvent, change: LogEvent) -> bool:
    return order.at is None or change.at is None or change.at - order.at <= MANUAL_WINDOW


def _is_whole(dossier: Dossier) -> bool:
    views = all_views(dossier)
    if any(cluster_field(node, "cluster_state") == "fail" for node in dossier.nodes):
        return False
    if any(node.text_of("master_link_status") == "down" for node in dossier.nodes):
        return False
    return bool(views) and not any(m.is_failed or m.is_suspected for m in members(dossier))


# --- addresses and balance ---


@dossier_rule("cluster-address-stale")
def address_stale(dossier: Dossier, spec: RuleSpec) -> Verdict | list[Verdict] | None:
    """One id under several addresses, or a node whose address nobody knows."""
    views = all_views(dossier)
    if not views:
        raise MissingField("CLUSTER NODES")
    addresses: dict[str, set[str]] = defaultdict(set)
    for member in members(dossier):
        if member.ip and not member.ip.startswith("127."):
            addresses[member.id].add(member.ip)
    for identity, known in addresses.items():
        if len(known) > 1:
            values = {"id": identity[:8], "addresses": ", ".join(sorted(known))}
            return Verdict(spec.severity, evidence=_lines_of(identity, dossier), values=values)
    for member, real in _misannounced(dossier):
        values = {"id": member.id[:8], "announced": member.address, "real": real}
        severity = Severity.CRITICAL if _is_down(dossier) else spec.severity
        return Verdict(severity, evidence=_lines_of(member.id, dossier), values=values, variant="announced")
    lost = next((m for m in members(dossier) if "noaddr" in m.flags), None)
    if lost is None:
        return None
    return Verdict(Severity.MEDIUM, evidence=_lines_of(lost.id, dossier), values={"id": lost.id[:8]}, variant="noaddr")


def _misannounced(dossier: Dossier) -> Iterator[tuple[ClusterNode, str]]:
    """Failing nodes that are known under another address than the one their own evidence shows."""
    by_id = {id_of(node): node for node in dossier.nodes}
    for member in {m.id: m for m in members(dossier) if m.is_failed and m.ip}.values():
        node = by_id.get(member.id)
        own = _own_address(node) if node is not None else ""
        real = own or _address_as_replica(member, dossier)
        if real and real != member.address and not real.startswith("127."):
            yield member, real


def _own_address(node: Node) -> str:
    """Where a node lives by its own word: CLIENT LIST, or the log and the port of INFO."""
    updated = [e.capture("address").rstrip(".") for e in node.log.of("node-address-updated") if not e.capture("node")]
    port = node.text_of("tcp_port")
    return address_of(node) or (f"{updated[-1]}:{port}" if updated and port else "")


def _address_as_replica(member: ClusterNode, dossier: Dossier) -> str:
    """Where its master sees it connect from, if no other replica listens on that port."""
    lines = [line for node in dossier.nodes for line in node.info.replicas if line.port == member.port]
    return lines[0].address if len({line.ip for line in lines}) == 1 else ""


def _is_down(dossier: Dossier) -> bool:
    return any(cluster_field(node, "cluster_state") == "fail" for node in dossier.nodes)


def _lines_of(identity: str, dossier: Dossier) -> tuple[Evidence, ...]:
    found = [(m, node) for node in dossier.nodes if (v := latest_view(node)) for m in v.nodes if m.id == identity]
    return tuple(quote_member(member, node) for member, node in found[:3])


@dossier_rule("cluster-slot-imbalance")
def slot_imbalance(dossier: Dossier, spec: RuleSpec) -> Verdict | None:
    """The masters' worst share of memory, keys or commands against their mean."""
    figures = _figures(dossier)
    if not figures:
        raise MissingField("INFO of several masters")
    large = {what: values for what, values in figures.items() if max(values.values()) >= FLOORS.get(what, MIN_KEYS)}
    if not large:
        return None
    share, what, values = max(((_share(v), what, v) for what, v in large.items()), key=lambda item: item[0])
    severity = tier(share, spec)
    if severity is None:
        return None
    node = max(values, key=lambda name: values[name])
    told = ", ".join(f"{name} {value:,.0f}" for name, value in sorted(values.items(), key=lambda item: -item[1])[:4])
    quote = Evidence(f"{what}: {told}", "INFO")
    verdict_values = {"node": node, "what": what, "value": share, "figures": told}
    return Verdict(severity, None if share >= 2 else State.RISK, (quote,), verdict_values)


def _share(values: Mapping[str, float]) -> float:
    mean = sum(values.values()) / len(values)
    return max(values.values()) / mean if mean else 0.0


def _figures(dossier: Dossier) -> dict[str, dict[str, float]]:
    nodes = [n for n in dossier.nodes if n.text_of("cluster_enabled") == "1" and n.text_of("role") == "master"]
    figures: dict[str, dict[str, float]] = defaultdict(dict)
    for node in nodes:
        for name in ("used_memory", "instantaneous_ops_per_sec"):
            if node.latest and node.latest.has(name):
                figures[name][node.name] = node.latest.number(name)
        figures["keys"][node.name] = float(sum(db.keys for db in node.info.databases))
    for piece in dossier.of_kind(EvidenceKind.CLUSTER_CHECK):
        for member in piece.data.nodes if piece.data else ():
            if member.is_master and member.keys is not None:
                figures["keys (--cluster check)"][member.address] = float(member.keys)
    return {what: values for what, values in figures.items() if len(values) >= 2}
