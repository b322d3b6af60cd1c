"""Cluster rules of one node: coverage, failed nodes, elections, migration and addresses as that node sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField, read_number
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.parsers.cluster_nodes import ClusterNode, ClusterNodes
from incidents.diagnostics.rules.cluster_views import (
    cluster_field,
    is_failing_somewhere,
    latest_view,
    name_of,
    quote_field,
    quote_member,
)
from incidents.diagnostics.rules.engine import Verdict, rule, tier
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View
from incidents.diagnostics.text import Text

ALL_SLOTS = 16_384
FAILED_LINES = ("node-failing", "node-fail-received")
BLOCKED_LINES = ("cluster-failover-blocked", "cluster-manual-failover-timeout")
FAILOVER_LINES = ("election-won", "cluster-reconfigured-as-replica", "shard-failover")
MIGRATION_LINES = ("slot-migration-failed", "slot-task-failed", "slot-task-problem", "slot-migration-rdb-invalid")
MIGRATION_REPLIES = ("reply-migrate-failed", "reply-busykey", "reply-slots-busy")
REDIRECTS = {"reply-moved": "MOVED", "reply-ask": "ASK", "reply-tryagain": "TRYAGAIN"}
CROSSSLOT = {"reply-crossslot": "CROSSSLOT"}
MANUAL_WINDOW = timedelta(seconds=30)
LONG_AGO = timedelta(hours=6)
JOINING_SECONDS = 300


def need_view(view: View) -> ClusterNodes:
    found = latest_view(view.node)
    if found is None:
        raise MissingField("CLUSTER NODES")
    return found


def need_field(view: View, name: str) -> float:
    number = read_number(cluster_field(view.node, name))
    if number is None:
        raise MissingField(name)
    return number


# --- coverage ---


@rule("cluster-state-fail")
def state_fail(view: View, spec: RuleSpec) -> Verdict | None:
    """CLUSTER INFO decides; without it the last state line of the log; clients' CLUSTERDOWN only without either."""
    state = cluster_field(view.node, "cluster_state")
    opened, closed = view.events("cluster-state-fail", "cluster-minority"), view.node.log.last("cluster-state-ok")
    said = view.said("reply-clusterdown")
    if not state and not opened and not said and not view.node.log:
        raise MissingField("cluster_state")
    quotes = [event.quote() for event in (*opened[-1:], *said[:1])]
    values = {"where": view.node.name or "CLUSTER INFO", "ok": cluster_field(view.node, "cluster_slots_ok") or "?"}
    if state == "fail":
        if _is_joining(view):
            return None
        return Verdict(spec.severity, evidence=(quote_field(view.node, "cluster_state"), *quotes), values=values)
    ended = closed is not None and (not opened or closed.position > opened[-1].position)
    if state == "ok" or (opened and ended):
        seen = bool(opened or said) and (ended or state == "ok")
        return Verdict(Severity.LOW, State.RECOVERED, tuple(quotes), values, "recovered") if seen else None
    if opened:
        return Verdict(spec.severity, evidence=tuple(quotes), values=values)
    if said and not any(cluster_field(node, "cluster_state") == "ok" for node in view.dossier.nodes):
        count = view.node.said.count("reply-clusterdown")
        return Verdict(spec.severity, evidence=tuple(quotes), values={"count": count}, variant="said")
    return None


def _is_joining(view: View) -> bool:
    """A young master without slots that sees no failed node: it has not been told of the cluster yet."""
    found = latest_view(view.node)
    myself = found.myself if found else None
    young = view.has("uptime_in_seconds") and view.now.number("uptime_in_seconds") < JOINING_SECONDS
    if not young or myself is None or not myself.is_master or myself.slots or found is None:
        return False
    return not any(member.is_failed or member.is_suspected for member in found.nodes)


@rule("cluster-joining-node")
def joining_node(view: View, spec: RuleSpec) -> Verdict | None:
    need_view(view)
    if cluster_field(view.node, "cluster_state") != "fail" or not _is_joining(view):
        return None
    values = {"uptime": view.number("uptime_in_seconds")}
    return Verdict(spec.severity, evidence=(quote_field(view.node, "cluster_state"), *view.evidence()), values=values)


@rule("cluster-slots-unassigned")
def slots_unassigned(view: View, spec: RuleSpec) -> Verdict | None:
    assigned = need_field(view, "cluster_slots_assigned")
    is_new = need_field(view, "cluster_size") == 0 or _is_joining(view)
    if assigned >= ALL_SLOTS or is_new:
        return None
    values = {"assigned": assigned, "missing": ALL_SLOTS - assigned}
    return Verdict(spec.severity, evidence=(quote_field(view.node, "cluster_slots_assigned"),), values=values)


@rule("cluster-slots-pfail")
def slots_pfail(view: View, spec: RuleSpec) -> Verdict | None:
    return _slots_in_trouble(view, spec, "cluster_slots_pfail")


@rule("cluster-slots-fail")
def slots_fail(view: View, spec: RuleSpec) -> Verdict | None:
    verdict = _slots_in_trouble(view, spec, "cluster_slots_fail")
    found = latest_view(view.node)
    owners = [member for member in found.nodes if member.is_failed and member.slots] if found else []
    if verdict is None or not owners:
        return verdict
    verdict.values["owners_text"] = f" ({', '.join(member.address for member in owners)})"  # type: ignore[index]
    return verdict


def _slots_in_trouble(view: View, spec: RuleSpec, name: str) -> Verdict | None:
    value = need_field(view, name)
    if value <= 0:
        return None
    severity = tier(value, spec) if spec.thresholds else spec.severity
    return Verdict(severity or spec.severity, evidence=(quote_field(view.node, name),), values={"value": value})


# --- failed nodes and partitions ---


@rule("cluster-node-fail")
def node_fail(view: View, spec: RuleSpec) -> list[Verdict]:
    """Nodes that this one holds for failed: CLUSTER NODES decides, else the last line about each."""
    found = latest_view(view.node)
    if found is None and not view.node.log:
        raise MissingField("CLUSTER NODES")
    lines = _last_fail_lines(view)
    verdicts = [
        _failed(view, member, lines.pop(member.id, None))
        for member in (found.nodes if found else ())
        if member.is_failed
    ]
    for identity, event in lines.items():
        values = {"address": name_of(identity, view.dossier)}
        over = event.name == "node-fail-cleared" or (found is not None and found.node(identity) is not None)
        state = State.RECOVERED if over else None
        severity = Severity.LOW if over else spec.severity
        verdicts.append(Verdict(severity, state, (event.quote(),), values, "recovered" if over else ""))
    return verdicts


def identity_of(event: LogEvent) -> str:
    """The node id of a line, without the name and the colon that may follow it."""
    return event.capture("node").split(" ")[0].strip(":.,")


def _last_fail_lines(view: View) -> dict[str, LogEvent]:
    last: dict[str, LogEvent] = {}
    for event in view.events(*FAILED_LINES, "node-fail-cleared"):
        last[identity_of(event)] = event
    return last


def _failed(view: View, member: ClusterNode, line: LogEvent | None) -> Verdict:
    quotes = (quote_member(member, view.node), *((line.quote(),) if line else ()))
    first = f" ({line.at:%H:%M:%S})" if line and line.at else ""
    # A failed replica, or a master whose slots another one took over, serves nothing any more.
    severity = Severity.HIGH if member.slots else Severity.MEDIUM
    return Verdict(severity, evidence=quotes, values={"address": member.address, "first_text": first})


@rule("cluster-minority-partition")
def minority_partition(view: View, spec: RuleSpec) -> Verdict | None:
    found = latest_view(view.node)
    logged = view.events("cluster-minority")
    if found is None and not view.node.log:
        raise MissingField("CLUSTER NODES")
    if found is not None and found.myself is not None:
        verdict = _isolated(view, spec, found)
        if verdict is not None:
            return verdict
    ok = view.node.log.last("cluster-state-ok")
    if logged and cluster_field(view.node, "cluster_state") != "ok" and not (ok and ok.position > logged[-1].position):
        return Verdict(
            spec.severity, evidence=(logged[-1].quote(),), values={"node": view.node.name or "?"}, variant="log"
        )
    return None


def _isolated(view: View, spec: RuleSpec, found: ClusterNodes) -> Verdict | None:
    """Most masters, and at least half of all others, are out of reach from here alone."""
    masters = [member for member in found.nodes if member.is_master and member.slots]
    others = [member for member in found.nodes if not member.is_myself]
    lost = [m for m in masters if not m.is_myself and (m.is_failed or m.is_suspected)]
    away = [m for m in others if m.is_failed or m.is_suspected]
    suspected = any(member.is_suspected for member in lost)
    majority_lost = len(masters) >= 2 and len(masters) - len(lost) <= len(masters) // 2
    if (
        not (majority_lost and suspected and len(away) * 2 >= len(others))
        or cluster_field(view.node, "cluster_state") == "ok"
    ):
        return None
    name = found.myself.address if found.myself else view.node.name
    quotes = [quote_member(member, view.node) for member in lost[:2]]
    if cluster_field(view.node, "cluster_state"):
        quotes.insert(0, quote_field(view.node, "cluster_state"))
    return Verdict(
        spec.severity, evidence=tuple(quotes), values={"node": name, "lost": len(lost), "masters": len(masters)}
    )


# --- failover ---


@rule("cluster-failover-blocked")
def failover_blocked(view: View, spec: RuleSpec) -> Verdict | None:
    if not view.node.log:
        raise MissingField("server log")
    blocked = view.events(*BLOCKED_LINES)
    if not blocked:
        return None
    reasons = Counter(event.capture("reason").split(".")[0] or "Manual failover timed out" for event in blocked)
    values = {
        "node": view.node.name or "?", "count": view.count(*BLOCKED_LINES),
        "reason": "; ".join(reason for reason, _ in reasons.most_common(3)),
    }  # fmt: skip
    done = view.node.log.last("election-won", "cluster-state-ok", "psync-ok", "full-sync-done")
    quotes = tuple(event.quote() for event in (*blocked[:1], *blocked[-1:][len(blocked) < 2 :]))
    if done and done.position > blocked[-1].position:
        return Verdict(Severity.LOW, State.RECOVERED, quotes, values, "recovered")
    down = any(cluster_field(node, "cluster_state") == "fail" for node in view.dossier.nodes)
    return Verdict(Severity.CRITICAL if down else spec.severity, evidence=quotes, values=values)


@rule("cluster-failover-occurred")
def failover_occurred(view: View, spec: RuleSpec) -> Verdict | None:
    """Role changes of this node, apart from the ones that somebody ordered."""
    if not view.node.log:
        raise MissingField("server log")
    changes = view.events(*FAILOVER_LINES)
    if not changes:
        return None
    unplanned = [event for event in changes if not _was_ordered(view, event)]
    last = (unplanned or changes)[-1]
    values = {"node": view.node.name or view.node.text_of("tcp_port") or "?", "line": last.entry.message[:160]}
    quotes = tuple(event.quote() for event in (*_crash_traces(view, last), last))
    if not unplanned:
        return Verdict(Severity.LOW, State.CONTEXT, quotes, values, "planned")
    end = view.node.log.last_at
    if end and last.at and end - last.at > LONG_AGO:
        return Verdict(Severity.LOW, State.RECOVERED, quotes, values, "old")
    served = cluster_field(view.node, "cluster_state") in ("ok", "")
    return Verdict(Severity.MEDIUM if served else Severity.HIGH, evidence=quotes, values=values)


def _was_ordered(view: View, event: LogEvent) -> bool:
    """Whether a manual failover was asked for shortly before, on this node or (by its clock) never logged an end."""
    orders = [
        e for e in view.events("cluster-manual-failover", "cluster-forced-failover") if e.position < event.position
    ]
    if not orders:
        return False
    order = orders[-1]
    return order.at is None or event.at is None or event.at - order.at <= MANUAL_WINDOW


def _crash_traces(view: View, event: LogEvent) -> list[LogEvent]:
    """The start before a role change, if no shutdown was logged before it: the node had crashed or been killed."""
    starts = [e for e in view.events("server-starting") if e.position < event.position]
    stops = [e for e in view.events("shutdown-done", "shutdown-by-user") if starts and e.position < starts[-1].position]
    return [] if stops or not starts else starts[-1:]


# --- migration and redirects ---


@rule("cluster-slot-migration-stuck")
def slot_migration_stuck(view: View, spec: RuleSpec) -> Verdict | None:
    found = latest_view(view.node)
    failed = [*view.events(*MIGRATION_LINES), *view.said(*MIGRATION_REPLIES, "cluster-check-open-slots")]
    checks = view.node.of_kind(EvidenceKind.CLUSTER_CHECK)
    if found is None and not failed and not checks and not view.node.log:
        raise MissingField("CLUSTER NODES")
    moves = [move for member in (found.nodes if found else ()) for move in (*member.migrating, *member.importing)]
    open_lines = [
        v
        for c in checks
        if c.data
        for v in c.data.verdicts
        if "open slots" in v.text or "importing" in v.text or "migrating" in v.text
    ]
    done = view.node.log.last("slot-task-done")
    if failed and not (done and done.position > failed[-1].position and not view.said(*MIGRATION_REPLIES)):
        values = {"count": len(failed), "line": failed[-1].entry.message[:160]}
        return Verdict(Severity.HIGH, evidence=tuple(e.quote() for e in failed[-2:]), values=values, variant="log")
    bad = [verdict for verdict in open_lines if verdict.level in ("warning", "error")]
    if not moves and not bad:
        return None
    slots = ", ".join(sorted({str(move.slot) for move in moves})[:6]) or bad[0].text[:80]
    quotes = [quote_member(m, view.node) for m in (found.nodes if found else ()) if m.migrating or m.importing][:2]
    quotes += [
        Evidence(verdict.text[:200], "redis-cli --cluster check", verdict.line, view.node.name) for verdict in bad[:2]
    ]
    return Verdict(Severity.HIGH if bad else Severity.MEDIUM, evidence=tuple(quotes), values={"slots": slots})


@rule("cluster-redirects")
def redirects(view: View, spec: RuleSpec) -> Verdict | None:
    return _refused(view, REDIRECTS)


@rule("cluster-crossslot-errors")
def crossslot_errors(view: View, spec: RuleSpec) -> Verdict | None:
    return _refused(view, CROSSSLOT)


def _refused(view: View, codes_of: Mapping[str, str]) -> Verdict | None:
    """What clients were answered, or the counters if they are a large share of all commands."""
    said = view.said(*codes_of)
    errors = {code: view.node.info.errors.get(code, 0) for code in codes_of.values()}
    total = sum(errors.values())
    if not said and view.node.latest is None:
        raise MissingField(f"errorstat_{next(iter(codes_of.values()))}")
    if said:
        codes = "/".join(dict.fromkeys(codes_of[event.name] for event in said))
        values = {"codes": codes, "count": view.node.said.count(*codes_of)}
        return Verdict(Severity.MEDIUM, evidence=tuple(event.quote() for event in said[:2]), values=values)
    if not total:
        return None
    for code, count in errors.items():
        if count:
            view.value_of(f"errorstat_{code}")
    values = {"codes": "/".join(code for code, count in errors.items() if count), "count": total}
    commands = float(view.get("total_commands_processed", 0) or 0)
    if total >= 100 and total > 0.05 * commands:
        return Verdict(Severity.MEDIUM, evidence=view.evidence(), values=values)
    return Verdict(Severity.LOW, State.HISTORY, view.evidence(), values, "history")


# --- shape and addresses ---


@rule("cluster-master-no-replica")
def master_no_replica(view: View, spec: RuleSpec) -> Verdict | None:
    bare = _bare_masters(need_view(view))
    if not bare:
        return None
    values = {"nodes": ", ".join(member.address for member in bare[:4])}
    return Verdict(spec.severity, evidence=tuple(quote_member(m, view.node) for m in bare[:2]), values=values)


def _bare_masters(found: ClusterNodes) -> list[ClusterNode]:
    masters = [m for m in found.nodes if m.is_master and m.slots and not m.is_failed]
    return [m for m in masters if not any(not r.is_failed for r in found.replicas_of(m.id))]


@rule("cluster-full-coverage")
def full_coverage(view: View, spec: RuleSpec) -> Verdict | None:
    if view.config("cluster-require-full-coverage") != "yes":
        return None
    bare = _bare_masters(need_view(view))
    values = {"nodes": ", ".join(member.address for member in bare[:4])}
    return Verdict(spec.severity, evidence=view.evidence(), values=values) if bare else None


@rule("cluster-topology-odd")
def topology_odd(view: View, spec: RuleSpec) -> Verdict | None:
    size = need_field(view, "cluster_size")
    if size == 0 or size >= 3:
        return None
    return Verdict(spec.severity, evidence=(quote_field(view.node, "cluster_size"),), values={"size": size})


@rule("cluster-node-timeout-small")
def node_timeout_small(view: View, spec: RuleSpec) -> Verdict | None:
    if view.has_config("cluster-node-timeout"):
        milliseconds = read_number(view.config("cluster-node-timeout"))
    else:
        milliseconds = view.number("cluster_node_timeout")
    severity = tier(milliseconds, spec) if milliseconds else None
    return Verdict(severity, evidence=view.evidence(), values={"milliseconds": milliseconds}) if severity else None


@rule("cluster-bus-port-odd")
def bus_port_odd(view: View, spec: RuleSpec) -> Verdict | None:
    """One node whose announced bus port does not follow the rule that all the others follow."""
    found = need_view(view)
    gaps = {m.id: m.bus_port - m.port for m in found.nodes if m.bus_port and m.port}
    if len(gaps) < 3:
        return None
    usual, times = Counter(gaps.values()).most_common(1)[0]
    odd = [member for member in found.nodes if gaps.get(member.id, usual) != usual]
    if len(odd) != 1 or times < len(gaps) - 1:
        return None
    member = odd[0]
    failing = is_failing_somewhere(member.id, view.dossier)
    text = (
        Text(ko="; 다른 노드들은 이 노드를 fail로 봅니다", en="; its peers see it as failed")
        if failing
        else Text("", "")
    )
    values = {
        "address": member.address, "bus_port": member.bus_port, "usual": usual,
        "expected": (member.port or 0) + usual, "fail_text": text,
    }  # fmt: skip
    quotes = (quote_member(member, view.node),)
    if not failing:
        return Verdict(Severity.MEDIUM, State.RISK, quotes, values)
    down = any(cluster_field(node, "cluster_state") == "fail" for node in view.dossier.nodes)
    return Verdict(Severity.CRITICAL if down else Severity.HIGH, evidence=quotes, values=values)
