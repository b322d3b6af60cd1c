"""Replication rules of one node: its link, its lag, the writes it refuses.

Its syncs are in `replication_syncs`, what compares nodes in `replication_group`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.parsers.info import ReplicaLine
from incidents.diagnostics.rules.engine import Verdict, rule, tier
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

MB = 1024 * 1024
LOST = ("link-with-master-lost", "master-timeout", "sync-timeout", "sync-socket-error", "master-unreachable")
LINKED = ("psync-ok", "full-sync-done", "promoted-to-master", "election-won")
BROKEN = ("full-sync-broken", "sync-child-stopped", "sync-child-failed", "sync-child-killed", "sync-child-no-consumer",
          "full-sync-load-failed", "diskless-load-failed")  # fmt: skip
REFUSALS = ("replication-auth-failed", "master-ping-refused", "handshake-error", "full-sync-broken",
            "handshake-option-unknown")  # fmt: skip
FLAP_WINDOW = timedelta(minutes=5)
REFUSED_LOGIN = re.compile(r"NOAUTH|WRONGPASS|NOPERM|invalid (?:username|password)|not permitted|without any password")


def is_replica(view: View) -> bool:
    return str(view.get("role", "")) in ("slave", "replica")


def master_of(view: View) -> str:
    host, port = view.node.text_of("master_host"), view.node.text_of("master_port")
    if host:
        return f"{host}:{port}"
    event = view.node.log.last("replica-connecting", "replica-reconnecting")
    return f"{event.capture('host')}:{event.capture('port')}".strip(":.") if event else "?"


def crowd(events: Sequence[LogEvent], window: timedelta) -> int:
    """The most events that lie within one window. Lines without a time count as crowded."""
    times = [event.at for event in events]
    if any(at is None for at in times):
        return len(times)
    moments = [at for at in times if at is not None]
    return max((sum(start <= at <= start + window for at in moments) for start in moments), default=0)


# --- the link, from the replica's side ---


@rule("repl-link-down")
def link_down(view: View, spec: RuleSpec) -> Verdict | None:
    """Trust master_link_status; without it the order of the log's lines."""
    lost = view.events(*LOST)
    status = str(view.get("master_link_status", "")).split(" ")[0]
    if not status and not view.has("role") and not view.node.log:
        raise MissingField("master_link_status")
    values = {"master": master_of(view), "line": lost[-1].entry.message[:160] if lost else ""}
    quotes = tuple(event.quote() for event in (*lost[:1], *lost[-2:][len(lost) < 2 :]))
    if status == "down":
        return _down_now(view, values, quotes)
    closed = view.node.log.last(*LINKED)
    healed = status == "up" or view.get("role") == "master" or (closed and lost and closed.position > lost[-1].position)
    if not lost:
        return None
    if healed:
        return Verdict(Severity.LOW, State.RECOVERED, quotes, values, "recovered")
    return Verdict(Severity.HIGH, evidence=quotes, values=values, variant="log")


def _down_now(view: View, values: Mapping[str, object], quotes: tuple[Evidence, ...]) -> Verdict:
    seconds = float(view.get("master_link_down_since_seconds", -1))
    evidence = (*view.evidence(), *quotes)
    if view.get("master_sync_in_progress", 0) == 1 and view.count(*BROKEN) < 2:
        return Verdict(Severity.LOW, State.CONTEXT, evidence, values, "syncing")
    if seconds < 0:
        if not view.count(*LOST, *BROKEN, *REFUSALS) and float(view.get("uptime_in_seconds", 60)) < 60:
            return Verdict(Severity.LOW, State.CONTEXT, evidence, values, "syncing")  # waits for the master's BGSAVE
        return Verdict(Severity.HIGH, evidence=evidence, values=values, variant="never")
    severity = Severity.CRITICAL if seconds > 300 else Severity.HIGH if seconds > 30 else Severity.MEDIUM
    return Verdict(severity, evidence=evidence, values={**values, "seconds": seconds})


@rule("repl-auth-failure")
def auth_failure(view: View, spec: RuleSpec) -> Verdict | None:
    if not view.node.log:
        raise MissingField("server log")
    events = [e for e in view.events(*REFUSALS) if e.name == REFUSALS[0] or REFUSED_LOGIN.search(e.entry.message)]
    if not events:
        return None
    closed = view.node.log.last("psync-ok", "full-sync-done")
    recovered = closed is not None and closed.position > events[-1].position
    reply = events[-1].capture("reply") or events[-1].entry.message[:160]
    values = {"count": max(len(events), view.count(REFUSALS[0])), "reply": reply}
    quotes = tuple(event.quote() for event in events[-2:])
    if recovered:
        return Verdict(Severity.LOW, State.RECOVERED, quotes, values, "recovered")
    return Verdict(spec.severity, evidence=quotes, values=values)


# --- lag, from the master's side ---


def _online(view: View) -> list[ReplicaLine]:
    if view.text("role") != "master":
        return []
    return [line for line in view.node.info.replicas if line.state == "online"]


def _read_replica(view: View, line: ReplicaLine) -> None:
    view.value_of(line.name)


@rule("repl-lag-bytes")
def lag_bytes(view: View, spec: RuleSpec) -> list[Verdict]:
    """Behind by offset, apart from what one ACK interval of writes explains."""
    verdicts = []
    for line in _online(view):
        if line.offset is None:
            continue
        written = view.number("master_repl_offset")
        behind = written - line.offset
        backlog = float(view.get("repl_backlog_size", MB)) or MB
        one_interval = 2 * 1024 * float(view.get("instantaneous_input_kbps", 0) or 0)
        if behind < MB or ((line.lag or 0) <= 1 and behind <= max(one_interval, 0.5 * backlog)):
            continue
        severity = tier(behind / max(backlog, 10 * MB), spec) if behind < 10 * MB else tier(behind / backlog, spec)
        if severity is None and behind < 10 * MB and (line.lag or 0) < 10:
            continue
        _read_replica(view, line)
        values = {
            "address": line.address, "behind": behind, "offset": line.offset, "master_offset": written,
            "lag": line.lag, "backlog": backlog,
        }  # fmt: skip
        verdicts.append(Verdict(severity or Severity.MEDIUM, evidence=view.evidence(), values=values))
    return verdicts


@rule("repl-lag-seconds")
def lag_seconds(view: View, spec: RuleSpec) -> Verdict | None:
    if is_replica(view):
        if view.text("master_link_status") != "up":
            return None
        lag, address = view.number("master_last_io_seconds_ago"), master_of(view)
    else:
        late = max(_online(view), key=lambda line: line.lag or 0, default=None)
        if late is None or not late.lag:
            return None
        _read_replica(view, late)
        lag, address = float(late.lag), late.address
    severity = tier(lag, spec)
    return Verdict(severity, evidence=view.evidence(), values={"lag": lag, "address": address}) if severity else None


@rule("repl-backlog-undersized")
def backlog_undersized(view: View, spec: RuleSpec) -> Verdict | None:
    """How many seconds of writes the backlog holds, by two samples or by the average since start."""
    if view.text("role") != "master" or view.number("connected_slaves") == 0 or view.get("repl_backlog_active") == 0:
        return None
    if view.node.earlier is not None and not view.node.restarted:
        per_second = view.rate("master_repl_offset")
    else:
        per_second = view.number("master_repl_offset") / max(view.number("uptime_in_seconds"), 1.0)
    backlog = view.number("repl_backlog_size")
    seconds = backlog / per_second if per_second > 0 else float("inf")
    severity = tier(seconds, spec)
    values = {"backlog": backlog, "seconds": seconds}
    return Verdict(severity, evidence=view.evidence(), values=values) if severity else None


# --- replicas that leave ---


@rule("repl-replica-lost")
def replica_lost(view: View, spec: RuleSpec) -> list[Verdict]:
    """Replicas whose last line is a loss, unless INFO shows as many as ever."""
    if not view.node.log and not view.has("connected_slaves"):
        raise MissingField("connected_slaves")
    if view.node.earlier is not None and not view.node.restarted and view.get("role") == "master":
        growth = view.node.growth("connected_slaves")
        if growth.amount < 0:
            view.delta("connected_slaves")
            severity = Severity.HIGH if growth.after else Severity.CRITICAL
            values = {"before": growth.before, "after": growth.after}
            return [Verdict(severity, evidence=view.evidence(), values=values, variant="dropped")]
    return [_loss(view, address, event) for address, event in _last_losses(view).items()]


def _last_losses(view: View) -> dict[str, LogEvent]:
    losses: dict[str, LogEvent] = {}
    for event in (*view.events("replica-link-lost", "replica-timed-out"), *view.said("replica-link-lost")):
        losses[event.capture("address").rstrip(".") or "?"] = event
    return losses


def _loss(view: View, address: str, lost: LogEvent) -> Verdict:
    back = [e for e in view.events("replica-asks-sync", "psync-ok", "replica-synced") if e.position > lost.position]
    returned = any(address in (e.capture("address"), "?") or not e.capture("address") for e in back)
    listed = any(line.address == address for line in view.node.info.replicas) if view.node.latest else False
    remaining = str(view.get("connected_slaves", "?"))
    values = {"address": address, "remaining": remaining}
    quotes = (lost.quote(), *view.evidence())
    if returned or listed or is_replica(view):
        return Verdict(Severity.LOW, State.RECOVERED, quotes, values, "recovered")
    severity = Severity.CRITICAL if remaining == "0" else Severity.HIGH
    return Verdict(severity, evidence=quotes, values=values)


@rule("repl-flapping")
def flapping(view: View, spec: RuleSpec) -> Verdict | None:
    if not view.node.log:
        raise MissingField("server log")
    lost = view.events("replica-link-lost") or view.events("link-with-master-lost")
    peers = Counter(event.capture("address") for event in lost)
    worst = max((crowd([e for e in lost if e.capture("address") == peer], FLAP_WINDOW) for peer in peers), default=0)
    severity = tier(worst, spec)
    if severity is None:
        return None
    values = {"count": worst}
    quotes = tuple(event.quote() for event in lost[-3:])
    end = view.node.log.last_at
    settled = end is not None and lost[-1].at is not None and end - lost[-1].at > FLAP_WINDOW
    if settled:
        return Verdict(Severity.LOW, State.RECOVERED, quotes, values, "recovered")
    return Verdict(severity, evidence=quotes, values=values)


# --- refused writes ---


@rule("repl-min-replicas-unmet")
def min_replicas_unmet(view: View, spec: RuleSpec) -> Verdict | None:
    said = view.said("reply-noreplicas")
    wanted = next((view.config(n) for n in ("min-replicas-to-write", "min-slaves-to-write") if view.has_config(n)), "?")
    good = str(view.get("min_slaves_good_slaves", view.get("connected_slaves", "?")))
    total = view.node.info.errors.get("NOREPLICAS", 0)
    known = good.isdecimal() and wanted.isdecimal()
    if not said and not known and not total and not view.has("role"):
        raise MissingField("min_slaves_good_slaves")
    if total:
        view.value_of("errorstat_NOREPLICAS")
    values = {"good": good, "wanted": wanted, "count": view.node.said.count("reply-noreplicas") or total}
    none_good = view.get("min_slaves_good_slaves") == 0  # printed only where at least one is demanded
    unmet = view.get("role") == "master" and (none_good or (known and int(good) < int(wanted)))
    if said or unmet:
        quotes = (*(event.quote() for event in said[:2]), *view.evidence())
        return Verdict(spec.severity, evidence=quotes, values=values)
    return Verdict(Severity.LOW, State.HISTORY, view.evidence(), values, "history") if total else None


@rule("repl-readonly-writes")
def readonly_writes(view: View, spec: RuleSpec) -> Verdict | None:
    said = view.said("reply-readonly")
    total = view.node.info.errors.get("READONLY", 0)
    if not said and view.node.latest is None:
        raise MissingField("errorstat_READONLY")
    count = view.node.said.count("reply-readonly") or total
    if said:
        return Verdict(spec.severity, evidence=tuple(event.quote() for event in said[:2]), values={"count": count})
    if not total:
        return None
    view.value_of("errorstat_READONLY")
    commands = float(view.get("total_commands_processed", 0) or 0)
    if is_replica(view) and total >= 5 and total > 0.01 * commands:
        return Verdict(Severity.HIGH, evidence=view.evidence(), values={"count": total})
    return Verdict(Severity.LOW, State.HISTORY, view.evidence(), {"count": total}, "history")


@rule("repl-failover-command")
def failover_command(view: View, spec: RuleSpec) -> Verdict | None:
    events = view.events("failover-aborted", "failover-forced")
    state = view.get("master_failover_state")
    if state is None and not view.node.log:
        raise MissingField("master_failover_state")
    if events:
        quotes = tuple(event.quote() for event in events[-2:])
        return Verdict(Severity.HIGH, evidence=quotes, values={"line": events[-1].entry.message[:160]})
    if state not in (None, "no-failover"):
        return Verdict(
            spec.severity, evidence=view.evidence(), values={"master_failover_state": state}, variant="running"
        )
    return None
