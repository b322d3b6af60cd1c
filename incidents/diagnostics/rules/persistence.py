"""Persistence rules that join the status fields with the log and the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.rules.engine import Verdict, decide_by_log, rule, tier
from incidents.diagnostics.rules.memory import error_count, error_growth
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

SAVE_FAILED = ("rdb-save-failed", "rdb-save-file-error", "rdb-save-killed", "rdb-save-oom-killed", "rdb-fork-failed")
REWRITE_FAILED = ("aof-rewrite-failed", "aof-rewrite-file-error", "aof-rewrite-killed", "aof-rewrite-limited",
                  "aof-rewrite-oom-killed", "aof-fork-failed")  # fmt: skip
WRITE_FAILED = ("aof-write-error", "aof-short-write-left", "aof-fsync-error")
DISK_LINES = (*SAVE_FAILED, *REWRITE_FAILED, *WRITE_FAILED, "aof-open-failed", "data-dir-problem", "aof-file-missing",
              "full-sync-file-error", "replica-dump-write-error", "acl-save-failed")  # fmt: skip
FULL = ("No space left on device", "Disk quota exceeded")
UNWRITABLE = ("Read-only file system", "Input/output error")


def errno_of(events: Sequence[LogEvent]) -> str:
    """The system's reason in the newest line that gives one."""
    return next((event.capture("error") for event in reversed(events) if event.capture("error")), "")


def _is_over(view: View, opened: Sequence[LogEvent], *closing: str) -> LogEvent | None:
    """The closing line that came after the last opening one."""
    closed = view.node.log.last(*closing)
    return closed if closed and opened and closed.position > opened[-1].position else None


@rule("pers-rdb-last-save-failed")
def rdb_last_save_failed(view: View, spec: RuleSpec) -> Verdict | None:
    """Trust the status field of the last save; without it, the order of the log's lines."""
    failures = view.events(*SAVE_FAILED)
    status = view.get("rdb_last_bgsave_status")
    if status is None and not view.node.log:
        raise MissingField("rdb_last_bgsave_status")
    values = {"error": errno_of(failures)}
    quotes = tuple(event.quote() for event in failures[-3:])
    closed = _is_over(view, failures, "rdb-save-ok")
    if status == "err" or (status is None and failures and closed is None):
        return Verdict(Severity.HIGH, evidence=(*quotes, *view.evidence()), values=values)
    if failures:
        proof = (closed.quote(),) if closed else ()
        return Verdict(Severity.LOW, State.RECOVERED, (*quotes, *proof, *view.evidence()), values, "recovered")
    return None


@rule("pers-misconf-writes-blocked")
def misconf_writes_blocked(view: View, spec: RuleSpec) -> Verdict | None:
    """Refusals that go on: clients report them, their count grows, or a status still says err."""
    said = view.said("reply-misconf")
    statuses = [view.get(name) for name in ("rdb_last_bgsave_status", "aof_last_write_status")]
    if said and "ok" not in statuses:
        values = {"count": view.node.said.count("reply-misconf")}
        return Verdict(spec.severity, None, tuple(e.quote() for e in said[:3]), values, "said")
    if not view.node.info.errors and statuses == [None, None]:
        raise MissingField("errorstat_MISCONF")
    count = error_count(view, "MISCONF")
    if not count:
        return None
    failing = "err" in statuses or error_growth(view, "MISCONF") > 0
    state, severity = (None, spec.severity) if failing else (State.HISTORY, Severity.LOW)
    return Verdict(severity, state, view.evidence(), {"count": count}, "" if failing else "history")


@rule("pers-fork-failed")
def fork_failed(view: View, spec: RuleSpec) -> Verdict | None:
    """Without a fork nothing is saved; where only the rewrite fails, the AOF itself is still written."""
    verdict = decide_by_log(view, spec)
    if verdict is None or verdict.state is State.RECOVERED or view.count("rdb-fork-failed"):
        return verdict
    return replace(verdict, severity=Severity.HIGH)


@rule("pers-fork-slow")
def fork_slow(view: View, spec: RuleSpec) -> Verdict | None:
    """The length of the last fork, against what its data set makes normal, unless it was long ago."""
    usec = view.number("latest_fork_usec")
    severity = tier(usec, spec)
    if severity is None:
        return None
    values = {"value": usec}
    if _seconds_since_save(view) > spec.thresholds["fresh_seconds"]:
        return Verdict(Severity.LOW, State.HISTORY, view.evidence(), values)
    gigabytes = float(view.get("used_memory", 0) or 0) / (1 << 30)
    if severity is Severity.MEDIUM and gigabytes and usec / gigabytes < spec.thresholds["normal_usec_per_gb"]:
        return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values)
    return Verdict(severity, evidence=view.evidence(), values=values)


def _seconds_since_save(view: View) -> float:
    """Age of the last RDB save by the server's own clock; 0 when nothing tells, or when other forks run as well."""
    if not (view.has("server_time_usec") and view.has("rdb_last_save_time")):
        return 0.0
    if 1 in (view.get("rdb_bgsave_in_progress"), view.get("aof_enabled")):
        return 0.0
    return view.number("server_time_usec") / 1e6 - view.number("rdb_last_save_time")


@rule("pers-rdb-stale")
def rdb_stale(view: View, spec: RuleSpec) -> Verdict | None:
    """An overdue save of changed data, where nothing but RDB keeps it."""
    if view.number("aof_enabled") or view.number("rdb_changes_since_last_save") <= 0:
        return None
    save = view.config("save")
    if not save or view.number("rdb_last_save_time") <= 0:
        return None
    age = view.number("server_time_usec") / 1e6 - view.number("rdb_last_save_time")
    intervals = [int(word) for word in save.split()[::2] if word.isdigit()]
    severity = tier(age, spec)
    if severity is None and intervals and age > spec.thresholds["intervals"] * max(intervals):
        severity = Severity.MEDIUM
    changes = view.number("rdb_changes_since_last_save")
    return Verdict(severity, evidence=view.evidence(), values={"age": age, "changes": changes}) if severity else None


@rule("pers-rdb-slow")
def rdb_slow(view: View, spec: RuleSpec) -> Verdict | None:
    """A save that takes far longer than the last one is stuck; one that always takes long is worth knowing."""
    last = view.number("rdb_last_bgsave_time_sec")
    now = float(view.get("rdb_current_bgsave_time_sec", -1) or -1)
    if last > 0 and now > max(spec.thresholds["times_last"] * last, spec.thresholds["least_seconds"]):
        return Verdict(Severity.HIGH, State.ACTIVE, view.evidence(), {"now": now, "last": last}, "stuck")
    severity = tier(last, spec)
    return Verdict(severity, evidence=view.evidence(), values={"last": last}) if severity else None


@rule("pers-aof-write-error")
def aof_write_error(view: View, spec: RuleSpec) -> Verdict | None:
    failures = view.events(*WRITE_FAILED)
    status = view.get("aof_last_write_status")
    if status is None and not view.node.log:
        raise MissingField("aof_last_write_status")
    quotes = tuple(event.quote() for event in failures[-3:])
    values = {"error": errno_of(failures)}
    closed = _is_over(view, failures, "aof-write-error-solved")
    if status == "err" or (status is None and failures and closed is None):
        return Verdict(Severity.CRITICAL, evidence=(*view.evidence(), *quotes), values=values)
    if failures:
        proof = (closed.quote(),) if closed else ()
        return Verdict(Severity.LOW, State.RECOVERED, (*quotes, *proof, *view.evidence()), values, "recovered")
    return None


@rule("pers-aof-fsync-delayed")
def aof_fsync_delayed(view: View, spec: RuleSpec) -> Verdict | None:
    lines = view.events("aof-fsync-delayed")
    if lines:
        count = view.count("aof-fsync-delayed")
        quotes, values = tuple(e.quote() for e in lines[-3:]), {"count": count}
        if _is_long_over(view, lines[-1], spec.thresholds["over_seconds"]):
            return Verdict(Severity.LOW, State.RECOVERED, quotes, values)
        severity = Severity.HIGH if count >= spec.thresholds["many_lines"] else Severity.MEDIUM
        return Verdict(severity, evidence=quotes, values=values)
    total = view.number("aof_delayed_fsync")
    if total <= 0:
        return None
    if view.node.earlier is not None and not view.node.restarted:
        grown = view.delta("aof_delayed_fsync")
        if grown <= 0:
            return None
        severity = tier(view.rate("aof_delayed_fsync") * 60, spec) or Severity.MEDIUM
        return Verdict(severity, evidence=view.evidence(), values={"value": grown}, variant="rate")
    return Verdict(Severity.LOW, State.HISTORY, view.evidence(), {"value": total}, "history")


def _is_long_over(view: View, event: LogEvent, seconds: float) -> bool:
    """Whether the log went on for so long without another such line that it is over."""
    last = view.node.log.last_at
    if event.at is None or last is None or (event.at.tzinfo is None) != (last.tzinfo is None):
        return False
    return (last - event.at).total_seconds() > seconds


@rule("pers-aof-rewrite-failed")
def aof_rewrite_failed(view: View, spec: RuleSpec) -> Verdict | None:
    failures = view.events(*REWRITE_FAILED)
    status = view.get("aof_last_bgrewrite_status")
    if status is None and not view.node.log:
        raise MissingField("aof_last_bgrewrite_status")
    closed = _is_over(view, failures, "aof-rewrite-ok")
    count = view.count("aof-rewrite-failed") or len(failures)
    values = {"error": errno_of(failures), "count": count}
    quotes = tuple(event.quote() for event in failures[-3:])
    if status == "err" or (status is None and failures and closed is None):
        in_a_row = float(view.get("aof_rewrites_consecutive_failures", 0) or 0)
        severity = tier(in_a_row, spec) or Severity.HIGH
        return Verdict(severity, evidence=(*view.evidence(), *quotes), values=values)
    if failures:
        return Verdict(Severity.LOW, State.RECOVERED, (*quotes, *view.evidence()), values, "recovered")
    return None


@rule("pers-aof-truncated")
def aof_truncated(view: View, spec: RuleSpec) -> Verdict | None:
    """A tail that was cut off lost the last commands; one that stops the start is an outage."""
    verdict = decide_by_log(view, spec)
    if verdict is None or verdict.state is State.RECOVERED or view.count("aof-truncated-fatal"):
        return verdict
    return replace(verdict, severity=Severity.HIGH)


@rule("pers-rdb-corrupt")
def rdb_corrupt(view: View, spec: RuleSpec) -> Verdict | None:
    """Tell damage from a file that a newer version wrote."""
    verdict = decide_by_log(view, spec)
    newer = view.node.log.last("rdb-version-unsupported")
    if verdict is None or newer is None or verdict.state is State.RECOVERED or view.count("rdb-corrupt"):
        return verdict
    values = {**verdict.values, "version": newer.capture("version")}
    return replace(verdict, values=values, variant="version", evidence=(newer.quote(), *verdict.evidence))


@rule("pers-shutdown-unsafe")
def shutdown_unsafe(view: View, spec: RuleSpec) -> Verdict | None:
    """Exiting without a save loses data; refusing to exit does not."""
    verdict = decide_by_log(view, spec)
    if verdict is None or verdict.state is State.RECOVERED or not view.count("final-save-failed-exit-anyway"):
        return verdict
    return replace(verdict, severity=Severity.CRITICAL)


@rule("pers-kernel-cow-bug")
def kernel_cow_bug(view: View, spec: RuleSpec) -> Verdict | None:
    verdict = decide_by_log(view, spec)
    if verdict is None or not view.count("kernel-cow-bug-exit"):
        return verdict
    return replace(verdict, severity=Severity.CRITICAL, variant="exit")


@rule("pers-disk-full")
def disk_full(view: View, spec: RuleSpec) -> Verdict | None:
    """Find the system's own word for it in the log, in client errors or in df."""
    lines = [
        e for e in view.events(*view.node.log.series) if any(word in e.entry.message for word in (*FULL, *UNWRITABLE))
    ]
    volumes = _volumes(view, spec.thresholds["high"])
    full_ones = [quote for percent, quote in volumes if percent >= spec.thresholds["full"]]
    quotes = [event.quote() for event in lines[-3:]] + _client_words(view, FULL) + full_ones[:2]
    if not quotes:
        if not view.node.log and view.node.latest is None and not view.node.of_kind(EvidenceKind.HOST):
            raise MissingField("server log")
        return _filling_up(volumes, spec)
    full = any(word in quote.text for quote in quotes for word in FULL) or not lines
    where = quotes[-1].text[:160]
    fixed = _is_over(view, lines, "rdb-save-ok", "aof-rewrite-ok", "aof-write-error-solved")
    healthy = view.get("rdb_last_bgsave_status") != "err" and view.get("aof_last_write_status") != "err"
    rewriting = view.get("aof_last_bgrewrite_status") != "err"
    if lines and fixed is not None and healthy and rewriting:
        return Verdict(Severity.LOW, State.RECOVERED, (*quotes, fixed.quote()), {"where": where}, "recovered")
    writes = "err" in (view.get("rdb_last_bgsave_status"), view.get("aof_last_write_status"))
    only_rewrite = bool(lines) and all(e.name in REWRITE_FAILED for e in lines) and not writes
    severity = Severity.HIGH if only_rewrite else Severity.CRITICAL
    return Verdict(severity, None, tuple(quotes), {"where": where}, "" if full else "readonly")


def _filling_up(volumes: Sequence[tuple[float, Evidence]], spec: RuleSpec) -> Verdict | None:
    """A volume that df shows nearly full: nothing has failed yet."""
    percent, quote = max(volumes, key=lambda pair: pair[0], default=(0.0, None))
    severity = tier(percent, spec)
    if severity is None or quote is None:
        return None
    return Verdict(severity, State.RISK, (quote,), {"where": quote.text[:160], "percent": percent}, "filling")


def _client_words(view: View, words: Sequence[str]) -> list[Evidence]:
    if view.node is not view.dossier.main:
        return []
    lines = view.dossier.client_errors.splitlines()
    return [Evidence(line.strip()[:300], "client errors") for line in lines if any(word in line for word in words)][:2]


def _volumes(view: View, least: float) -> list[tuple[float, Evidence]]:
    """Volumes, or their inodes, that df shows from so many per cent."""
    hosts = [piece for piece in view.node.of_kind(EvidenceKind.HOST) if piece.data]
    return [
        (volume.used_percent, Evidence(volume.text, piece.name or "df", volume.line, view.node.name))
        for piece in hosts
        for volume in piece.data.filesystems
        if volume.used_percent is not None and volume.used_percent >= least
        and not volume.device.startswith(("/dev/loop", "udev", "none", "tmpfs", "devtmpfs", "squashfs"))
    ]  # fmt: skip


@rule("pers-dir-problem")
def dir_problem(view: View, spec: RuleSpec) -> Verdict | None:
    lines = [e for e in view.events(*view.node.log.series) if _is_denied(e)]
    if not lines:
        if not view.node.log:
            raise MissingField("server log")
        return None
    where = lines[-1].entry.message[:200]
    values = {"where": where}
    quotes = tuple(event.quote() for event in lines[-3:])
    fixed = _is_over(view, lines, "rdb-save-ok", "aof-rewrite-ok")
    if fixed is not None and view.get("rdb_last_bgsave_status") != "err":
        return Verdict(Severity.LOW, State.RECOVERED, (*quotes, fixed.quote()), values, "recovered")
    return Verdict(Severity.HIGH, evidence=quotes, values=values)


def _is_denied(event: LogEvent) -> bool:
    if event.name in ("data-dir-problem", "aof-open-failed"):
        return True
    return "Permission denied" in event.entry.message and event.meaning.category == "persistence"


@rule("pers-loading")
def loading(view: View, spec: RuleSpec) -> Verdict | None:
    if view.number("loading") != 1:
        return None
    eta = float(view.get("loading_eta_seconds", 0) or 0)
    severity = tier(eta, spec) if view.has("loading_eta_seconds") else Severity.HIGH  # nobody says that it will end
    return Verdict(severity or Severity.MEDIUM, evidence=view.evidence(), values={"value": eta})
