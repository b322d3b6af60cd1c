"""Sentinel rules: who is down by whose word, and how failovers ended."""

from __future__ import annotations

from datetime import timedelta

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.parsers.sentinel import QuorumCheck, SentinelReply
from incidents.diagnostics.rules.engine import Verdict, rule, tier
from incidents.diagnostics.rules.replication import crowd
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

STORM_WINDOW = timedelta(hours=1)
ABORTED = ("failover-abort-no-good-replica", "failover-abort-replica-timeout", "failover-abort-not-elected",
           "failover-abort-master-timeout", "failover-abort")  # fmt: skip
NO_PROMOTION = ABORTED[:2]


def replies(view: View) -> list[SentinelReply]:
    return [piece.data for piece in view.node.of_kind(EvidenceKind.SENTINEL) if piece.data]


def _need_sentinel(view: View) -> None:
    if not view.node.log and not replies(view) and not view.node.info.masters and not view.node.said:
        raise MissingField("Sentinel log")


def _key(event: LogEvent) -> str:
    """The instance's address; what follows it in the line ("@ mymaster …") is left out."""
    return f"{event.capture('host')}:{event.capture('port').split(' ')[0]}"


@rule("sent-sdown")
def sdown(view: View, spec: RuleSpec) -> list[Verdict]:
    """Instances whose last word is +sdown, by the log, else by the flags that Sentinel lists."""
    _need_sentinel(view)
    verdicts = []
    for name, last in _last_words(view).items():
        kind = last.name.removeprefix("sdown-") if last.name != "sdown" else "instance"
        values = {"kind": kind, "address": name if name != ":" else "?"}
        if last.name == "sdown-cleared":
            verdicts.append(Verdict(Severity.LOW, State.RECOVERED, (last.quote(),), values, "recovered"))
        elif not _taken_over(view, last):
            severity = Severity.HIGH if kind in ("master", "instance") else Severity.MEDIUM
            verdicts.append(Verdict(severity, evidence=(last.quote(),), values=values))
    return verdicts or _flagged_down(view)


def _last_words(view: View) -> dict[str, LogEvent]:
    words: dict[str, LogEvent] = {}
    for event in view.events("sdown-master", "sdown-replica", "sdown-sentinel", "sdown", "sdown-cleared"):
        words[_key(event)] = event
    return words


def _taken_over(view: View, event: LogEvent) -> bool:
    """A master that was down when another was promoted; its later fate is told as a replica's."""
    switched = view.node.log.last("switch-master")
    return event.name == "sdown-master" and switched is not None and switched.position > event.position


def _flagged_down(view: View) -> list[Verdict]:
    down = [i for reply in replies(view) for i in reply.instances if {"s_down", "o_down"} & set(i.flags)]
    return [
        Verdict(
            Severity.HIGH if instance.role == "master" else Severity.MEDIUM,
            evidence=(Evidence(f"{instance.name} flags {','.join(instance.flags)}", "SENTINEL", node=view.node.name),),
            values={"kind": instance.role, "address": instance.address},
        )
        for instance in down
    ]


@rule("sent-failover-complete")
def failover_complete(view: View, spec: RuleSpec) -> Verdict | None:
    """The last +switch-master: planned, healed, or with the old master still away."""
    _need_sentinel(view)
    switch = view.node.log.last("switch-master")
    if switch is None:
        return None
    old = f"{switch.capture('old_host')}:{switch.capture('old_port')}"
    new = f"{switch.capture('new_host')}:{switch.capture('new_port')}"
    values = {"old": old, "new": new}
    cause = [e for e in view.events("sdown-master", "odown", "failover-by-user") if e.position < switch.position]
    quotes = tuple(event.quote() for event in (*cause[-2:], switch))
    if switch not in _unplanned(view) and (cause or view.events("sdown-master", "sentinel-config-update")):
        return Verdict(Severity.LOW, State.CONTEXT, quotes, values, "planned")
    after = _last_words(view).get(old)
    if _is_down(after) or (after is None and _is_flagged(view, old)):
        return Verdict(Severity.HIGH, evidence=quotes, values=values)
    return Verdict(Severity.MEDIUM, evidence=quotes, values=values, variant="healed")


def _is_down(event: LogEvent | None) -> bool:
    return event is not None and event.name != "sdown-cleared"


def _is_flagged(view: View, address: str) -> bool:
    return any(i.address == address and "s_down" in i.flags for reply in replies(view) for i in reply.instances)


@rule("sent-failover-storm")
def failover_storm(view: View, spec: RuleSpec) -> Verdict | None:
    if not view.node.log:
        raise MissingField("Sentinel log")
    switches = _unplanned(view)
    count = crowd(switches, STORM_WINDOW)
    severity = tier(count, spec)
    if severity is None:
        return None
    after = next((i.fields.get("down-after-milliseconds", "") for r in replies(view) for i in r.masters), "")
    text = f" (down-after-milliseconds {after})" if after else ""
    quotes = tuple(event.quote() for event in switches[-3:])
    return Verdict(severity, evidence=quotes, values={"count": count, "down_after_text": text})


def _unplanned(view: View) -> list[LogEvent]:
    """Switches that followed a master held for down. The others were ordered, here or at another Sentinel."""
    found: list[LogEvent] = []
    since = 0
    for switch in view.events("switch-master"):
        downs = [e for e in view.events("sdown-master", "odown") if since < e.position < switch.position]
        orders = [e for e in view.events("failover-by-user") if since < e.position < switch.position]
        if downs and not orders:
            found.append(switch)
        since = switch.position
    return found


@rule("sent-failover-aborted")
def failover_aborted(view: View, spec: RuleSpec) -> Verdict | None:
    _need_sentinel(view)
    aborted = [*view.events(*ABORTED), *view.said("reply-nogoodreplica")]
    if not aborted:
        return None
    reason = aborted[-1].name.removeprefix("failover-abort").strip("-") or aborted[-1].entry.message[:80]
    values = {"reason": f"-failover-abort-{reason}" if aborted[-1].name in ABORTED else reason, "count": len(aborted)}
    switched = view.node.log.last("switch-master")
    quotes = tuple(event.quote() for event in aborted[-2:])
    if switched and switched.position > aborted[-1].position:
        return Verdict(Severity.LOW, State.RECOVERED, (*quotes, switched.quote()), values, "recovered")
    worst = any(event.name in NO_PROMOTION for event in aborted)
    return Verdict(Severity.CRITICAL if worst else Severity.HIGH, evidence=quotes, values=values)


@rule("sent-tilt")
def tilt(view: View, spec: RuleSpec) -> Verdict | None:
    if not view.has("sentinel_tilt") and not view.node.log:
        raise MissingField("sentinel_tilt")
    entered = view.events("tilt-entered")
    quotes = tuple(event.quote() for event in entered[-2:])
    left = view.node.log.last("tilt-left")
    open_in_log = bool(entered) and (left is None or left.position < entered[-1].position)
    if view.get("sentinel_tilt") == 1 or (open_in_log and not view.has("sentinel_tilt")):
        return Verdict(spec.severity, evidence=(*view.evidence(), *quotes))
    return Verdict(Severity.LOW, State.RECOVERED, quotes, variant="recovered") if entered else None


@rule("sent-quorum-lost")
def quorum_lost(view: View, spec: RuleSpec) -> Verdict | None:
    """CKQUORUM's own word, a client's, or the arithmetic over Sentinels that are down."""
    checks = [reply.quorum for reply in replies(view) if reply.quorum is not None]
    said = view.said("reply-noquorum")
    failed = [check for check in checks if not check.is_ok]
    if failed or said:
        detail = failed[-1].text if failed else said[-1].entry.message[:160]
        quotes = (*(_quote(check, view) for check in failed[-1:]), *(event.quote() for event in said[-1:]))
        return Verdict(spec.severity, evidence=quotes, values={"detail": detail})
    if checks:
        return None
    return _by_count(view, spec)


def _quote(check: QuorumCheck, view: View) -> Evidence:
    return Evidence(check.text, "SENTINEL CKQUORUM", check.line, view.node.name)


def _by_count(view: View, spec: RuleSpec) -> Verdict | None:
    masters = view.node.info.masters
    listed = [master for reply in replies(view) for master in reply.masters]
    known = (
        int(listed[0].fields.get("num-other-sentinels", "0")) + 1
        if listed
        else (masters[0].sentinels or 0)
        if masters
        else 0
    )
    if not known:
        raise MissingField("SENTINEL CKQUORUM")
    down = [e for e in _last_words(view).values() if e.name == "sdown-sentinel"]
    quorum = int(listed[0].fields.get("quorum", "0")) if listed else 0
    usable = known - len(down)
    if usable >= max(quorum, known // 2 + 1):
        return None
    detail = f"{usable}/{known} Sentinels, quorum {quorum or '?'}"
    return Verdict(spec.severity, evidence=tuple(event.quote() for event in down[:3]), values={"detail": detail})


@rule("sent-even-or-few")
def even_or_few(view: View, spec: RuleSpec) -> Verdict | None:
    counts = [master.sentinels for master in view.node.info.masters if master.sentinels]
    counts += [
        int(master.fields["num-other-sentinels"]) + 1
        for reply in replies(view) for master in reply.masters
        if master.fields.get("num-other-sentinels", "").isdecimal()
    ]  # fmt: skip
    if not counts:
        raise MissingField("sentinels=")
    count = min(counts)
    if count >= 3 and count % 2:
        return None
    quote = Evidence(f"sentinels={count}", "INFO sentinel", node=view.node.name)
    return Verdict(spec.severity, evidence=(quote,), values={"sentinels": count})


@rule("sent-config-unwritable")
def config_unwritable(view: View, spec: RuleSpec) -> Verdict | None:
    if not view.node.log:
        raise MissingField("Sentinel log")
    start = view.events("sentinel-start-failed")
    failed = view.events("sentinel-config-not-saved")
    if start:
        values = {"error": start[-1].capture("error") or start[-1].entry.message[:120]}
        return Verdict(Severity.CRITICAL, evidence=(start[-1].quote(),), values=values, variant="start")
    if not failed:
        return None
    told = {"error": failed[-1].capture("error") or "?", "count": view.count("sentinel-config-not-saved")}
    quotes = tuple(event.quote() for event in failed[-2:])
    saved = view.node.log.last("sentinel-config-saved")
    if saved and saved.position > failed[-1].position:
        return Verdict(Severity.LOW, State.RECOVERED, quotes, told, "recovered")
    return Verdict(Severity.HIGH, evidence=quotes, values=told)
