"""Memory rules that need more than a comparison: limits, eviction, client buffers, what the kernel did."""

from __future__ import annotations

from collections import Counter

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.rules.engine import Verdict, decide_by_log, rule, tier
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

MB = 1024 * 1024


@rule("mem-maxmemory-pressure")
def maxmemory_pressure(view: View, spec: RuleSpec) -> Verdict | None:
    """Compare memory that counts for eviction with the limit; a cache at its limit is as it should be."""
    limit = view.number("maxmemory")
    if limit <= 0 or _ignores_its_limit(view):
        return None
    used = view.number("used_memory") - float(view.get("mem_not_counted_for_evict", 0) or 0)
    policy = str(view.get("maxmemory_policy", ""))
    severity = tier(used / limit, spec)
    if severity is None:
        return None
    values = {"used_memory": used, "maxmemory": limit, "maxmemory_policy": policy, "value": used / limit}
    if policy.startswith("allkeys"):
        return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values, "cache")
    if severity is Severity.CRITICAL and policy not in ("noeviction", ""):
        severity = Severity.HIGH
    return Verdict(severity, evidence=view.evidence(), values=values)


def _ignores_its_limit(view: View) -> bool:
    """Replicas ignore maxmemory unless they are told not to."""
    if view.get("role") != "slave":
        return False
    return not (view.has_config("replica-ignore-maxmemory") and view.config("replica-ignore-maxmemory") == "no")


@rule("mem-oom-rejecting-writes")
def oom_rejecting_writes(view: View, spec: RuleSpec) -> Verdict | None:
    """Tell refusals that go on from a total that is history."""
    limit = view.number("maxmemory")
    used = view.number("used_memory")
    refused = error_count(view, "OOM")
    policy = str(view.get("maxmemory_policy", ""))
    values = {"used_memory": used, "maxmemory": limit, "maxmemory_policy": policy, "oom": refused}
    if error_growth(view, "OOM") > 0:
        return Verdict(spec.severity, evidence=view.evidence(), values=values)
    is_full = limit > 0 and used >= spec.thresholds["usage_share"] * limit and not policy.startswith("allkeys")
    if is_full and (refused > 0 or not view.node.info.errors):
        return Verdict(spec.severity, evidence=view.evidence(), values=values)
    if refused > 0:
        return Verdict(Severity.LOW, State.HISTORY, view.evidence(), values, "history")
    return None


def error_count(view: View, code: str) -> int:
    """Errors of a kind since start, and their line among the evidence."""
    count = view.node.info.errors.get(code, 0)
    if count:
        view.value_of(f"errorstat_{code}")
    return count


def error_growth(view: View, code: str) -> int:
    """Errors of a kind between the samples; 0 also where there is no second one."""
    earlier = view.node.earlier
    if earlier is None or view.node.restarted:
        return 0
    return view.node.info.errors.get(code, 0) - earlier.info.errors.get(code, 0)


@rule("mem-maxmemory-misset")
def maxmemory_misset(view: View, spec: RuleSpec) -> Verdict | None:
    """A limit below present use evicts or refuses at once; a typo or a limit above the host's memory waits."""
    below, odd = view.events("maxmemory-below-use"), view.events("maxmemory-tiny", "maxmemory-32bit")
    limit, used = float(view.get("maxmemory", 0) or 0), float(view.get("used_memory", 0) or 0)
    values = {"maxmemory": limit, "used_memory": used}
    if below:
        is_over = bool(limit and used and used < limit)
        state, severity = (State.RECOVERED, Severity.LOW) if is_over else (None, Severity.HIGH)
        quotes = (below[-1].quote(), *view.evidence())
        return Verdict(severity, state, quotes, values, "recovered" if is_over else "below")
    if odd:
        return Verdict(spec.severity, None, (odd[-1].quote(),), values)
    host = view.number("total_system_memory") if limit else 0.0
    if host and limit > host:
        return Verdict(spec.severity, State.RISK, view.evidence(), {**values, "host": host}, "host")
    if view.node.latest is None and not view.node.log:
        raise MissingField("maxmemory")
    return None


@rule("mem-eviction-rate")
def eviction_rate(view: View, spec: RuleSpec) -> Verdict | None:
    """Judge eviction by what it does to the hit rate, because every full cache evicts."""
    evicted = view.number("evicted_keys")
    if evicted <= 0:
        return None
    hits, misses = view.number("keyspace_hits"), view.number("keyspace_misses")
    hit_rate = hits / (hits + misses) if hits + misses else 1.0
    limit = float(view.get("maxmemory", 0) or 0)
    usage = view.number("used_memory") / limit if limit else 0.0
    values = {
        "evicted_keys": evicted, "hit_rate": hit_rate, "keyspace_misses": misses, "maxmemory": limit, "usage": usage,
    }  # fmt: skip
    if view.node.earlier is not None and not view.node.restarted:
        return _eviction_now(view, spec, values)
    cuts = spec.thresholds
    keys = max(sum(db.keys for db in view.node.info.databases), 1)
    if usage < cuts["usage_share"]:
        return Verdict(Severity.LOW, State.HISTORY, view.evidence(), values)
    if hit_rate < cuts["hit_share"] and evicted > cuts["lost_share"] * keys and hits + misses > cuts["lookups"]:
        collapsed = hit_rate < cuts["poor_hit_share"] and evicted > cuts["turnover"] * keys
        return Verdict(Severity.HIGH if collapsed else Severity.MEDIUM, evidence=view.evidence(), values=values)
    return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values, "steady")


def _eviction_now(view: View, spec: RuleSpec, values: dict[str, float]) -> Verdict | None:
    """The pace between the samples; a cache whose look-ups still hit is doing its work."""
    per_second = view.rate("evicted_keys")
    if per_second <= 0:
        return None
    hits, misses = view.delta("keyspace_hits"), view.delta("keyspace_misses")
    hit_rate = hits / (hits + misses) if hits + misses > 0 else values["hit_rate"]
    values = {**values, "rate": per_second, "hit_rate": hit_rate}
    severity = tier(per_second, spec)
    keys = sum(db.keys for db in view.node.info.databases)
    if severity is None or (hits + misses > spec.thresholds["lookups"] and hit_rate >= spec.thresholds["hit_share"]):
        return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values, "rate")
    if keys and per_second * 60 > spec.thresholds["keys_share_per_minute"] * keys:
        severity = Severity.HIGH
    return Verdict(severity, evidence=view.evidence(), values=values, variant="rate")


@rule("mem-swapping")
def swapping(view: View, spec: RuleSpec) -> Verdict | None:
    """Swap-in that vmstat measured is proof; RSS below used_memory is a strong hint on a large instance."""
    used = float(view.get("used_memory", 0) or 0)
    rows = [row for piece in view.node.of_kind(EvidenceKind.HOST) if piece.data for row in piece.data.vmstat]
    rows = rows[1:] or rows  # the first row is since boot
    busiest: dict[str, float] = max(rows, key=lambda row: row.get("si", 0.0), default={})
    if busiest.get("si", 0.0) > spec.thresholds["swap_in"] and not 0 < used < spec.thresholds["used_bytes"]:
        quote = Evidence(f"si {busiest['si']:g} so {busiest.get('so', 0):g}", "vmstat", node=view.node.name)
        values = {"si": busiest["si"], "used_memory": used}
        return Verdict(Severity.CRITICAL, evidence=(quote, *view.evidence()), values=values, variant="measured")
    ratio, used = view.number("mem_fragmentation_ratio"), view.number("used_memory")
    if used <= spec.thresholds["large_bytes"] or not 0 < ratio < spec.thresholds["ratio"]:
        return None
    if view.number("uptime_in_seconds") <= spec.thresholds["uptime_seconds"]:
        return None
    return Verdict(
        spec.severity, evidence=view.evidence(), values={"used_memory": used, "mem_fragmentation_ratio": ratio}
    )


@rule("mem-client-buffers")
def client_buffers(view: View, spec: RuleSpec) -> Verdict | None:
    """Weigh buffers against the limit, and name the clients that hold them where CLIENT LIST was pasted."""
    buffers = view.number("mem_clients_normal")
    limit = float(view.get("maxmemory", 0) or 0) or view.number("used_memory")
    share = buffers / limit if limit else 0.0
    clients = float(view.get("connected_clients", 0) or 0)
    values = {"buffers": buffers, "maxmemory": limit, "value": share, "clients": clients}
    if buffers < spec.thresholds["least_bytes"]:
        return None
    severity = tier(share, spec)
    if severity is None:
        each = buffers / clients if clients else 0.0
        if each <= spec.thresholds["each_bytes"]:
            return None
        return Verdict(Severity.MEDIUM, State.CONTEXT, view.evidence(), {**values, "each": each}, "average")
    holders = _buffer_holders(view)
    if holders:
        named = {"names": ", ".join(name for name, _ in holders.most_common(8)), "buffers": sum(holders.values())}
        return Verdict(severity, None, view.evidence(), {**values, **named}, "list")
    return Verdict(severity, evidence=view.evidence(), values=values)


def _buffer_holders(view: View) -> Counter[str]:
    holders: Counter[str] = Counter()
    for piece in view.node.of_kind(EvidenceKind.CLIENT_LIST):
        for client in piece.data.clients:
            if (client.omem or 0) > MB:
                holders[client.name or client.address] += client.omem or 0
    return holders


@rule("mem-replica-buffers")
def replica_buffers(view: View, spec: RuleSpec) -> Verdict | None:
    """Buffers of replicas that read too slowly. A running full sync fills them by design."""
    buffers = view.number("mem_clients_slaves")
    severity = tier(buffers, spec)
    if severity is None or any(r.state and r.state != "online" for r in view.node.info.replicas):
        return None
    return Verdict(severity, evidence=view.evidence(), values={"value": buffers})


@rule("mem-script-cache")
def script_cache(view: View, spec: RuleSpec) -> Verdict | None:
    scripts = view.number("number_of_cached_scripts")
    held = float(view.get("used_memory_scripts", 0) or 0)
    used = float(view.get("used_memory", 0) or 0)
    is_heavy = held > spec.thresholds["heavy_bytes"] or (used > 100 * MB and held > spec.thresholds["share"] * used)
    severity = Severity.HIGH if is_heavy else tier(scripts, spec)
    if severity is None:
        return None
    return Verdict(severity, evidence=view.evidence(), values={"scripts": scripts, "held": held or None})


@rule("mem-client-eviction")
def client_eviction(view: View, spec: RuleSpec) -> Verdict | None:
    """Connections that maxmemory-clients cost, by the log, or by the counter between two samples."""
    cut = view.count("client-evicted", "client-memory-exhausted")
    if cut:
        events = view.events("client-evicted", "client-memory-exhausted")
        severity = Severity.HIGH if view.count("client-memory-exhausted") else spec.severity
        return Verdict(severity, evidence=tuple(e.quote() for e in events[-3:]), values={"count": cut})
    total = view.number("evicted_clients")
    if total <= 0:
        return None
    if view.node.earlier is not None and not view.node.restarted:
        grown = view.delta("evicted_clients")
        return Verdict(spec.severity, evidence=view.evidence(), values={"count": grown}) if grown > 0 else None
    return Verdict(Severity.LOW, State.HISTORY, view.evidence(), {"count": total})


@rule("mem-lazyfree-backlog")
def lazyfree_backlog(view: View, spec: RuleSpec) -> Verdict | None:
    """A backlog in both samples that does not shrink is trouble; one glance at it may be a large UNLINK."""
    pending = view.number("lazyfree_pending_objects")
    if pending <= spec.thresholds["objects"]:
        return None
    values = {"pending": pending}
    if view.node.earlier is not None and not view.node.restarted:
        growth = view.node.growth("lazyfree_pending_objects")
        if growth.before > spec.thresholds["objects"] and growth.amount >= 0 and growth.seconds >= 60:
            view.delta("lazyfree_pending_objects")
            return Verdict(Severity.MEDIUM, evidence=view.evidence(), values=values)
    return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values)


@rule("mem-rehash-overhead")
def rehash_overhead(view: View, spec: RuleSpec) -> Verdict | None:
    """Rehashing ends by itself; it matters when it alone pushes memory over the limit."""
    limit, extra = view.number("maxmemory"), view.number("mem_overhead_db_hashtable_rehashing")
    if limit <= 0 or extra <= spec.thresholds["share"] * limit:
        return None
    used = view.number("used_memory")
    values = {"extra": extra, "maxmemory": limit}
    if used > limit >= used - extra:
        return Verdict(Severity.HIGH, evidence=view.evidence(), values=values, variant="over")
    return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values)


CHILDREN = ("rdb-save-oom-killed", "aof-rewrite-oom-killed")


@rule("mem-oom-killer")
def oom_killer(view: View, spec: RuleSpec) -> Verdict | None:
    """A killed child whose successor saved is over; a killed server is told whatever came after."""
    verdict = decide_by_log(view, spec)
    children = view.events(*CHILDREN)
    saved = view.node.log.last("rdb-save-ok", "aof-rewrite-ok")
    if verdict is None or not children or verdict.values["count"] > view.count(*CHILDREN):
        return verdict
    if saved is None or saved.position < children[-1].position:
        return verdict
    quotes = (children[-1].quote(), saved.quote())
    return Verdict(Severity.LOW, State.RECOVERED, quotes, verdict.values, "recovered")
