"""Performance rules that look at slow commands, statistics per command, keys and client lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.parsers.bigkeys import BigKey
from incidents.diagnostics.parsers.slowlog import SlowCommand
from incidents.diagnostics.rules.engine import Verdict, decide_by_log, rule, tier
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View
from incidents.diagnostics.rules.words import words
from incidents.diagnostics.text import Text

LINEAR = words("linear_commands")
SLOW_BY_DESIGN = words("slow_by_design")


def _slow_commands(view: View) -> list[SlowCommand]:
    """What SLOWLOG lists, without what is slow by design. COMMANDLOG's sizes are no durations."""
    pieces = [p for p in view.node.of_kind(EvidenceKind.SLOWLOG) if "large" not in p.name.lower()]
    if not pieces:
        raise MissingField("SLOWLOG")
    entries = [entry for piece in pieces for entry in piece.data.entries if entry.arguments]
    return [e for e in entries if not {e.command.lower(), " ".join(e.arguments[:2]).lower()} & SLOW_BY_DESIGN]


def quote_slow(entry: SlowCommand, node: str) -> Evidence:
    words = " ".join(entry.arguments[:6])[:160]
    who = f" [{entry.client_name or entry.client}]" if entry.client_name or entry.client else ""
    return Evidence(f"{entry.duration_us} µs {words}{who}", "SLOWLOG", entry.line, node, entry.at)


@rule("perf-cpu-saturated")
def cpu_saturated(view: View, spec: RuleSpec) -> Verdict | None:
    """Seconds of CPU per second between the samples: of the main thread where it is told apart (6.2)."""
    names = ("used_cpu_user_main_thread", "used_cpu_sys_main_thread")
    if not all(view.has(name) for name in names):
        names = ("used_cpu_user", "used_cpu_sys")
    busy = sum(view.rate(name) for name in names)
    severity = tier(busy, spec)
    return Verdict(severity, evidence=view.evidence(), values={"value": busy}) if severity else None


@rule("perf-slowlog")
def slowlog(view: View, spec: RuleSpec) -> Verdict | None:
    """Judge by the slowest entry; a single human command, or what is older than a day, does not make an incident."""
    entries = [e for e in _slow_commands(view) if not _is_script(e)]
    fresh = [e for e in entries if not _is_old(e, view, spec)]
    entries, is_past = (fresh, False) if fresh else (entries, True)
    if not entries:
        return None
    worst = max(entries, key=lambda entry: entry.duration_us)
    severity = tier(worst.duration_us / 1000, spec)
    if severity is None:
        return None
    lone = len(entries) < spec.thresholds["least_entries"] and worst.duration_us < spec.thresholds["lone_ms"] * 1000
    if is_past or (severity is Severity.MEDIUM and lone):
        severity = Severity.LOW
    kinds = Counter(entry.command for entry in entries)
    values = {
        "count": len(entries), "worst": float(worst.duration_us), "command": " ".join(worst.arguments[:4])[:80],
        "commands": ", ".join(f"{name} ×{n}" for name, n in kinds.most_common(5)),
        "who": _who(entries),
    }  # fmt: skip
    slowest = sorted(entries, key=lambda entry: -entry.duration_us)[:4]
    quotes = tuple(quote_slow(entry, view.node.name) for entry in slowest)
    state = State.HISTORY if is_past else State.CONTEXT if severity is Severity.LOW else None
    return Verdict(severity, state, quotes, values, "past" if is_past else "")


def _is_old(entry: SlowCommand, view: View, spec: RuleSpec) -> bool:
    """Whether the server's own clock shows that it is of another day: SLOWLOG keeps 128 entries whatever their age."""
    now = view.node.info.server_time
    if now is None or entry.at is None or entry.at.tzinfo is not None:
        return False
    return (now - entry.at).total_seconds() > spec.thresholds["fresh_seconds"]


def _is_script(entry: SlowCommand) -> bool:
    return entry.command.lower() in words("script_commands")


def _who(entries: Sequence[SlowCommand]) -> str:
    names = Counter(entry.client_name or entry.client.rpartition(":")[0] for entry in entries)
    return ", ".join(name for name, _ in names.most_common(3) if name)


@rule("perf-on-commands")
def linear_commands(view: View, spec: RuleSpec) -> Verdict | None:
    commands = view.node.info.commands
    if not commands:
        raise MissingField("INFO commandstats")
    slow = [
        stat
        for name, stat in commands.items()
        if name.split("|")[0].lower() in LINEAR and tier(stat.usec_per_call, spec) and stat.calls > 1
    ]
    if not slow:
        return None
    for stat in slow:
        view.value_of(f"cmdstat_{stat.name}")
    worst = max(slow, key=lambda stat: stat.usec_per_call)
    severity = tier(worst.usec_per_call, spec) or Severity.MEDIUM
    names = ", ".join(stat.name.upper() for stat in sorted(slow, key=lambda s: -s.usec)[:5])
    return Verdict(severity, evidence=view.evidence(), values={"commands": names, "worst": worst.usec_per_call})


@rule("perf-command-latency-p99")
def command_percentiles(view: View, spec: RuleSpec) -> Verdict | None:
    percentiles = view.node.info.percentiles
    if not percentiles:
        raise MissingField("INFO latencystats")
    blocking = ("blpop", "brpop", "xread", "bzpop", "blmove", "wait", "subscribe", "psync", "debug", "eval")
    judged = {n: p["p99"] for n, p in percentiles.items() if "p99" in p and not n.lower().startswith(blocking)}
    constant = {name: value for name, value in judged.items() if name.split("|")[0].lower() not in LINEAR}
    worst = max(constant, key=lambda name: constant[name], default="")
    calls = view.node.info.commands.get(worst)
    if not worst or (calls is not None and calls.calls < spec.thresholds["least_calls"]):
        return None
    severity = tier(constant[worst], spec)
    if percentiles[worst].get("p99.9", 0.0) > spec.thresholds["p999_usec"]:
        severity = Severity.HIGH
    if severity is None:
        return None
    view.value_of(f"latency_percentiles_usec_{worst}")
    return Verdict(severity, evidence=view.evidence(), values={"command": worst.upper(), "value": constant[worst]})


@rule("perf-script-blocking")
def script_blocking(view: View, spec: RuleSpec) -> Verdict | None:
    """A script that blocked, from the log, the replies or SLOWLOG; told as ended when it was killed."""
    events = view.events("slow-script")
    killed = view.node.log.last("script-killed")
    scripts = [e for e in _slow_commands_if_any(view) if _is_script(e) and tier(e.duration_us / 1e6, spec)]
    replies = [e.quote() for e in view.said("reply-busy", "reply-unkillable")] + _error_of(view, "BUSY Redis is busy")
    refused = view.node.info.errors.get("BUSY", 0)
    if not (events or scripts or replies):
        if refused:
            view.value_of("errorstat_BUSY")
            return Verdict(Severity.LOW, State.HISTORY, view.evidence(), {"count": refused}, "history")
        if not view.node.log and view.node.latest is None:
            raise MissingField("server log")
        return None
    seconds = max(
        [e.duration_us / 1e6 for e in scripts] + [_milliseconds(e.capture("milliseconds")) for e in events] + [0]
    )
    quotes = [e.quote() for e in events[-2:]] + ([killed.quote()] if killed else [])
    quotes += [quote_slow(e, view.node.name) for e in scripts[:2]] + replies[:2]
    values = {"seconds": float(seconds) or None, "ending": ENDED if killed else None}
    severity = tier(seconds, spec) or Severity.HIGH
    if view.said("reply-unkillable"):
        severity = Severity.CRITICAL
    if events or replies:
        severity = max(severity, Severity.HIGH, key=lambda one: one.rank)
    return Verdict(severity, evidence=tuple(quotes), values=values, variant="" if events or replies else "slow")


ENDED = Text(ko="SCRIPT KILL로 종료되었습니다.", en="It was ended by SCRIPT KILL.")


def _slow_commands_if_any(view: View) -> list[SlowCommand]:
    try:
        return _slow_commands(view)
    except MissingField:
        return []


def _error_of(view: View, words: str) -> list[Evidence]:
    """What INFO answered instead of a sample, if it says these words."""
    error = view.node.info.error
    return [Evidence(error[:240], "INFO", node=view.node.name)] if words in error else []


def _milliseconds(text: str) -> float:
    return int(text) / 1000 if text.isdecimal() else 0.0


@rule("perf-big-keys")
def big_keys(view: View, spec: RuleSpec) -> Verdict | None:
    """The biggest key that --bigkeys or --memkeys names, by the cuts of the catalogue."""
    report = view.need(EvidenceKind.BIGKEYS)
    graded = [(_grade(key, spec), key) for key in report.biggest]
    found = [(severity, key) for severity, key in graded if severity is not None]
    if not found:
        return None
    severity, key = max(found, key=lambda pair: (pair[0].rank, pair[1].size))
    values = {"type": key.type, "key": key.name, "amount": key.size, "unit": key.unit}
    quote = Evidence(f"{key.type} {key.name} {key.size} {key.unit}", "--bigkeys", key.line, view.node.name)
    return Verdict(severity, None if severity.rank > 1 else State.CONTEXT, (quote,), values)


def _grade(key: BigKey, spec: RuleSpec) -> Severity | None:
    """Bytes of a string, elements of a collection. Streams and time series are big by design."""
    if key.type.lower() in ("stream", "tsdb-type"):
        return None
    counted = "bytes" if "byte" in key.unit.lower() else "set_elements" if key.type.lower() == "set" else "elements"
    for severity in (Severity.HIGH, Severity.MEDIUM, Severity.LOW):
        limit = spec.thresholds.get(f"{severity.value}_{counted}", spec.thresholds.get(f"{severity.value}_elements"))
        if limit is not None and key.size > limit:
            return severity
    return None


@rule("perf-hit-rate-low")
def hit_rate_low(view: View, spec: RuleSpec) -> Verdict | None:
    """A low hit rate with enough look-ups. Warm-up and instances without a cache's habits are left alone."""
    hits, misses = view.number("keyspace_hits"), view.number("keyspace_misses")
    evicted = float(view.get("evicted_keys", 0) or 0)
    earlier = _earlier_hits(view)
    if earlier is not None:
        before_hits, before_misses = earlier
        now_hits, now_misses = hits - before_hits, misses - before_misses
        if now_hits >= 0 and now_misses >= 0 and before_hits + before_misses > 0:
            return _fallen(view, spec, before_hits / (before_hits + before_misses), now_hits, now_misses, evicted)
    if hits + misses < spec.thresholds["lookups"]:
        return None
    rate = hits / (hits + misses)
    values = {"hit_rate": rate, "hits": hits, "misses": misses, "evicted": evicted}
    severity = tier(rate, spec)
    if severity is None:
        return None
    return Verdict(severity, None if _is_cache(view) else State.CONTEXT, view.evidence(), values)


def _is_cache(view: View) -> bool:
    """Whether it looks like a cache: an evicting policy, or a time to live on most keys."""
    if str(view.get("maxmemory_policy", "")).startswith("allkeys"):
        return True
    databases = view.node.info.databases
    keys = sum(db.keys for db in databases)
    return keys > 0 and sum(db.expires for db in databases) > 0.5 * keys


def _earlier_hits(view: View) -> tuple[float, float] | None:
    earlier = view.node.earlier
    if earlier is None or view.node.restarted or not (earlier.has("keyspace_hits") and earlier.has("keyspace_misses")):
        return None
    return earlier.number("keyspace_hits"), earlier.number("keyspace_misses")


def _fallen(view: View, spec: RuleSpec, before: float, hits: float, misses: float, evicted: float) -> Verdict | None:
    """The hit rate between the samples, against the one before."""
    cuts = spec.thresholds
    if hits + misses < cuts["lookups_between"]:
        return None
    rate = hits / (hits + misses)
    values = {"before": before, "hit_rate": rate, "hits": hits, "misses": misses, "evicted": evicted}
    if rate >= cuts["poor_share"] and before - rate <= cuts["drop_share"]:
        return None
    severity = Severity.HIGH if rate <= cuts["high"] and before > cuts["medium"] else Severity.MEDIUM
    return Verdict(severity, evidence=view.evidence(), values=values, variant="fell")


@rule("perf-expire-backlog")
def expire_backlog(view: View, spec: RuleSpec) -> Verdict | None:
    """Expired keys that linger, or an expire cycle that keeps hitting its time limit."""
    stale = view.number("expired_stale_perc")
    severity = tier(stale, spec)
    values = {"value": stale}
    if severity is not Severity.MEDIUM and view.node.earlier is not None and not view.node.restarted:
        per_second = view.rate("expired_time_cap_reached_count") if view.has("expired_time_cap_reached_count") else 0.0
        if per_second > spec.thresholds["caps_per_second"]:
            return Verdict(Severity.MEDIUM, None, view.evidence(), {**values, "rate": per_second}, "cap")
    return Verdict(severity, evidence=view.evidence(), values=values) if severity else None


@rule("perf-monitor-running")
def monitor_running(view: View, spec: RuleSpec) -> Verdict | None:
    """MONITOR costs most where most happens."""
    clients = view.need(EvidenceKind.CLIENT_LIST).clients
    watching = [c for c in clients if "O" in c.flags or c.command.lower() == "monitor"]
    if not watching:
        return None
    quotes = tuple(Evidence(c.text[:240], "CLIENT LIST", c.line, view.node.name) for c in watching[:3])
    lasting = max((c.age or 0) for c in watching) > spec.thresholds["age_seconds"]
    busy = float(view.get("instantaneous_ops_per_sec", 0) or 0) > spec.thresholds["ops_per_second"]
    severity = Severity.HIGH if lasting and busy else Severity.MEDIUM
    return Verdict(severity, evidence=quotes, values={"who": watching[0].name or watching[0].address})


@rule("perf-error-rate")
def error_rate(view: View, spec: RuleSpec) -> Verdict | None:
    """Errors that no other rule speaks for: between two samples a fault, since start a fact."""
    total, errors = view.number("total_commands_processed"), view.number("total_error_replies")
    counted = dict(view.node.info.errors)
    earlier = view.node.earlier
    state: State | None = State.CONTEXT
    if earlier is not None and not view.node.restarted and earlier.has("total_error_replies"):
        total, errors = view.delta("total_commands_processed"), view.delta("total_error_replies")
        counted = {code: count - earlier.info.errors.get(code, 0) for code, count in counted.items()}
        state = State.ACTIVE
    codes = {code: count for code, count in counted.items() if code not in words("spoken_for_errors")}
    code = max(codes, key=lambda name: codes[name], default="")
    if total < spec.thresholds["commands"] or not code:
        return None
    severity = tier(codes[code] / total, spec)
    if severity is None:
        return None
    if state is State.CONTEXT:
        severity = Severity.LOW
    view.value_of(f"errorstat_{code}")
    return Verdict(severity, state, view.evidence(), {"value": errors / total, "code": code, "count": codes[code]})


@rule("perf-errorstats-overflow")
def errorstats_overflow(view: View, spec: RuleSpec) -> Verdict | None:
    if view.node.info.errors.get("ERRORSTATS_DISABLED"):
        view.value_of("errorstat_ERRORSTATS_DISABLED")
        return Verdict(spec.severity, evidence=view.evidence())
    return decide_by_log(view, spec)


@rule("perf-module-blocking")
def module_blocking(view: View, spec: RuleSpec) -> Verdict | None:
    quotes = [e.quote() for e in view.said("reply-busy-module")]
    quotes += _error_of(view, "busy running a module command")
    if quotes:
        return Verdict(spec.severity, evidence=tuple(quotes[:2]))
    if not view.node.said:
        raise MissingField("client errors")
    return None


@rule("perf-latency-doctor-unknown")
def doctor_without_advice(view: View, spec: RuleSpec) -> Verdict | None:
    doctor = view.need(EvidenceKind.LATENCY_DOCTOR)
    if doctor.is_disabled or not doctor.spikes or doctor.advice:
        return None
    quotes = tuple(
        Evidence(f"{s.event}: worst {s.worst_ms:g} ms", "LATENCY DOCTOR", s.line, view.node.name)
        for s in doctor.spikes[:3]
    )
    return Verdict(spec.severity, evidence=quotes)


@rule("perf-hot-keys")
def hot_keys(view: View, spec: RuleSpec) -> Verdict | None:
    report = view.need(EvidenceKind.BIGKEYS)
    if not report.hot:
        return None
    hottest = max(report.hot, key=lambda key: key.size)
    quote = Evidence(f"{hottest.name} (counter {hottest.size})", "--hotkeys", hottest.line, view.node.name)
    return Verdict(spec.severity, State.CONTEXT, (quote,), {"key": hottest.name})
