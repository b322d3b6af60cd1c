"""Connection rules that group CLIENT LIST or compare two samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.parsers.client_list import Client
from incidents.diagnostics.rules.engine import Verdict, decide_by_log, rule, tier
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

DEFAULT_MAXCLIENTS = 10_000
CERTIFICATES = tuple(f"tls_{kind}_cert_expires_in_seconds" for kind in ("server", "client", "ca"))
BLOCKING = ("blpop", "brpop", "blmove", "brpoplpush", "bzpopmin", "bzpopmax", "xread", "xreadgroup", "wait", "waitaof")


def _clients(view: View) -> tuple[Client, ...]:
    clients: tuple[Client, ...] = view.need(EvidenceKind.CLIENT_LIST).clients
    return clients


def owner_of(client: Client) -> str:
    """Who a connection belongs to: its name, else its host."""
    return client.name or client.address.rpartition(":")[0]


def quote_client(client: Client, view: View) -> Evidence:
    return Evidence(client.text[:240] or owner_of(client), "CLIENT LIST", client.line, view.node.name)


def limit_of(view: View) -> float:
    """`maxclients` from INFO (since 6.2) or the settings; 0 when neither tells."""
    if view.has("maxclients"):
        return view.number("maxclients")
    value = view.config("maxclients") if view.has_config("maxclients") else ""
    return float(value) if value.isdecimal() else 0.0


@rule("conn-maxclients-near")
def maxclients_near(view: View, spec: RuleSpec) -> Verdict | None:
    clients = view.number("connected_clients") + float(view.get("cluster_connections", 0) or 0)
    limit = limit_of(view)
    if not limit:
        raise MissingField("maxclients")
    severity = tier(clients / limit, spec)
    if severity is None:
        return None
    return Verdict(
        severity, evidence=view.evidence(), values={"clients": clients, "maxclients": limit, "value": clients / limit}
    )


@rule("conn-rejected")
def rejected(view: View, spec: RuleSpec) -> Verdict | None:
    """Tell rejections that go on from an old total; protected mode counts into the field as well."""
    said = view.said("reply-max-clients")
    quotes = tuple(event.quote() for event in said[:2])
    if said and not view.has("rejected_connections"):
        return Verdict(Severity.HIGH, evidence=quotes)
    total = view.number("rejected_connections")
    clients, limit = float(view.get("connected_clients", 0) or 0), limit_of(view)
    values = {"total": total, "clients": clients or None, "maxclients": limit or None}
    quotes = (*view.evidence(), *quotes)
    if view.node.earlier is not None and not view.node.restarted:
        if view.delta("rejected_connections") <= 0:
            return Verdict(Severity.LOW, State.HISTORY, quotes, values, "history") if total else None
        severity = tier(view.rate("rejected_connections") * 60, spec) or Severity.HIGH
        return Verdict(severity, evidence=(*view.evidence(), *quotes), values=values)
    if total <= 0:
        return None
    if said or (limit and clients >= spec.thresholds["usage_share"] * limit):
        return Verdict(Severity.HIGH, evidence=quotes, values=values)
    return Verdict(Severity.LOW, State.HISTORY, quotes, values, "history")


@rule("conn-client-growth")
def client_growth(view: View, spec: RuleSpec) -> Verdict | None:
    """A steady rise of connections, with the minutes left to maxclients."""
    growth = view.node.growth("connected_clients")
    per_minute = growth.per_second * 60
    cuts, limit = spec.thresholds, limit_of(view)
    if not limit:
        raise MissingField("maxclients")
    if per_minute < 1 or growth.amount < cuts["least_clients"] or growth.seconds < cuts["least_seconds"]:
        return None
    minutes = (limit - growth.after) / per_minute
    severity = tier(minutes, spec)
    if severity is None:
        return None
    view.delta("connected_clients")
    values = {
        "per_minute": round(per_minute, 1), "before": growth.before, "after": growth.after, "minutes": minutes,
        "maxclients": limit,
    }  # fmt: skip
    return Verdict(severity, evidence=view.evidence(), values=values)


@rule("conn-maxclients-clamped")
def maxclients_clamped(view: View, spec: RuleSpec) -> Verdict | None:
    """A reduced limit is a risk; a ulimit too low to start with is an outage until the server is ready."""
    verdict = decide_by_log(view, spec)
    refused = view.node.log.last("ulimit-too-low")
    ready = view.node.log.last("ready")
    if verdict is None or refused is None or (ready is not None and ready.position > refused.position):
        return verdict
    return Verdict(Severity.CRITICAL, State.ACTIVE, (refused.quote(),), verdict.values, "start")


@rule("conn-tcp-backlog")
def tcp_backlog(view: View, spec: RuleSpec) -> Verdict | None:
    """The start-up warning alone is universal noise; the kernel's word about dropped SYNs is not."""
    dropped = view.said("kernel-syn-flood")
    if dropped:
        return Verdict(Severity.MEDIUM, State.ACTIVE, tuple(e.quote() for e in dropped[-2:]), variant="dropped")
    return decide_by_log(view, spec)


@rule("conn-churn")
def churn(view: View, spec: RuleSpec) -> Verdict | None:
    """New connections per second; only a storm is trouble by itself."""
    per_second = view.rate("total_connections_received")
    severity = tier(per_second, spec)
    if severity is None:
        return None
    state = State.ACTIVE if severity is Severity.HIGH else State.CONTEXT
    return Verdict(severity, state, view.evidence(), {"value": per_second})


@rule("conn-idle-leak")
def idle_leak(view: View, spec: RuleSpec) -> Verdict | None:
    """Idle connections of one owner that fill the limit. Subscribers, blocked workers and replicas are left out."""
    listed, cuts = _clients(view), spec.thresholds
    clients = [c for c in listed if not set(c.flags) & set("SMPbO") and (c.command or "") not in BLOCKING]
    idle = [c for c in clients if _is_idle(c, cuts["idle_seconds"])]
    total = int(float(view.get("connected_clients", len(listed)) or len(listed)))
    limit = limit_of(view) or DEFAULT_MAXCLIENTS
    share = len(idle) / max(len(listed), 1)
    severity = tier(total / limit, spec)
    if len(idle) < cuts["least_clients"] or share < cuts["idle_share"] or severity is None:
        return None
    who, count = Counter(owner_of(client) for client in idle).most_common(1)[0]
    timeout = view.config("timeout") if view.has_config("timeout") else ""
    quotes = [quote_client(c, view) for c in idle if owner_of(c) == who][:2]
    values = {"total": total, "idle": round(share * total), "who": who, "timeout": timeout, "count": count}
    return Verdict(severity, evidence=(*view.evidence(), *quotes), values=values)


def _is_idle(client: Client, seconds: float) -> bool:
    """Idle for long, or for nearly all of a life that is not too short to tell."""
    age, idle = client.age or 0, client.idle or 0
    return age >= 3 and idle >= min(seconds, max(age * 0.8, 2))


@rule("conn-output-buffer-limit")
def output_buffer_limit(view: View, spec: RuleSpec) -> Verdict | None:
    """Clients cut at their limit; replicas have a rule of their own (repl-full-resync-loop)."""
    lines = [e for e in view.events("output-buffer-limit") if not _is_replica_line(e.entry.message)]
    if not lines:
        return _counted_cuts(view, spec, "client_output_buffer_limit_disconnections")
    pubsub = any("flags=P" in e.entry.message for e in lines)
    quotes = tuple(event.quote() for event in lines[-3:])
    return Verdict(
        Severity.HIGH if pubsub else Severity.MEDIUM, None, quotes, {"count": len(lines)}, "pubsub" if pubsub else ""
    )


@rule("conn-query-buffer-limit")
def query_buffer_limit(view: View, spec: RuleSpec) -> Verdict | None:
    lines = view.events("query-buffer-limit")
    if not lines:
        return _counted_cuts(view, spec, "client_query_buffer_limit_disconnections")
    return Verdict(spec.severity, evidence=tuple(e.quote() for e in lines[-3:]), values={"count": len(lines)})


def _counted_cuts(view: View, spec: RuleSpec, counter: str) -> Verdict | None:
    """The counter (since 7.4): its growth is now, its total history. Without log and counter nobody can look."""
    if not view.has(counter):
        if not view.node.log:
            raise MissingField("server log")
        return None
    total = view.number(counter)
    if total <= 0:
        return None
    if view.node.earlier is not None and not view.node.restarted:
        grown = view.delta(counter)
        return Verdict(spec.severity, evidence=view.evidence(), values={"count": grown}) if grown > 0 else None
    return Verdict(Severity.LOW, State.HISTORY, view.evidence(), {"count": total})


def _is_replica_line(message: str) -> bool:
    lowered = message.lower()
    return "flags=s" in lowered or "cmd=psync" in lowered or "cmd=replconf" in lowered or "cmd=sync" in lowered


@rule("conn-blocked-clients")
def blocked_clients(view: View, spec: RuleSpec) -> Verdict | None:
    """Blocked clients as a share of the limit and of all; a handful of waiting workers is how queues work."""
    blocked, cuts = view.number("blocked_clients"), spec.thresholds
    clients = max(view.number("connected_clients"), 1.0)
    limit = limit_of(view)
    share = blocked / clients
    if blocked < cuts["least_clients"] or share < cuts["blocked_share"]:
        return None
    commands = Counter((c.command or "").upper() for c in _blocked_in_list(view))
    values = {
        "blocked": blocked, "share": share, "maxclients": limit or None,
        "commands": ", ".join(f"{name} ×{n}" for name, n in commands.most_common(3) if name),
    }  # fmt: skip
    is_many = blocked >= cuts["many_clients"] or (limit > 0 and blocked / limit > cuts["limit_share"])
    if not is_many or _stands_still(view, "blocked_clients"):
        return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values)
    return Verdict(Severity.MEDIUM, evidence=view.evidence(), values=values)


def _stands_still(view: View, name: str) -> bool:
    """Whether a second sample shows that it does not grow."""
    earlier = view.node.earlier
    return earlier is not None and not view.node.restarted and earlier.has(name) and view.delta(name) <= 0


def _blocked_in_list(view: View) -> Sequence[Client]:
    pieces = view.node.of_kind(EvidenceKind.CLIENT_LIST)
    return [c for piece in pieces for c in piece.data.clients if "b" in c.flags or (c.command or "") in BLOCKING]


@rule("conn-accept-errors")
def accept_errors(view: View, spec: RuleSpec) -> Verdict | None:
    """Out of file descriptors is trouble at once; a few broken handshakes are scanners and health checks."""
    if not view.node.log:
        raise MissingField("server log")
    events = view.events("accept-failed", "accept-handshake-failed")
    if not events:
        return None
    files = [e for e in events if "open files" in e.entry.message]
    quotes = tuple(event.quote() for event in (files or events)[-3:])
    count = view.count("accept-failed", "accept-handshake-failed")
    values = {"count": count, "error": events[-1].capture("error")}
    if files:
        return Verdict(Severity.HIGH, evidence=quotes, values=values, variant="files")
    state = State.CONTEXT if count < spec.thresholds["handshakes"] or _only_probes(events) else None
    return Verdict(Severity.LOW if state else Severity.MEDIUM, state, quotes, values)


def _only_probes(events: Sequence[LogEvent]) -> bool:
    """A load balancer's TCP check on a TLS port breaks off at once, every few seconds."""
    return all("unexpected eof" in event.entry.message.lower() for event in events)


@rule("conn-protocol-errors")
def protocol_errors(view: View, spec: RuleSpec) -> Verdict | None:
    """Noise from scanners, unless the peer is the master: then the replication stream is broken."""
    verdict = decide_by_log(view, spec)
    master = [e for e in view.events("protocol-error", "read-error-disconnect") if "flags=M" in e.entry.message]
    if verdict is None or not master:
        return verdict
    return Verdict(Severity.HIGH, State.ACTIVE, (master[-1].quote(),), {"count": len(master)}, "master")


@rule("conn-tls-cert")
def tls_certificate(view: View, spec: RuleSpec) -> Verdict | None:
    """What handshakes and reloads say, and the days that Valkey 9.1 counts for each certificate."""
    left = {n: view.number(n) for n in CERTIFICATES if view.has(n) and view.node.text_of(n).lstrip("-").isdecimal()}
    name = min(left, key=lambda field: left[field], default="")
    severity = tier(left[name] / 86_400, spec) if name else None
    if severity is not None:
        values = {"field": name, "days": max(left[name], 0.0) / 86_400, "left": max(left[name], 0.0)}
        return Verdict(severity, evidence=view.evidence(), values=values, variant="expires")
    if name and not view.node.log and not view.said("client-tls", "client-tls-mismatch"):
        return None
    verdict = decide_by_log(view, replace(spec, thresholds={}))  # those are days
    failed = view.node.log.last("tls-start-failed", "tls-config-error")
    ready = view.node.log.last("ready", "tls-reloaded")
    if verdict is not None and failed is not None and (ready is None or ready.position < failed.position):
        return Verdict(Severity.CRITICAL, None, (failed.quote(),), verdict.values)
    return verdict


@rule("conn-pubsub-slow-consumer")
def slow_subscriber(view: View, spec: RuleSpec) -> Verdict | None:
    subscribers = [c for c in _clients(view) if "P" in c.flags or (c.subscriptions or 0) > 0]
    slow = max(subscribers, key=lambda c: c.omem or 0, default=None)
    if slow is None or (slow.omem or 0) < spec.thresholds["omem_bytes"]:
        return None
    return Verdict(
        spec.severity,
        evidence=(quote_client(slow, view),),
        values={"who": owner_of(slow), "omem": float(slow.omem or 0)},
    )


@rule("conn-client-hog")
def client_hog(view: View, spec: RuleSpec) -> Verdict | None:
    """One owner with most of the connections, or one connection with very much memory."""
    clients, cuts = _clients(view), spec.thresholds
    heavy = max((c for c in clients if not set(c.flags) & set("SMO")), key=lambda c: c.tot_mem or 0, default=None)
    if heavy is not None and (heavy.tot_mem or 0) > cuts["memory_bytes"]:
        values = {"who": owner_of(heavy), "memory": float(heavy.tot_mem or 0)}
        return Verdict(spec.severity, evidence=(quote_client(heavy, view),), values=values, variant="memory")
    if len(clients) < cuts["least_clients"]:
        return None
    who, count = Counter(owner_of(client) for client in clients).most_common(1)[0]
    if count < cuts["share"] * len(clients):
        return None
    quote = quote_client(next(c for c in clients if owner_of(c) == who), view)
    return Verdict(spec.severity, evidence=(quote,), values={"who": who, "count": count, "total": len(clients)})
