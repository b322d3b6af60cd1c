"""Replication rules about syncs: loops of them, empty ones, and a master that loaded somebody else's data."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Severity, State
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.rules.engine import Verdict, rule, tier
from incidents.diagnostics.rules.replication import BROKEN, LOST, MB, crowd, master_of
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View
from incidents.diagnostics.text import Text

WRITTEN_BYTES = 10_000  # of replication stream: more than a day of pings, so something had been written
LOOP_WINDOW = timedelta(minutes=10)
_LIMIT = re.compile(r"(?:slave|replica)\s+(\S+)\s+(\S+)\s+(\S+)")


@rule("repl-full-resync-loop")
def full_resync_loop(view: View, spec: RuleSpec) -> Verdict | None:
    """Full syncs of one peer that begin anew within ten minutes, some of them broken."""
    if not view.node.log and not view.has("sync_full"):
        raise MissingField("sync_full")
    peer, starts = _busiest(view)
    count = crowd(starts, LOOP_WINDOW)
    broken = view.count(*BROKEN) + len(replica_cuts(view))
    severity = tier(count, spec)
    if count < 2 or severity is None or broken == 0:
        return _loop_by_counter(view)
    values = {"count": count, "broken": broken, "peer": peer or "replica"}
    quotes = tuple(e.quote() for e in (*starts[-2:], *replica_cuts(view)[-1:], *view.events(*BROKEN)[-2:]))
    done = view.node.log.last("full-sync-done", "replica-synced")
    if done and done.position > max(starts[-1].position, *(e.position for e in view.events(*BROKEN)), 0):
        return Verdict(Severity.LOW, State.RECOVERED, (*quotes, done.quote()), values, "recovered")
    return Verdict(severity, evidence=quotes, values=values)


def _busiest(view: View) -> tuple[str, list[LogEvent]]:
    """The peer with most full syncs and their starts, from a master's or from a replica's log."""
    by_peer: dict[str, list[LogEvent]] = defaultdict(list)
    for event in view.events("full-resync-requested", "psync-refused-backlog", "psync-refused-offset"):
        by_peer[event.capture("address")].append(event)
    received = view.events("full-resync-from-master")
    if not by_peer and not received:
        return "", view.events("bgsave-for-sync")
    peer, starts = max(by_peer.items(), key=lambda item: len(item[1]), default=("", []))
    return (peer, starts) if len(starts) >= len(received) else (master_of(view), received)


def _loop_by_counter(view: View) -> Verdict | None:
    """`sync_full` against uptime and replicas. A fresh master with many replicas is no loop."""
    if not (view.has("sync_full") and view.has("uptime_in_seconds") and view.has("connected_slaves")):
        return None
    total, uptime = float(view.now.number("sync_full")), max(float(view.now.number("uptime_in_seconds")), 60.0)
    per_replica = total / max(float(view.now.number("connected_slaves")), 1.0)
    if per_replica < 5 or per_replica / (uptime / 600) < 3:
        return None
    view.value_of("sync_full")
    return Verdict(
        Severity.HIGH, evidence=view.evidence(), values={"count": total, "uptime": uptime}, variant="counter"
    )


def replica_cuts(view: View) -> list[LogEvent]:
    """Replicas that the master closed at the output-buffer limit."""
    return [e for e in (*view.events("output-buffer-limit"), *view.said("output-buffer-limit")) if is_replica_line(e)]


def is_replica_line(event: LogEvent) -> bool:
    return bool(
        re.search(
            r"flags=[A-Z]*S|cmd=(?:psync|sync|replconf)\b|\b(?:psync|replconf) scheduled", event.entry.message, re.I
        )
    )


@rule("repl-output-buffer-limit")
def output_buffer_limit(view: View, spec: RuleSpec) -> Verdict | None:
    if not view.node.log and not view.node.said:
        raise MissingField("server log")
    cuts = replica_cuts(view)
    if not cuts:
        return None
    text = ""
    if view.has_config("client-output-buffer-limit") and (
        found := _LIMIT.search(view.config("client-output-buffer-limit"))
    ):
        text = f" (client-output-buffer-limit replica {' '.join(found.groups())})"
    quotes = (*(event.quote() for event in cuts[-2:]), *view.evidence())
    return Verdict(spec.severity, evidence=quotes, values={"count": len(cuts), "limit_text": text})


@rule("repl-partial-resync-failing")
def partial_resync_failing(view: View, spec: RuleSpec) -> Verdict | None:
    refused = view.events("psync-refused-backlog", "psync-refused-offset", "replica-wrong-offset")
    if not refused:
        return _partial_by_counter(view)
    count = view.count("psync-refused-backlog", "psync-refused-offset", "replica-wrong-offset")
    done = view.node.log.last("replica-synced", "psync-ok")
    quotes = tuple(event.quote() for event in refused[-2:])
    if done and done.position > refused[-1].position:
        return Verdict(Severity.LOW, State.RECOVERED, (*quotes, done.quote()), {"count": count}, "recovered")
    return Verdict(Severity.HIGH if count > 1 else Severity.MEDIUM, evidence=quotes, values={"count": count})


def _partial_by_counter(view: View) -> Verdict | None:
    if view.node.earlier is not None and not view.node.restarted and view.delta("sync_partial_err") > 0:
        return Verdict(Severity.MEDIUM, evidence=view.evidence(), values={"count": view.delta("sync_partial_err")})
    total = view.number("sync_partial_err") if view.has("sync_partial_err") else 0
    if not view.node.log and not view.has("sync_partial_err"):
        raise MissingField("sync_partial_err")
    # A new replica's mismatch counts once; more than one per replica is history worth telling.
    if total <= max(float(view.get("connected_slaves", 0) or 0), 1.0):
        return None
    return Verdict(Severity.LOW, State.HISTORY, view.evidence(), {"count": total}, "history")


@rule("repl-fullsync-buffer")
def fullsync_buffer(view: View, spec: RuleSpec) -> Verdict | None:
    size = max(float(view.get(name, 0) or 0) for name in ("replica_full_sync_buffer_size", "replicas_repl_buffer_size"))
    events = view.events("replication-buffer-limit")
    if not events and not view.has("replica_full_sync_buffer_size") and not view.has("replicas_repl_buffer_size"):
        raise MissingField("replica_full_sync_buffer_size")
    if events:
        return Verdict(
            Severity.HIGH,
            evidence=tuple(e.quote() for e in events[-2:]),
            values={"size": events[-1].capture("bytes") or size},
        )
    return Verdict(Severity.MEDIUM, evidence=view.evidence(), values={"size": size}) if size > 256 * MB else None


@rule("repl-empty-sync")
def empty_sync(view: View, spec: RuleSpec) -> Verdict | None:
    """A full sync that brought (next to) nothing to a replica that had held keys."""
    if not view.node.log:
        raise MissingField("server log")
    reboot = [
        e for e in view.events("instance-rebooted") if e.capture("kind") == "master" or "master" in e.entry.message
    ]
    if reboot and view.node.latest is not None and view.get("dbsize") == 0:
        return Verdict(spec.severity, evidence=(reboot[-1].quote(), *view.evidence()), variant="reboot")
    loads = [e for e in view.events("rdb-loaded") if e.capture("keys").isdecimal()]
    syncs = view.events("full-resync-from-master")
    if not loads or not syncs or int(loads[-1].capture("keys")) > 0 or loads[-1].position < syncs[-1].position:
        return None
    keys_now = sum(db.keys for db in view.node.info.databases) if view.node.latest else 0
    before = max((int(e.capture("keys")) for e in loads[:-1]), default=0)
    quotes = tuple(e.quote() for e in (*loads[-2:], syncs[-1]))
    if before >= 10 and keys_now < before // 2:
        return Verdict(spec.severity, evidence=quotes, values={"before": before, "after": 0})
    if keys_now == 0 and _history_was_longer(view, syncs[-1]):
        return Verdict(spec.severity, evidence=quotes, variant="restarted")
    return None


def _history_was_longer(view: View, sync: LogEvent) -> bool:
    """Whether the replica asked to go on from an offset far beyond where the master now begins: it started anew."""
    asked = [e for e in view.events("psync-requested") if e.position < sync.position]
    if not asked or not view.count(*LOST):
        return False
    offsets = [e.capture("offset").strip(").") for e in (asked[-1], sync)]
    return all(text.isdecimal() for text in offsets) and int(offsets[0]) - int(offsets[1]) > WRITTEN_BYTES


# --- a master that was made to follow somebody else ---


@rule("repl-foreign-master")
def foreign_master(view: View, spec: RuleSpec) -> Verdict | None:
    """REPLICAOF to an address that was never this server's replica, on a server that had been a master."""
    if not view.node.log:
        raise MissingField("server log")
    turned = [event for event in view.events("replicaof-enabled") if not _by_sentinel(event)]
    family = _family(view)
    foreign = [e for e in turned if not _is_family(e, family) and _was_master(view, e) and _was_flushed(view, e)]
    if not foreign:
        return None
    event = foreign[-1]
    back = next((e for e in view.events("promoted-to-master") if e.position > event.position), None)
    loaded = next(
        (e for e in view.events("rdb-loaded") if e.position > event.position and e.capture("keys").isdecimal()), None
    )
    quotes = tuple(e.quote() for e in (event, loaded, back) if e is not None)
    return Verdict(spec.severity, evidence=quotes, values=_told(event, back, loaded))


def _told(event: LogEvent, back: LogEvent | None, loaded: LogEvent | None) -> dict[str, object]:
    client = event.capture("client") or event.entry.message
    name = re.search(r"\bname=(\S+)", client)
    addr = re.search(r"\baddr=(\S+?):\d+", client)
    who = " ".join(found[1] for found in (name, addr) if found) or "?"
    time = f"{event.at:%H:%M:%S}" if event.at else "?"
    target = f"{event.capture('host')}:{event.capture('port')}"
    keys = f" ({loaded.capture('keys')} keys)" if loaded else ""
    told = Text(
        ko=f"로그에 따르면 {time}에 {who}이(가) REPLICAOF {target}을 실행했습니다.",
        en=f"By the log {who} ran REPLICAOF {target} at {time}.",
    )
    return {
        "time": time, "who": who, "target": target, "keys_text": keys, "told_text": told,
        "back_text": f"; REPLICAOF NO ONE {back.at:%H:%M:%S}" if back and back.at else "",
    }  # fmt: skip


def _by_sentinel(event: LogEvent) -> bool:
    return bool(re.search(r"name=sentinel-|cmd=exec", event.entry.message))


def _family(view: View) -> set[str]:
    """Addresses that are, or ever were, replicas of this server or of its group."""
    known = {event.capture("address").rstrip(".") for event in view.events("replica-asks-sync", "replica-synced")}
    known |= {line.address for line in view.node.info.replicas}
    for piece in view.dossier.of_kind(EvidenceKind.SENTINEL):
        known |= {instance.address for instance in piece.data.instances} if piece.data else set()
    return known - {""}


def _is_family(event: LogEvent, family: set[str]) -> bool:
    return f"{event.capture('host')}:{event.capture('port')}" in family


def _was_master(view: View, event: LogEvent) -> bool:
    """Whether it served replicas before, or was made a master again after. A new replica does neither."""
    before = any(e.position < event.position for e in view.events("replica-asks-sync", "replica-synced", "psync-ok"))
    after = any(e.position > event.position for e in view.events("promoted-to-master"))
    return before or after


def _was_flushed(view: View, event: LogEvent) -> bool:
    return any(e.position > event.position for e in view.events("full-resync-from-master", "full-sync-step"))
