"""Connection rules that group CLIENT LIST or compare two samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.parsers.client_list import Client
from incidents.diagnostics.rules.engine import Verdict, rule, tier
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

MB = 1024 * 1024
IDLE_SECONDS = 300
BLOCKING = ("blpop", "brpop", "blmove", "brpoplpush", "bzpopmin", "bzpopmax", "xread", "xreadgroup", "wait", "waitaof")


def _clients(view: View) -> tuple[Client, ...]:
    clients: tuple[Client, ...] = view.need(EvidenceKind.CLIENT_LIST).clients
    return clients


def owner_of(client: Client) -> str:
    """Who a connection belongs to: its name, else its host."""
    return client.name or client.address.rpartition(":")[0]


def quote_client(client: Client, view: View) -> Evidence:
    return Evidence(client.text[:240] or owner_of(client), "CLIENT LIST", client.line, view.node.name)


@rule("conn-rejected")
def rejected(view: View, spec: RuleSpec) -> Verdict | None:
    """Tell rejections that go on from an old total; protected mode counts into the field as well."""
    total = view.number("rejected_connections")
    said = view.said("reply-max-clients")
    clients = float(view.get("connected_clients", 0) or 0)
    limit = float(view.get("maxclients", 0) or 0)
    values = {"total": total, "clients": clients, "maxclients": limit}
    quotes = (*view.evidence(), *(event.quote() for event in said[:2]))
    if view.node.earlier is not None and not view.node.restarted:
        if view.delta("rejected_connections") <= 0:
            return Verdict(Severity.LOW, State.HISTORY, quotes, values, "history") if total else None
        severity = Severity.CRITICAL if view.rate("rejected_connections") * 60 > 5 else Severity.HIGH
        return Verdict(severity, evidence=quotes, values=values)
    if total <= 0:
        return None
    if said or (limit and clients >= 0.9 * limit):
        return Verdict(Severity.HIGH, evidence=quotes, values=values)
    return Verdict(Severity.LOW, State.HISTORY, quotes, values, "history")


@rule("conn-client-growth")
def client_growth(view: View, spec: RuleSpec) -> Verdict | None:
    """A steady rise of connections, with the minutes left to maxclients."""
    growth = view.node.growth("connected_clients")
    per_minute = growth.per_second * 60
    limit = float(view.get("maxclients", 0) or 0)
    if per_minute < 1 or growth.amount < 10 or growth.seconds < 60:
        return None
    minutes = (limit - growth.after) / per_minute if limit else float("inf")
    if minutes > 24 * 60:
        return None
    view.delta("connected_clients")
    severity = Severity.HIGH if minutes < 30 else Severity.MEDIUM
    values = {
        "per_minute": round(per_minute, 1), "before": growth.before, "after": growth.after, "minutes": minutes,
        "maxclients": limit,
    }  # fmt: skip
    return Verdict(severity, evidence=view.evidence(), values=values)


@rule("conn-idle-leak")
def idle_leak(view: View, spec: RuleSpec) -> Verdict | None:
    """Idle connections of one owner that fill the limit. Subscribers, blocked workers and replicas are left out."""
    listed = _clients(view)
    clients = [c for c in listed if not set(c.flags) & set("SMPbO") and (c.command or "") not in BLOCKING]
    idle = [c for c in clients if (c.idle or 0) >= min(IDLE_SECONDS, max((c.age or 0) * 0.8, 2)) and (c.age or 0) >= 3]
    total = int(float(view.get("connected_clients", len(listed)) or len(listed)))
    limit = float(view.get("maxclients", 10000) or 10000)
    share = len(idle) / max(len(listed), 1)
    if len(idle) < 20 or share < 0.5 or total < 0.5 * limit:
        return None
    owners = Counter(owner_of(client) for client in idle)
    who, count = owners.most_common(1)[0]
    timeout = view.config("timeout") if view.has_config("timeout") else "?"
    quotes = [quote_client(c, view) for c in idle if owner_of(c) == who][:2]
    values = {"total": total, "idle": round(share * total), "who": who, "timeout": timeout, "count": count}
    severity = tier(total / limit, _as_tiers(spec)) or Severity.MEDIUM
    return Verdict(severity, evidence=(*view.evidence(), *quotes), values=values)


def _as_tiers(spec: RuleSpec) -> RuleSpec:
    from dataclasses import replace

    return replace(spec, thresholds={"medium": 0.5, "high": 0.95})


@rule("conn-output-buffer-limit")
def output_buffer_limit(view: View, spec: RuleSpec) -> Verdict | None:
    """Clients cut at their limit; replicas have a rule of their own (repl-full-resync-loop)."""
    from incidents.diagnostics.fields import MissingField

    if not view.node.log:
        raise MissingField("server log")
    lines = [e for e in view.events("output-buffer-limit") if not _is_replica_line(e.entry.message)]
    if not lines:
        return None
    pubsub = any("flags=P" in e.entry.message for e in lines)
    quotes = tuple(event.quote() for event in lines[-3:])
    return Verdict(
        Severity.HIGH if pubsub else Severity.MEDIUM, None, quotes, {"count": len(lines)}, "pubsub" if pubsub else ""
    )


def _is_replica_line(message: str) -> bool:
    lowered = message.lower()
    return "flags=s" in lowered or "cmd=psync" in lowered or "cmd=replconf" in lowered or "cmd=sync" in lowered


@rule("conn-blocked-clients")
def blocked_clients(view: View, spec: RuleSpec) -> Verdict | None:
    """Blocked clients as a share of the limit and of all; a handful of waiting workers is how queues work."""
    blocked = view.number("blocked_clients")
    clients = max(view.number("connected_clients"), 1.0)
    limit = float(view.get("maxclients", 0) or 0)
    share = blocked / clients
    if blocked < 10 or share < 0.5:
        return None
    busy = blocked >= 100 or (limit and blocked / limit > 0.3)
    commands = Counter((c.command or "").upper() for c in _blocked_in_list(view))
    values = {
        "blocked": blocked, "share": share, "maxclients": limit,
        "commands": ", ".join(f"{name} ×{n}" for name, n in commands.most_common(3) if name) or "CLIENT LIST?",
    }  # fmt: skip
    if not busy:
        return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values)
    return Verdict(Severity.MEDIUM, evidence=view.evidence(), values=values)


def _blocked_in_list(view: View) -> Sequence[Client]:
    pieces = view.node.of_kind(EvidenceKind.CLIENT_LIST)
    return [c for piece in pieces for c in piece.data.clients if "b" in c.flags or (c.command or "") in BLOCKING]


@rule("conn-accept-errors")
def accept_errors(view: View, spec: RuleSpec) -> Verdict | None:
    from incidents.diagnostics.fields import MissingField

    if not view.node.log:
        raise MissingField("server log")
    events = view.events("accept-failed", "accept-handshake-failed")
    if not events:
        return None
    files = [e for e in events if "open files" in e.entry.message]
    quotes = tuple(event.quote() for event in (files or events)[-3:])
    values = {"count": view.count("accept-failed", "accept-handshake-failed"), "error": events[-1].capture("error")}
    if files:
        return Verdict(Severity.HIGH, evidence=quotes, values=values, variant="files")
    state = State.CONTEXT if values["count"] < 5 else None
    return Verdict(Severity.LOW if state else Severity.MEDIUM, state, quotes, values)


@rule("conn-pubsub-slow-consumer")
def slow_subscriber(view: View, spec: RuleSpec) -> Verdict | None:
    subscribers = [c for c in _clients(view) if "P" in c.flags or (c.subscriptions or 0) > 0]
    slow = max(subscribers, key=lambda c: c.omem or 0, default=None)
    if slow is None or (slow.omem or 0) < 8 * MB:
        return None
    return Verdict(
        spec.severity,
        evidence=(quote_client(slow, view),),
        values={"who": owner_of(slow), "omem": float(slow.omem or 0)},
    )


@rule("conn-client-hog")
def client_hog(view: View, spec: RuleSpec) -> Verdict | None:
    clients = _clients(view)
    if len(clients) < 50:
        return None
    who, count = Counter(owner_of(client) for client in clients).most_common(1)[0]
    if count < 0.5 * len(clients):
        return None
    quote = quote_client(next(c for c in clients if owner_of(c) == who), view)
    return Verdict(spec.severity, evidence=(quote,), values={"who": who, "count": count, "total": len(clients)})
