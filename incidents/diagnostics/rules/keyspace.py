"""Rules on the keyspace and the life cycle of the process."""

from __future__ import annotations

import re

from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.rules.engine import Verdict, rule
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View
from incidents.diagnostics.snapshot import Snapshot

STOPPED = ("sigterm-received", "shutdown-by-user", "shutdown-done")
RESTARTED_OUTSIDE = ("service-killed", "service-watchdog", "container-exit-137", "container-exit", "pod-evicted")


def _keys(snapshot: Snapshot) -> tuple[int, int]:
    databases = snapshot.info.databases
    return sum(db.keys for db in databases), sum(db.expires for db in databases)


def _need_keyspace(view: View) -> tuple[int, int]:
    if not any(name == "Keyspace" for name in view.now.info.sections) and not view.now.info.databases:
        raise MissingField("INFO keyspace")
    for database in view.now.info.databases:
        view.value_of(database.name)
    return _keys(view.now)


@rule("ks-no-ttl")
def no_ttl(view: View, spec: RuleSpec) -> Verdict | None:
    keys, expires = _need_keyspace(view)
    if keys < 100_000 or expires >= 0.1 * keys or str(view.get("maxmemory_policy", "")).startswith("allkeys"):
        return None
    return Verdict(spec.severity, evidence=view.evidence(), values={"keys": keys, "share": expires / keys})


@rule("mem-ttl-less-growth")
def ttl_less_growth(view: View, spec: RuleSpec) -> Verdict | None:
    """Near a limit that refuses writes, with keys that never expire."""
    keys, expires = _need_keyspace(view)
    limit = view.number("maxmemory")
    if limit <= 0 or keys < 1000 or str(view.get("maxmemory_policy", "")).startswith("allkeys"):
        return None
    usage = view.number("used_memory") / limit
    if usage < 0.7 or usage >= 0.995 or expires >= 0.2 * keys:
        return None
    values = {"keys": keys, "share": expires / keys, "usage": usage, "maxmemory": limit}
    return Verdict(Severity.HIGH if usage > 0.97 else Severity.MEDIUM, evidence=view.evidence(), values=values)


@rule("mem-eviction-policy-mismatch")
def policy_mismatch(view: View, spec: RuleSpec) -> Verdict | None:
    policy = view.text("maxmemory_policy")
    keys, expires = _need_keyspace(view)
    if not policy.startswith("volatile") or keys < 1000 or expires >= 0.05 * keys or view.number("maxmemory") <= 0:
        return None
    return Verdict(spec.severity, evidence=view.evidence(), values={"policy": policy, "share": expires / keys})


@rule("mem-growth-trend")
def growth_trend(view: View, spec: RuleSpec) -> Verdict | None:
    """Minutes until maxmemory at the pace between the samples."""
    growth = view.node.growth("used_memory")
    limit = view.number("maxmemory")
    if limit <= 0 or growth.amount < 0.005 * limit or growth.seconds < 5:
        return None
    if str(view.get("maxmemory_policy", "")).startswith("allkeys"):
        return None
    minutes = (limit - growth.after) / (growth.per_second * 60)
    if minutes > 7 * 24 * 60 or minutes <= 0:
        return None
    view.delta("used_memory")
    severity = Severity.HIGH if minutes < 120 else Severity.MEDIUM  # nothing fails yet
    values = {"per_minute": growth.per_second * 60, "minutes": minutes, "maxmemory": limit}
    return Verdict(severity, evidence=view.evidence(), values=values)


@rule("ks-mass-loss")
def mass_loss(view: View, spec: RuleSpec) -> Verdict | None:
    if view.node.earlier is None:
        raise MissingField("second sample of INFO keyspace")
    before, after = _keys(view.node.earlier)[0], _keys(view.now)[0]
    if before < 1000 or after > 0.5 * before:
        return None
    quote = Evidence(f"keys {before} → {after}", "INFO ×2", node=view.node.name)
    expired = 0.0
    if not view.node.restarted:
        expired = view.node.growth("expired_keys").amount if view.has("expired_keys") else 0.0
    severity = Severity.MEDIUM if expired > 0.8 * (before - after) else Severity.CRITICAL
    return Verdict(severity, evidence=(quote,), values={"before": before, "after": after})


@rule("ks-expiry-burst")
def expiry_burst(view: View, spec: RuleSpec) -> Verdict | None:
    per_second = view.rate("expired_keys")
    ops = max(float(view.get("instantaneous_ops_per_sec", 0) or 0), 1.0)
    if per_second < 5000 and per_second < 2 * ops:
        return None
    if per_second < 500:
        return None
    return Verdict(spec.severity, evidence=view.evidence(), values={"rate": per_second})


@rule("ks-logical-databases")
def logical_databases(view: View, spec: RuleSpec) -> Verdict | None:
    _need_keyspace(view)
    count = len(view.now.info.databases)
    return Verdict(spec.severity, evidence=view.evidence(), values={"count": count}) if count > 1 else None


@rule("ks-huge-key-count")
def huge_key_count(view: View, spec: RuleSpec) -> Verdict | None:
    keys, _ = _need_keyspace(view)
    return Verdict(spec.severity, evidence=view.evidence(), values={"keys": keys}) if keys > 1_000_000 else None


@rule("ks-stream-lag")
def stream_lag(view: View, spec: RuleSpec) -> Verdict | None:
    """XINFO GROUPS anywhere among the captures: lag or pending beyond 10,000."""
    for piece in view.node.pieces:
        for match in re.finditer(r"\"?(lag|pending)\"?\s*(?:\n\s*\d*\)?\s*|[:=]\s*)(?:\(integer\) )?(\d+)", piece.text[:20_000]):
            if "consumers" in piece.text and int(match[2]) > 10_000:
                quote = Evidence(" ".join(match[0].split()), piece.name, node=view.node.name)
                severity = Severity.HIGH if int(match[2]) > 1_000_000 else Severity.MEDIUM
                return Verdict(severity, evidence=(quote,), values={"amount": int(match[2])})
    if not any("last-delivered-id" in piece.text for piece in view.node.pieces):
        raise MissingField("XINFO GROUPS")
    return None


# --- life cycle ---


@rule("life-unexpected-restart")
def unexpected_restart(view: View, spec: RuleSpec) -> Verdict | list[Verdict] | None:
    if view.node.restarted:
        return _restarted_between_samples(view)
    outside = view.said(*RESTARTED_OUTSIDE)
    if outside:
        quotes = tuple(event.quote() for event in outside[:3])
        return Verdict(Severity.HIGH, evidence=quotes, values={"what": outside[0].entry.message[:100]}, variant="outside")
    if not view.node.log:
        raise MissingField("server log")
    starts, stops = view.events("server-starting"), view.events(*STOPPED, "crash-signal")
    pairs = zip(starts, starts[1:], strict=False)
    sudden = [after for before, after in pairs if not any(before.position < s.position < after.position for s in stops)]
    failed = view.count("aof-corrupt", "aof-truncated-fatal", "rdb-corrupt", "start-failed", "bind-failed")
    if len(sudden) < 1 or failed:
        return None
    severity = Severity.HIGH if len(sudden) >= 3 else Severity.MEDIUM
    quotes = tuple(event.quote() for event in sudden[-3:])
    return Verdict(severity, evidence=quotes, values={"count": len(starts)}, variant="log")


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
    """A restart between the samples that lost most keys, or a young server that says it loaded nothing."""
    if not view.node.restarted or view.node.earlier is None:
        if view.node.earlier is None:
            raise MissingField("second sample of run_id")
        return None
    before, after = _keys(view.node.earlier)[0], _keys(view.now)[0]
    if before < 10 or after > 0.5 * before:
        return None
    uptime = float(view.get("uptime_in_seconds", 0) or 0)
    quotes = [Evidence(f"keys {before} → {after}", "INFO ×2", node=view.node.name)]
    quotes += [view.now.quote(name) for name in ("uptime_in_seconds", "aof_enabled", "rdb_last_load_keys_loaded") if view.has(name)]
    return Verdict(spec.severity, evidence=tuple(quotes), values={"before": before, "after": after, "uptime": uptime})
