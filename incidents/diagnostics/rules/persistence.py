"""Persistence rules that join the status fields with the log and the disk."""

from __future__ import annotations

from collections.abc import Sequence

from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.rules.engine import Verdict, rule, tier
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
    values = {"error": errno_of(failures) or "?"}
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
    count = view.node.info.errors.get("MISCONF", 0)
    if view.node.latest is None:
        raise MissingField("errorstat_MISCONF")
    if count:
        view.value_of("errorstat_MISCONF")
    elif not view.has("rdb_last_bgsave_status"):
        raise MissingField("errorstat_MISCONF")
    failing = "err" in (view.get("rdb_last_bgsave_status"), view.get("aof_last_write_status"))
    if not count:
        return None
    state = None if failing else State.HISTORY
    severity = Severity.CRITICAL if failing else Severity.LOW
    return Verdict(severity, state, view.evidence(), {"count": count}, "" if failing else "history")


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
        severity = Severity.HIGH if count >= 5 else Severity.MEDIUM
        return Verdict(severity, evidence=tuple(e.quote() for e in lines[-3:]), values={"count": count})
    total = view.number("aof_delayed_fsync")
    if total <= 0:
        return None
    if view.node.earlier is not None and not view.node.restarted:
        grown = view.delta("aof_delayed_fsync")
        if grown <= 0:
            return None
        severity = Severity.HIGH if view.rate("aof_delayed_fsync") > 1 / 60 else Severity.MEDIUM
        return Verdict(severity, evidence=view.evidence(), values={"value": grown}, variant="rate")
    return Verdict(Severity.LOW, State.HISTORY, view.evidence(), {"value": total}, "history")


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
        severity = Severity.CRITICAL if in_a_row >= 10 else Severity.HIGH
        return Verdict(severity, evidence=(*view.evidence(), *quotes), values=values)
    if failures:
        return Verdict(Severity.LOW, State.RECOVERED, (*quotes, *view.evidence()), values, "recovered")
    return None


@rule("pers-disk-full")
def disk_full(view: View, spec: RuleSpec) -> Verdict | None:
    """Find the system's own word for it in the log, in client errors or in df."""
    lines = [
        e for e in view.events(*view.node.log.series) if any(word in e.entry.message for word in (*FULL, *UNWRITABLE))
    ]
    quotes = [event.quote() for event in lines[-3:]] + _client_words(view, FULL) + _full_volumes(view)
    if not quotes:
        if not view.node.log and view.node.latest is None:
            raise MissingField("server log")
        return None
    full = any(word in quote.text for quote in quotes for word in FULL) or not lines
    where = quotes[-1].text[:160]
    fixed = _is_over(view, lines, "rdb-save-ok", "aof-rewrite-ok", "aof-write-error-solved")
    healthy = view.get("rdb_last_bgsave_status") != "err" and view.get("aof_last_write_status") != "err"
    rewriting = view.get("aof_last_bgrewrite_status") != "err"
    if lines and fixed is not None and healthy and rewriting:
        return Verdict(Severity.LOW, State.RECOVERED, tuple([*quotes, fixed.quote()]), {"where": where}, "recovered")
    writes = "err" in (view.get("rdb_last_bgsave_status"), view.get("aof_last_write_status"))
    only_rewrite = bool(lines) and all(e.name in REWRITE_FAILED for e in lines) and not writes
    severity = Severity.HIGH if only_rewrite else Severity.CRITICAL
    return Verdict(severity, None, tuple(quotes), {"where": where}, "" if full else "readonly")


def _client_words(view: View, words: Sequence[str]) -> list[Evidence]:
    if view.node is not view.dossier.main:
        return []
    lines = view.dossier.client_errors.splitlines()
    return [Evidence(line.strip()[:300], "client errors") for line in lines if any(word in line for word in words)][:2]


def _full_volumes(view: View) -> list[Evidence]:
    """Volumes that df shows at 100 %."""
    found = []
    for piece in view.node.pieces:
        for line in piece.text.splitlines() if "Use%" in piece.text or "IUse%" in piece.text else ():
            if " 100% /" in line and not line.startswith(("/dev/loop", "udev", "none")):
                found.append(Evidence(line.strip(), "df"))
    return found[:2]


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
