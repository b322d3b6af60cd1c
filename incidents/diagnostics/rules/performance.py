"""Performance rules that look at slow commands, statistics per command, keys and client lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.parsers.slowlog import SlowCommand
from incidents.diagnostics.rules.engine import Verdict, rule, tier
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

# Commands whose cost grows with the key space or a whole collection.
LINEAR = frozenset(
    [
        "keys",
        "sort",
        "sort_ro",
        "smembers",
        "hgetall",
        "hkeys",
        "hvals",
        "lrange",
        "zrange",
        "zrangebyscore",
        "zrevrange",
        "sunion",
        "sinter",
        "sdiff",
        "zunionstore",
        "zinterstore",
        "flushall",
        "flushdb",
        "mget",
        "mset",
        "del",
        "lrem",
        "linsert",
        "georadius",
        "object",
        "getrange",
        "sunionstore",
        "sinterstore",
    ]
)
NEVER_IN_PRODUCTION = frozenset(("keys", "flushall", "flushdb", "sort"))
EXPECTED_SLOW = frozenset(("bgsave", "debug", "psync", "sync", "config|rewrite", "save", "shutdown", "bgrewriteaof"))
SLOW_PER_CALL_US = 10_000


def _slow_commands(view: View) -> list[SlowCommand]:
    pieces = view.node.of_kind(EvidenceKind.SLOWLOG)
    if not pieces:
        raise MissingField("SLOWLOG")
    entries = [entry for piece in pieces for entry in piece.data.entries]
    return [entry for entry in entries if entry.arguments and entry.arguments[0].lower() not in EXPECTED_SLOW]


def quote_slow(entry: SlowCommand, node: str) -> Evidence:
    words = " ".join(entry.arguments[:6])[:160]
    who = f" [{entry.client_name or entry.client}]" if entry.client_name or entry.client else ""
    return Evidence(f"{entry.duration_us} µs {words}{who}", "SLOWLOG", entry.line, node, entry.at)


@rule("perf-slowlog")
def slowlog(view: View, spec: RuleSpec) -> Verdict | None:
    """Judge by the slowest entry; a single old human command does not make an incident."""
    entries = [e for e in _slow_commands(view) if not _is_script(e)]
    if not entries:
        return None
    worst = max(entries, key=lambda entry: entry.duration_us)
    severity = tier(worst.duration_us / 1000, spec)
    if severity is None:
        return None
    if severity is Severity.MEDIUM and len(entries) < 3 and worst.duration_us < 100_000:
        severity = Severity.LOW
    kinds = Counter(entry.arguments[0].upper() for entry in entries)
    values = {
        "count": len(entries), "worst": float(worst.duration_us), "command": " ".join(worst.arguments[:4])[:80],
        "commands": ", ".join(f"{name} ×{n}" for name, n in kinds.most_common(5)),
        "who": _who(entries),
    }  # fmt: skip
    slowest = sorted(entries, key=lambda entry: -entry.duration_us)[:4]
    state = State.CONTEXT if severity is Severity.LOW else None
    return Verdict(severity, state, tuple(quote_slow(entry, view.node.name) for entry in slowest), values)


def _is_script(entry: SlowCommand) -> bool:
    return entry.arguments[0].lower() in ("eval", "evalsha", "fcall", "eval_ro", "evalsha_ro", "fcall_ro")


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
        if name.split("|")[0].lower() in LINEAR and stat.usec_per_call >= SLOW_PER_CALL_US and stat.calls > 1
    ]
    if not slow:
        return None
    for stat in slow:
        view.value_of(f"cmdstat_{stat.name}")
    worst = max(slow, key=lambda stat: stat.usec_per_call)
    severity = Severity.HIGH if worst.usec_per_call > 500_000 else Severity.MEDIUM
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
    if not worst or (calls is not None and calls.calls < 100):
        return None
    severity = tier(constant[worst], spec)
    if severity is None:
        return None
    view.value_of(f"latency_percentiles_usec_{worst}")
    return Verdict(severity, evidence=view.evidence(), values={"command": worst.upper(), "value": constant[worst]})


@rule("perf-script-blocking")
def script_blocking(view: View, spec: RuleSpec) -> Verdict | None:
    """A script that blocked, from the log, the replies or SLOWLOG; told as ended when it was killed."""
    events = view.events("slow-script")
    killed = view.node.log.last("script-killed")
    scripts = [e for e in _slow_commands_if_any(view) if _is_script(e) and e.duration_us > 500_000]
    replies = _busy_replies(view)
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
    quotes += [quote_slow(e, view.node.name) for e in scripts[:2]] + replies
    ending = "SCRIPT KILL로 종료되었습니다 / ended by SCRIPT KILL." if killed else ""
    severity = Severity.CRITICAL if seconds > 30 else Severity.HIGH
    return Verdict(severity, evidence=tuple(quotes), values={"seconds": float(seconds), "ending": ending})


def _slow_commands_if_any(view: View) -> list[SlowCommand]:
    try:
        return _slow_commands(view)
    except MissingField:
        return []


def _busy_replies(view: View) -> list[Evidence]:
    if view.node is not view.dossier.main:
        return []
    lines = view.dossier.client_errors.splitlines() + [view.node.info.error]
    return [
        Evidence(line[:240], "client errors")
        for line in lines
        if re.search(r"BUSY Redis is busy running a script", line)
    ][:2]


def _milliseconds(text: str) -> float:
    return int(text) / 1000 if text.isdigit() else 0.0


@rule("perf-big-keys")
def big_keys(view: View, spec: RuleSpec) -> Verdict | None:
    """The biggest key that --bigkeys or --memkeys names, by the cuts of the catalogue."""
    report = view.need(EvidenceKind.BIGKEYS)
    graded = [(_grade(key.type, key.size, key.unit), key) for key in report.biggest]
    found = [(severity, key) for severity, key in graded if severity is not None]
    if not found:
        return None
    severity, key = max(found, key=lambda pair: (pair[0].rank, pair[1].size))
    values = {"type": key.type, "key": key.name, "amount": key.size, "unit": key.unit}
    quote = Evidence(f"{key.type} {key.name} {key.size} {key.unit}", "--bigkeys", key.line)
    return Verdict(severity, None if severity.rank > 1 else State.CONTEXT, (quote,), values)


def _grade(kind: str, amount: float, unit: str) -> Severity | None:
    is_bytes = "byte" in unit.lower()
    for severity, limit in (
        (Severity.HIGH, 100 << 20 if is_bytes else 1_000_000),
        (Severity.MEDIUM, 1 << 20 if is_bytes else 100_000),
        (Severity.LOW, 100_000 if is_bytes else 5_000),
    ):
        if amount > limit:
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
            return _fallen(view, before_hits / (before_hits + before_misses), now_hits, now_misses, evicted)
    if hits + misses < 1000:
        return None
    rate = hits / (hits + misses)
    values = {"hit_rate": rate, "hits": hits, "misses": misses, "evicted": evicted}
    if rate >= 0.8:
        return None
    severity = Severity.HIGH if rate < 0.2 else Severity.MEDIUM
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


def _fallen(view: View, before: float, hits: float, misses: float, evicted: float) -> Verdict | None:
    if hits + misses < 200:
        return None
    rate = hits / (hits + misses)
    values = {"before": before, "hit_rate": rate, "hits": hits, "misses": misses, "evicted": evicted}
    if rate < 0.5 or before - rate > 0.2:
        severity = Severity.HIGH if rate < 0.2 and before > 0.8 else Severity.MEDIUM
        return Verdict(severity, evidence=view.evidence(), values=values, variant="fell")
    return None


@rule("perf-monitor-running")
def monitor_running(view: View, spec: RuleSpec) -> Verdict | None:
    watching = [c for c in view.need(EvidenceKind.CLIENT_LIST).clients if "O" in c.flags or c.command == "monitor"]
    if not watching:
        return None
    quotes = tuple(Evidence(c.text[:240], "CLIENT LIST", c.line, view.node.name) for c in watching[:3])
    return Verdict(spec.severity, evidence=quotes, values={"who": watching[0].name or watching[0].address})


@rule("perf-error-rate")
def error_rate(view: View, spec: RuleSpec) -> Verdict | None:
    total = view.number("total_commands_processed")
    errors = view.number("total_error_replies")
    if total < 1000 or errors / total < 0.01:
        return None
    expected = ("MOVED", "ASK", "NOSCRIPT", "BUSYGROUP", "TRYAGAIN")
    codes = {code: count for code, count in view.node.info.errors.items() if code not in expected}
    code = max(codes, key=lambda name: codes[name], default="")
    if not code or codes[code] / total < 0.01:
        return None
    return Verdict(
        spec.severity, evidence=view.evidence(), values={"value": errors / total, "code": code, "count": codes[code]}
    )


@rule("perf-module-blocking")
def module_blocking(view: View, spec: RuleSpec) -> Verdict | None:
    if view.node is not view.dossier.main or not view.dossier.client_errors:
        raise MissingField("client errors")
    lines = [
        line for line in view.dossier.client_errors.splitlines() if "busy running a module command" in line.lower()
    ]
    return Verdict(spec.severity, evidence=(Evidence(lines[0][:240], "client errors"),)) if lines else None


@rule("perf-latency-doctor-unknown")
def doctor_without_advice(view: View, spec: RuleSpec) -> Verdict | None:
    doctor = view.need(EvidenceKind.LATENCY_DOCTOR)
    if doctor is None or doctor.is_disabled or not doctor.spikes or doctor.advice:
        return None
    quotes = tuple(Evidence(f"{s.event}: worst {s.worst_ms:g} ms", "LATENCY DOCTOR", s.line) for s in doctor.spikes[:3])
    return Verdict(spec.severity, evidence=quotes)


@rule("perf-hot-keys")
def hot_keys(view: View, spec: RuleSpec) -> Verdict | None:
    report = view.need(EvidenceKind.BIGKEYS)
    hot = [key for key in report.hot]
    if not hot:
        return None
    quote = Evidence(f"{hot[0].name}", "--hotkeys", hot[0].line)
    return Verdict(spec.severity, State.CONTEXT, (quote,), {"key": hot[0].name})
