"""Replication rules that compare the nodes of a group: who is master, which versions and limits they have."""

from __future__ import annotations

import re

from incidents.diagnostics.dossier import Dossier, Node
from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField, read_number
from incidents.diagnostics.findings import Evidence, Severity
from incidents.diagnostics.parsers.sentinel import SentinelInstance
from incidents.diagnostics.rules.engine import Verdict, dossier_rule, rule
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

NO_HISTORY = "0" * 40
_LOCAL_ADDRESS = re.compile(r"\bladdr=(\S+:\d+)")


def data_nodes(dossier: Dossier) -> list[Node]:
    """Nodes of which INFO tells the role and that are no part of a Redis Cluster."""
    return [n for n in dossier.nodes if n.text_of("role") and n.text_of("cluster_enabled") != "1"]


def sentinel_instances(dossier: Dossier) -> list[SentinelInstance]:
    pieces = dossier.of_kind(EvidenceKind.SENTINEL)
    return [instance for piece in pieces if piece.data for instance in piece.data.instances]


def address_of(node: Node) -> str:
    """The node's own address, as its CLIENT LIST tells since 6.2, else ""."""
    for piece in node.of_kind(EvidenceKind.CLIENT_LIST):
        found = _LOCAL_ADDRESS.search(piece.text)
        if found and not found[1].startswith(("127.", "[::1]")):
            return found[1]
    return ""


def _quote(node: Node, *names: str) -> list[Evidence]:
    return [node.latest.quote(name) for name in names if node.latest and node.latest.has(name)]


@dossier_rule("repl-no-master")
def no_master(dossier: Dossier, spec: RuleSpec) -> Verdict | None:
    nodes = data_nodes(dossier)
    if len(nodes) < 2:
        raise MissingField("INFO of every node")
    if any(n.text_of("role") == "master" or n.text_of("master_link_status") != "down" for n in nodes):
        return None
    quotes = tuple(quote for node in nodes[:3] for quote in _quote(node, "role", "master_link_status"))
    return Verdict(spec.severity, evidence=quotes, values={"count": len(nodes)})


@dossier_rule("repl-too-many-masters")
def too_many_masters(dossier: Dossier, spec: RuleSpec) -> Verdict | None:
    """Two masters that share a replication history, or one that Sentinel takes for a replica."""
    masters = [node for node in data_nodes(dossier) if node.text_of("role") == "master"]
    pair = next(((a, b) for a in masters for b in masters if a is not b and _share_history(a, b)), None)
    if pair is None and len(masters) > 1 and _one_group(dossier):
        pair = (masters[0], masters[1])
    if pair is not None:
        quotes = tuple(q for node in pair for q in _quote(node, "role", "master_replid", "master_replid2"))
        return _split(pair[0].name or "?", pair[1].name or "?", quotes, dossier)
    if not data_nodes(dossier):
        raise MissingField("role")
    return _demoted_master(dossier, masters)


def _share_history(a: Node, b: Node) -> bool:
    ids = [{n.text_of("master_replid"), n.text_of("master_replid2")} - {"", NO_HISTORY} for n in (a, b)]
    return bool(ids[0] & ids[1])


def _one_group(dossier: Dossier) -> bool:
    """Whether the paste is about one Sentinel group, so that two masters can't be two stand-alone servers."""
    if any(node.text_of("sentinel_masters") == "1" for node in dossier.nodes):
        return True
    return dossier.intake.deployment_type.lower() == "sentinel"


def _demoted_master(dossier: Dossier, masters: list[Node]) -> Verdict | None:
    """A node that still says master while Sentinel lists its address among the replicas."""
    replicas = {i.address: i for i in sentinel_instances(dossier) if i.role == "replica"}
    for node in masters:
        seen = replicas.get(address_of(node))
        if seen is not None:
            announced = next((i.address for i in sentinel_instances(dossier) if i.role == "master"), "?")
            flags = Evidence(f"{seen.name} flags {seen.fields.get('flags', '')}", "SENTINEL REPLICAS")
            return _split(address_of(node), announced, (*_quote(node, "role"), flags), dossier, "demoted")
    return None


def _split(first: str, second: str, quotes: tuple[Evidence, ...], dossier: Dossier, variant: str = "") -> Verdict:
    switches = [event.quote() for node in dossier.nodes for event in node.log.of("switch-master")[-1:]]
    values = {"nodes": f"{first}, {second}"}
    return Verdict(Severity.CRITICAL, evidence=(*quotes, *switches[:1]), values=values, variant=variant)


@dossier_rule("repl-promotable-none")
def promotable_none(dossier: Dossier, spec: RuleSpec) -> Verdict | None:
    replicas = [i for i in sentinel_instances(dossier) if i.role == "replica"]
    priorities = [i.fields.get("slave-priority", i.fields.get("replica-priority", "")) for i in replicas]
    nodes = [
        n for n in data_nodes(dossier) if n.text_of("role") in ("slave", "replica") and n.text_of("slave_priority")
    ]
    priorities += [node.text_of("slave_priority") for node in nodes]
    if not priorities:
        raise MissingField("slave_priority")
    if any(priority != "0" for priority in priorities):
        return None
    quotes = [Evidence(f"{i.name} slave-priority 0", "SENTINEL REPLICAS") for i in replicas[:2]]
    quotes += [quote for node in nodes[:2] for quote in _quote(node, "slave_priority")]
    return Verdict(spec.severity, evidence=tuple(quotes), values={"count": len(priorities)})


@dossier_rule("repl-version-skew")
def version_skew(dossier: Dossier, spec: RuleSpec) -> Verdict | None:
    for node in dossier.nodes:
        events = node.log.of("rdb-version-unsupported")
        if events and node.log.of("full-resync-from-master", "full-sync-step"):
            values = {"format": events[-1].capture("version").rstrip(".")}
            return Verdict(Severity.CRITICAL, evidence=(events[-1].quote(),), values=values, variant="unreadable")
    nodes = [node for node in data_nodes(dossier) if _version(node)]
    master = next((node for node in nodes if node.text_of("role") == "master"), None)
    replica = next(
        (n for n in nodes if n.text_of("role") == "slave" and master and _version(n) < _version(master)), None
    )
    if master is None or not any(node.text_of("role") == "slave" for node in nodes):
        raise MissingField("redis_version of master and replica")
    if replica is None or _version(replica)[:2] == _version(master)[:2]:
        return None
    values = {"master_version": _printed(master), "replica_version": _printed(replica)}
    quotes = (*_quote(master, "redis_version"), *_quote(replica, "redis_version"))
    return Verdict(spec.severity, evidence=quotes, values=values)


def _printed(node: Node) -> str:
    # Valkey answers redis_version:7.2.4 for compatibility; its own version stands beside.
    return node.text_of("valkey_version") or node.text_of("redis_version")


def _version(node: Node) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", _printed(node))[:3])


@dossier_rule("repl-maxmemory-skew")
def maxmemory_skew(dossier: Dossier, spec: RuleSpec) -> Verdict | None:
    nodes = [node for node in data_nodes(dossier) if node.text_of("maxmemory")]
    master = next((node for node in nodes if node.text_of("role") == "master"), None)
    replicas = [node for node in nodes if node.text_of("role") in ("slave", "replica")]
    if master is None or not replicas:
        raise MissingField("maxmemory of master and replica")
    limit = read_number(master.text_of("maxmemory")) or 0
    for node in replicas:
        own = read_number(node.text_of("maxmemory")) or 0
        obeys = (
            node.settings.get("replica-ignore-maxmemory", node.settings.get("slave-ignore-maxmemory", "yes")) == "no"
        )
        if own and obeys and (own < limit or limit == 0):
            quotes = (*_quote(master, "maxmemory"), *_quote(node, "maxmemory"))
            return Verdict(
                spec.severity, evidence=quotes, values={"master_limit": limit, "replica_limit": own}, node=node.name
            )
    return None


@rule("repl-no-replica")
def no_replica(view: View, spec: RuleSpec) -> Verdict | None:
    """A master alone where somebody wanted redundancy; a stand-alone cache is alone by design (guard G4)."""
    if view.text("role") != "master" or view.number("connected_slaves") > 0 or view.get("cluster_enabled") == 1:
        return None
    dossier = view.dossier
    is_group = dossier.deployment in ("sentinel", "replication") or bool(sentinel_instances(dossier))
    return Verdict(spec.severity, evidence=view.evidence()) if is_group else None
