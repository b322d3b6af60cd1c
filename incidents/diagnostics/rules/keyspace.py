"""Rules on the keyspace and the life cycle of the process."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.rules.engine import Verdict, decide_by_log, rule, tier
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View
from incidents.diagnostics.snapshot import Snapshot

STOPPED = ("sigterm-received", "shutdown-by-user", "shutdown-done")
START_FAILED = ("aof-corrupt", "aof-truncated-fatal", "rdb-corrupt", "start-failed", "bind-failed")
RESTARTED_OUTSIDE = ("service-killed", "service-watchdog", "container-exit-137", "container-exit", "pod-evicted")


def _keys_of(snapshot: Snapshot) -> int:
    """Keys of a sample. MissingField where it was pasted without its keyspace section: absent is not empty."""
    if not snapshot.info.databases and "Keyspace" not in snapshot.info.sections:
        raise MissingField("second sample of INFO keyspace")
    return sum(database.keys for database in snapshot.info.databases)


def _policy(view: View) -> str:
    return str(view.get("maxmemory_policy", ""))


@rule("ks-no-ttl")
def no_ttl(view: View, spec: RuleSpec) -> Verdict | None:
    """Many keys that never expire; told louder where the policy expects keys to have a time to live."""
    keys, expires = view.keys(), view.expires()
    if keys < spec.thresholds["keys"] or expires >= spec.thresholds["ttl_share"] * keys:
        return None
    if _policy(view).startswith("allkeys"):
        return None
    severity = Severity.MEDIUM if _policy(view).startswith("volatile") else Severity.LOW
    return Verdict(severity, evidence=view.evidence(), values={"keys": keys, "share": expires / keys})


@rule("mem-ttl-less-growth")
def ttl_less_growth(view: View, spec: RuleSpec) -> Verdict | None:
    """Near a limit that refuses writes, with keys that never expire."""
    keys, expires, cuts = view.keys(), view.expires(), spec.thresholds
    limit = view.number("maxmemory")
    if limit <= 0 or keys < cuts["keys"] or _policy(view).startswith("allkeys"):
        return None
    usage = view.number("used_memory") / limit
    if not cuts["usage_share"] <= usage < cuts["full_share"] or expires >= cuts["ttl_share"] * keys:
        return None
    values = {"keys": keys, "share": expires / keys, "usage": usage, "maxmemory": limit}
    severity = Severity.HIGH if usage > cuts["high_share"] else Severity.MEDIUM
    return Verdict(severity, evidence=view.evidence(), values=values)


@rule("mem-eviction-policy-mismatch")
def policy_mismatch(view: View, spec: RuleSpec) -> Verdict | None:
    """A policy that finds nothing to evict, drops what is kept for good, or refuses writes of a cache."""
    policy, cuts = view.text("maxmemory_policy"), spec.thresholds
    keys, expires, limit = view.keys(), view.expires(), view.number("maxmemory")
    if limit <= 0 or keys < cuts["keys"]:
        return None
    share = expires / keys
    near = float(view.get("used_memory", 0) or 0) >= cuts["usage_share"] * limit
    values = {"policy": policy, "share": share}
    if policy.startswith("volatile") and share < cuts["ttl_share"]:
        return Verdict(Severity.HIGH if near else Severity.MEDIUM, evidence=view.evidence(), values=values)
    if policy.startswith("allkeys") and view.get("aof_enabled") == 1 and share < cuts["ttl_share"]:
        return Verdict(Severity.HIGH if near else Severity.MEDIUM, None, view.evidence(), values, "store")
    if policy == "noeviction" and share > cuts["cache_ttl_share"] and _misses_often(view, spec):
        return Verdict(Severity.LOW, None, view.evidence(), values, "cache")
    return None


def _misses_often(view: View, spec: RuleSpec) -> bool:
    hits, misses = float(view.get("keyspace_hits", 0) or 0), float(view.get("keyspace_misses", 0) or 0)
    return hits + misses > spec.thresholds["lookups"] and misses > spec.thresholds["miss_share"] * (hits + misses)


@rule("mem-growth-trend")
def growth_trend(view: View, spec: RuleSpec) -> Verdict | None:
    """Minutes until maxmemory at the pace between the samples. Nothing fails yet, so it is high at most."""
    growth, cuts = view.node.growth("used_memory"), spec.thresholds
    limit = view.number("maxmemory")
    if limit <= 0 or growth.amount < cuts["growth_share"] * limit or growth.seconds < cuts["least_seconds"]:
        return None
    if _policy(view).startswith("allkeys"):
        return None
    minutes = (limit - growth.after) / (growth.per_second * 60)
    severity = tier(minutes, spec)
    if severity is None or minutes <= 0:
        return None
    view.delta("used_memory")
    values = {"per_minute": growth.per_second * 60, "minutes": minutes, "maxmemory": limit}
    return Verdict(severity, evidence=view.evidence(), values=values)


@rule("ks-mass-loss")
def mass_loss(view: View, spec: RuleSpec) -> Verdict | None:
    """Keys that went between the samples; what expired went as it was told to."""
    if view.node.earlier is None:
        raise MissingField("second sample of INFO keyspace")
    before, after = _keys_of(view.node.earlier), _keys_of(view.now)
    if before < spec.thresholds["keys"] or after > (1 - spec.thresholds["lost_share"]) * before:
        return None
    quote = Evidence(f"keys {before} → {after}", "INFO ×2", node=view.node.name)
    expired = 0.0
    if not view.node.restarted and view.has("expired_keys") and view.node.earlier.has("expired_keys"):
        expired = view.node.growth("expired_keys").amount
    values: dict[str, object] = {"before": before, "after": after}
    if flushes := _flushes_between(view):
        quotes = (quote, *(Evidence(f"cmdstat_{name} +{calls}", "INFO ×2", node=view.node.name)
                           for name, calls in flushes.items()))  # fmt: skip
        told = ", ".join(f"{name.upper()} ×{calls}" for name, calls in flushes.items())
        return Verdict(Severity.CRITICAL, evidence=quotes, values={**values, "commands": told}, variant="flushed")
    severity = Severity.MEDIUM if expired > spec.thresholds["expired_share"] * (before - after) else Severity.CRITICAL
    return Verdict(severity, evidence=(quote,), values=values)


def _flushes_between(view: View) -> dict[str, int]:
    """FLUSHALL and FLUSHDB that ran between the samples, by calls. A restart or RESETSTAT has reset the counters."""
    now = view.node.info.commands
    before = {} if view.node.restarted or view.node.earlier is None else view.node.earlier.info.commands
    grown = {name: now[name].calls - (before[name].calls if name in before else 0)
             for name in ("flushall", "flushdb") if name in now}  # fmt: skip
    return {name: calls for name, calls in grown.items() if calls > 0}


@rule("ks-expiry-burst")
def expiry_burst(view: View, spec: RuleSpec) -> Verdict | None:
    """Expiry at a pace that the traffic does not explain."""
    per_second, cuts = view.rate("expired_keys"), spec.thresholds
    ops = max(float(view.get("instantaneous_ops_per_sec", 0) or 0), 1.0)
    if per_second < cuts["least_per_second"]:
        return None
    if per_second < cuts["per_second"] and per_second < cuts["times_ops"] * ops:
        return None
    return Verdict(spec.severity, evidence=view.evidence(), values={"rate": per_second})


@rule("ks-logical-databases")
def logical_databases(view: View, spec: RuleSpec) -> Verdict | None:
    view.keys()
    count = len([database for database in view.now.info.databases if database.keys > 0])
    return Verdict(spec.severity, evidence=view.evidence(), values={"count": count}) if count > 1 else None


@rule("ks-stream-lag")
def stream_lag(view: View, spec: RuleSpec) -> Verdict | None:
    """XINFO GROUPS anywhere among the captures: lag or pending beyond 10,000."""
    groups = [piece for piece in view.node.pieces if "last-delivered-id" in piece.text]
    if not groups:
        raise MissingField("XINFO GROUPS")
    behind = [(int(match[2]), match, piece) for piece in groups for match in _LAG.finditer(piece.text[:20_000])]
    amount, match, piece = max(behind, key=lambda found: found[0], default=(0, None, None))
    severity = tier(amount, spec)
    if severity is None or match is None or piece is None:
        return None
    quote = Evidence(" ".join(match[0].split()), piece.name, node=view.node.name)
    return Verdict(severity, evidence=(quote,), values={"amount": amount})


_LAG = re.compile(r"\"?(lag|pending)\"?\s*(?:\n\s*\d*\)?\s*|[:=]\s*)(?:\(integer\) )?(\d{1,15})")


# --- life cycle ---


@rule("life-unexpected-restart")
def unexpected_restart(view: View, spec: RuleSpec) -> Verdict | list[Verdict] | None:
    """Another process than before, and nobody asked the old one to stop."""
    if view.node.restarted:
        return _restarted_between_samples(view)
    outside = view.said(*RESTARTED_OUTSIDE)
    if outside:
        quotes = tuple(event.quote() for event in outside[:3])
        values = {"what": outside[0].entry.message[:100]}
        return Verdict(Severity.HIGH, evidence=quotes, values=values, variant="outside")
    if not view.node.log:
        raise MissingField("server log")
    starts, stops = view.events("server-starting"), view.events(*STOPPED, "crash-signal")
    pairs = itertools.pairwise(starts)
    sudden = [after for before, after in pairs if not any(before.position < s.position < after.position for s in stops)]
    if not sudden or view.count(*START_FAILED):
        return None
    severity = tier(_most_within_an_hour(sudden), spec) or spec.severity
    quotes = tuple(event.quote() for event in sudden[-3:])
    return Verdict(severity, evidence=quotes, values={"count": len(starts)}, variant="log")


def _most_within_an_hour(events: Sequence[LogEvent]) -> int:
    """How many of the events fell into one hour. Those without a time count as one hour."""
    times = [event.at for event in events if event.at is not None]
    if len(times) < len(events):
        return len(events)
    return max(sum(0 <= (other - one).total_seconds() <= 3600 for other in times) for one in times)


def _restarted_between_samples(view: View) -> Verdict:
    earlier = view.node.earlier
    quotes = []
    for name in ("run_id", "process_id", "uptime_in_seconds"):
        if earlier is not None and earlier.has(name) and view.has(name):
            text = f"{name}: {earlier.value(name)} → {view.now.value(name)}"
            quotes.append(Evidence(text, "INFO ×2", view.now.info.fields.line_of(name), view.node.name))
    uptime = float(view.get("uptime_in_seconds", 0) or 0)
    return Verdict(Severity.HIGH, evidence=tuple(quotes), values={"uptime": uptime})


@rule("life-restarted-empty")
def restarted_empty(view: View, spec: RuleSpec) -> Verdict | None:
    """A restart between the samples that lost most keys."""
    if view.node.earlier is None:
        raise MissingField("second sample of run_id")
    if not view.node.restarted:
        return None
    before, after = _keys_of(view.node.earlier), _keys_of(view.now)
    if before < spec.thresholds["keys"] or after > (1 - spec.thresholds["lost_share"]) * before:
        return None
    uptime = float(view.get("uptime_in_seconds", 0) or 0)
    quotes = [Evidence(f"keys {before} → {after}", "INFO ×2", node=view.node.name)]
    quotes += [
        view.now.quote(name)
        for name in ("uptime_in_seconds", "aof_enabled", "rdb_last_load_keys_loaded")
        if view.has(name)
    ]
    return Verdict(spec.severity, evidence=tuple(quotes), values={"before": before, "after": after, "uptime": uptime})


@rule("life-module-problem")
def module_problem(view: View, spec: RuleSpec) -> Verdict | None:
    """A module that is not there is worse than one that complains."""
    verdict = decide_by_log(view, spec)
    missing = view.count("module-load-failed") + len(view.said("reply-module-failed"))
    return replace(verdict, severity=Severity.HIGH) if verdict and missing else verdict
