"""Memory rules that need more than a comparison."""

from __future__ import annotations

from collections import Counter

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.findings import Severity, State
from incidents.diagnostics.rules.engine import TINY_BYTES, Verdict, rule, tier
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

MB = 1024 * 1024


@rule("mem-maxmemory-pressure")
def maxmemory_pressure(view: View, spec: RuleSpec) -> Verdict | None:
    """Compare memory that counts for eviction with the limit; a cache at its limit is as it should be."""
    limit = view.number("maxmemory")
    if limit <= 0 or view.get("role") == "slave":
        return None
    used = view.number("used_memory") - float(view.get("mem_not_counted_for_evict", 0) or 0)
    policy = str(view.get("maxmemory_policy", ""))
    severity = tier(used / limit, spec)
    if severity is None:
        return None
    values = {"used_memory": used, "maxmemory": limit, "maxmemory_policy": policy or "?", "value": used / limit}
    if policy.startswith("allkeys"):
        return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values, "cache")
    if severity is Severity.CRITICAL and policy not in ("noeviction", ""):
        severity = Severity.HIGH
    return Verdict(severity, evidence=view.evidence(), values=values)


@rule("mem-oom-rejecting-writes")
def oom_rejecting_writes(view: View, spec: RuleSpec) -> Verdict | None:
    """Tell refusals that go on from a total that is history."""
    limit = view.number("maxmemory")
    used = view.number("used_memory")
    refused = _error_count(view, "OOM")
    policy = str(view.get("maxmemory_policy", "?"))
    values = {"used_memory": used, "maxmemory": limit, "maxmemory_policy": policy, "oom": refused}
    can_evict = policy.startswith("allkeys")
    if limit > 0 and used >= 0.995 * limit and not can_evict and (refused > 0 or not view.node.info.errors):
        return Verdict(Severity.CRITICAL, evidence=view.evidence(), values=values)
    if refused > 0:
        return Verdict(Severity.LOW, State.HISTORY, view.evidence(), values, "history")
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
        return _eviction_now(view, values)
    keys = sum(db.keys for db in view.node.info.databases)
    if usage < 0.9:
        return Verdict(Severity.LOW, State.HISTORY, view.evidence(), values)
    if hit_rate < 0.8 and evicted > 0.05 * max(keys, 1) and hits + misses > 1000:
        severity = Severity.HIGH if hit_rate < 0.3 and evicted > 5 * max(keys, 1) else Severity.MEDIUM
        return Verdict(severity, evidence=view.evidence(), values=values)
    return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values, "steady")


def _eviction_now(view: View, values: dict[str, float]) -> Verdict | None:
    per_second = view.rate("evicted_keys")
    if per_second <= 0:
        return None
    severity = Severity.HIGH if per_second > 1000 else Severity.MEDIUM if per_second > 10 else Severity.LOW
    state = State.ACTIVE if severity is not Severity.LOW else State.CONTEXT
    return Verdict(severity, state, view.evidence(), {**values, "rate": per_second}, "rate")


@rule("mem-fragmentation-total")
def fragmentation_total(view: View, spec: RuleSpec) -> Verdict | None:
    """Always look at bytes beside the ratio; name a past peak and a tiny data set for what they are."""
    ratio = view.number("mem_fragmentation_ratio")
    used = view.number("used_memory")
    rss = float(view.get("used_memory_rss", 0) or 0)
    wasted = float(view.get("mem_fragmentation_bytes", max(rss - used, 0.0)))
    peak = float(view.get("used_memory_peak", 0) or 0)
    values = {"ratio": ratio, "used_memory": used, "used_memory_rss": rss, "wasted": wasted, "used_memory_peak": peak}
    if ratio <= 1.4:
        return None
    if used < TINY_BYTES or wasted < 10 * MB:
        return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values, "tiny")
    if ratio > 2 and wasted > 1024 * MB:
        return Verdict(Severity.HIGH, evidence=view.evidence(), values=values)
    if ratio > 1.5 and wasted > 0.3 * used and wasted > 20 * MB:
        allocator = float(view.get("allocator_frag_ratio", ratio))
        if peak > 1.5 * used and allocator < 1.2:
            return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values, "peak")
        return Verdict(Severity.MEDIUM, evidence=view.evidence(), values=values)
    return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values)


@rule("mem-client-buffers")
def client_buffers(view: View, spec: RuleSpec) -> Verdict | None:
    """Weigh buffers against the limit, and name the clients that hold them where CLIENT LIST was pasted."""
    buffers = view.number("mem_clients_normal")
    limit = float(view.get("maxmemory", 0) or 0) or view.number("used_memory")
    share = buffers / limit if limit else 0.0
    if buffers < 8 * MB or share < 0.10:
        return None
    values = {"buffers": buffers, "maxmemory": limit, "value": share, "names": ""}
    severity = Severity.HIGH if share >= 0.2 else Severity.MEDIUM
    pieces = view.node.of_kind(EvidenceKind.CLIENT_LIST)
    holders: Counter[str] = Counter()
    for piece in pieces:
        for client in piece.data.clients:
            if (client.omem or 0) > MB:
                holders[client.name or client.address] += client.omem or 0
    if holders:
        values["names"] = ", ".join(name for name, _ in holders.most_common(8))
        return Verdict(severity, None, view.evidence(), {**values, "buffers": sum(holders.values())}, "list")
    return Verdict(severity, evidence=view.evidence(), values=values)


def _error_count(view: View, code: str) -> int:
    count = view.node.info.errors.get(code, 0)
    if count:
        view.value_of(f"errorstat_{code}")
    return count
