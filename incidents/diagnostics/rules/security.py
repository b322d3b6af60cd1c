"""Security rules: who fails to log in, what points to an intrusion, who may do too much."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.parsers.acl_list import AclUser
from incidents.diagnostics.parsers.acl_log import AclLogEntry
from incidents.diagnostics.rules.engine import Verdict, decide_by_log, rule, tier
from incidents.diagnostics.rules.memory import error_count, error_growth
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View
from incidents.diagnostics.rules.words import words

ATTACK_DIR = re.compile(
    r"(?:^|[\s\"'])(/etc(?:/cron[.\w]*)?|/var/spool/cron[/\w]*|/root(?:/\.ssh)?|/home/[^/\s]+/\.ssh|/var/www[/\w]*)/?(?=$|[\s\"',;)])"
)
ATTACK_FILE = re.compile(r"\b(authorized_keys|crontab|root|exp\.so|red2?\.so|[\w-]+\.(?:so|php|sh))\b")
ATTACK_KEYS = re.compile(r"\b(crackit|backup[1-9])\b")
ATTACK_VALUES = re.compile(
    r"\*/\d+ \* \* \* \*\s+(?:root\b|[^\n]{0,200}(?:curl|wget|/dev/tcp|base64|python|bash -))|"
    r"(?:curl|wget)[^\n]{0,80}\|\s*(?:ba)?sh|ssh-rsa AAAA"
)
SUSPECT_MODULE = re.compile(
    r"(?:/tmp|/dev/shm|/var/tmp|^\./|/data/|/var/lib/redis)|\b(?:exp|red2?|system|module)\.so", re.I
)
LISTS_OF_KEYS = (EvidenceKind.UNKNOWN, EvidenceKind.PROSE, EvidenceKind.BIGKEYS, EvidenceKind.SLOWLOG)
NOT_OF_KEYS = (EvidenceKind.INFO, EvidenceKind.SERVER_LOG, EvidenceKind.HOST, EvidenceKind.CONTAINER_EVENTS)
ADMINISTRATIVE = ("default", "admin", "root", "")
LOGIN_ERRORS = ("WRONGPASS", "NOAUTH")
DENIALS = ("command", "key", "channel", "database", "tls-cert")


@rule("sec-no-auth")
def no_auth(view: View, spec: RuleSpec) -> Verdict | None:
    """How much an open door matters depends on who can reach it."""
    how = _without_password(view)
    if how is None:
        return None
    severity = Severity.MEDIUM
    if _listens_beyond_loopback(view):
        is_protected = not view.has_config("protected-mode") or view.config("protected-mode") != "no"
        severity = Severity.HIGH if is_protected else Severity.CRITICAL
    return Verdict(severity, evidence=view.evidence() or how[1], values={"how": how[0]})


def _without_password(view: View) -> tuple[str, tuple[Evidence, ...]] | None:
    """How the server lets anybody in, or None. MissingField when neither ACLs nor requirepass are known."""
    listed = [piece for piece in view.node.of_kind(EvidenceKind.ACL_LIST) if piece.data]
    if listed:
        user = listed[-1].data.user("default")
        if user is None or not (user.is_enabled and user.needs_no_password):
            return None
        return "ACL: default on nopass", (_quote_user(user),)
    if view.config("requirepass") == "":
        return 'requirepass ""', ()
    return None


def _quote_user(user: AclUser) -> Evidence:
    words = ["user", user.name, "on" if user.is_enabled else "off", *user.rules]
    return Evidence(" ".join(dict.fromkeys(words))[:160], "ACL LIST", user.line)


def _listens_beyond_loopback(view: View) -> bool:
    """Whether `bind` names an address that is not loopback. False when nobody pasted it."""
    if not view.has_config("bind"):
        return False
    addresses = view.config("bind").replace("-", "").split()
    return not addresses or any(not one.startswith(("127.", "localhost")) and one != "::1" for one in addresses)


@rule("sec-exposed-unprotected")
def exposed(view: View, spec: RuleSpec) -> Verdict | None:
    bind = view.config("bind")
    if view.config("protected-mode") != "no" or not re.search(r"0\.0\.0\.0|\*|::(?!1)", bind or "*"):
        return None
    if _without_password(view) is None:
        return None
    return Verdict(spec.severity, evidence=view.evidence(), values={"bind": bind or "*"})


@rule("sec-no-tls")
def no_tls(view: View, spec: RuleSpec) -> Verdict | None:
    if view.config("tls-port") != "0":
        return None
    view.config("bind")
    return Verdict(spec.severity, evidence=view.evidence()) if _listens_beyond_loopback(view) else None


# --- failed logins ---


@rule("sec-auth-failures")
def auth_failures(view: View, spec: RuleSpec) -> list[Verdict] | Verdict | None:
    """Group failures by address and user, so that a guesser is not mistaken for the application that is down."""
    pieces = view.node.of_kind(EvidenceKind.ACL_LOG)
    entries = [e for piece in pieces for e in (piece.data.entries if piece.data else ()) if e.reason == "auth"]
    said = view.said("reply-noauth", "reply-wrongpass", "reply-auth-not-configured")
    if not pieces and not said and view.node.latest is None:
        raise MissingField("ACL LOG")
    groups = [group for group in _by_user(entries) if not _is_guessing(group, spec)]
    if groups:
        return [_auth_verdict(group, spec, bool(said)) for group in groups]
    if said:
        detail = "; ".join(event.entry.message[:120] for event in said[:2])
        return Verdict(Severity.MEDIUM, evidence=tuple(e.quote() for e in said[:3]), values={"detail": detail})
    return _failures_now(view, spec) or _failures_since_start(view, spec)


def _failures_now(view: View, spec: RuleSpec) -> Verdict | None:
    """Failed logins a minute between two samples."""
    grown = {code: error_growth(view, code) for code in LOGIN_ERRORS}
    if sum(grown.values()) <= 0:
        return None
    seconds = view.node.growth("uptime_in_seconds").seconds
    severity = tier(sum(grown.values()) * 60 / seconds, spec) if seconds > 0 else None
    if severity is None:
        return None
    detail = ", ".join(f"errorstat_{code} +{count}" for code, count in grown.items() if error_count(view, code))
    return Verdict(severity, evidence=view.evidence(), values={"detail": detail})


def _failures_since_start(view: View, spec: RuleSpec) -> Verdict | None:
    """A total is history unless it is a good part of all that the server ever did."""
    counters = {code: error_count(view, code) for code in LOGIN_ERRORS}
    denied = float(view.get("acl_access_denied_auth", 0) or 0)
    total = sum(counters.values()) or denied
    if total < spec.thresholds["least"]:
        return None
    detail = ", ".join(f"errorstat_{code} {count}" for code, count in counters.items() if count)
    commands = float(view.get("total_commands_processed", 0) or 0)
    state = None if total > spec.thresholds["commands_share"] * commands else State.HISTORY
    severity = Severity.MEDIUM if state is None else Severity.LOW
    return Verdict(severity, state, view.evidence(), {"detail": detail or f"acl_access_denied_auth {denied:g}"})


def _by_user(entries: Sequence[AclLogEntry]) -> list[list[AclLogEntry]]:
    groups: dict[str, list[AclLogEntry]] = defaultdict(list)
    for entry in entries:
        groups[entry.username].append(entry)
    return list(groups.values())


def _hosts(group: Sequence[AclLogEntry]) -> Counter[str]:
    hosts: Counter[str] = Counter()
    for entry in group:
        hosts[entry.client.address.rpartition(":")[0]] += entry.count
    return hosts


def _is_guessing(group: Sequence[AclLogEntry], spec: RuleSpec) -> bool:
    """One host that tries an administrative user very often. An application fails from several hosts as itself."""
    hosts = _hosts(group)
    return len(hosts) == 1 and sum(hosts.values()) >= spec.thresholds["guesses"] and group[0].username in ADMINISTRATIVE


@rule("sec-brute-force")
def brute_force(view: View, spec: RuleSpec) -> list[Verdict]:
    entries = [e for e in view.need(EvidenceKind.ACL_LOG).entries if e.reason == "auth"]
    return [
        Verdict(
            spec.severity,
            evidence=tuple(_quote_acl(entry) for entry in sorted(group, key=lambda e: -e.count)[:2]),
            values={
                "user": group[0].username,
                "address": next(iter(_hosts(group))),
                "count": sum(e.count for e in group),
            },
        )
        for group in _by_user(entries)
        if _is_guessing(group, spec)
    ]


def _auth_verdict(group: Sequence[AclLogEntry], spec: RuleSpec, said: bool) -> Verdict:
    hosts = _hosts(group)
    total = sum(hosts.values())
    user = group[0].username
    quotes = tuple(_quote_acl(entry) for entry in sorted(group, key=lambda e: -e.count)[:2])
    values = {"user": user, "address": ", ".join(sorted(hosts)[:4]), "count": total, "detail": f"{user} ×{total}"}
    severity = Severity.HIGH if total > spec.thresholds["many"] or said else Severity.MEDIUM
    return Verdict(severity, evidence=quotes, values=values, variant="stale")


def _quote_acl(entry: AclLogEntry) -> Evidence:
    return Evidence(
        f"reason={entry.reason} username={entry.username} count={entry.count} addr={entry.client.address}",
        "ACL LOG",
        entry.line,
    )


@rule("sec-acl-denials")
def acl_denials(view: View, spec: RuleSpec) -> Verdict | None:
    """What ACLs refused: a handshake that clients shrug off, a permission that is missing, or a grab for power."""
    pieces = view.node.of_kind(EvidenceKind.ACL_LOG)
    entries = [e for p in pieces for e in (p.data.entries if p.data else ()) if e.reason in DENIALS]
    said = view.said("reply-noperm")
    if not pieces and not said and view.node.latest is None:
        raise MissingField("ACL LOG")
    if entries:
        return _listed_denials(entries)
    if said:
        values = {"count": view.node.said.count("reply-noperm"), "object": said[0].capture("command")}
        return Verdict(Severity.MEDIUM, evidence=tuple(e.quote() for e in said[:3]), values=values)
    counted = error_count(view, "NOPERM")
    if not counted:
        return None
    seconds = view.node.growth("uptime_in_seconds").seconds if error_growth(view, "NOPERM") > 0 else 0.0
    per_minute = error_growth(view, "NOPERM") * 60 / seconds if seconds > 0 else 0.0
    severity = tier(per_minute, spec)
    if severity is not None:
        return Verdict(severity, evidence=view.evidence(), values={"count": error_growth(view, "NOPERM")})
    return Verdict(Severity.LOW, State.HISTORY, view.evidence(), {"count": counted})


def _listed_denials(entries: Sequence[AclLogEntry]) -> Verdict:
    serious = [e for e in entries if e.object.lower() not in words("handshake_commands")]
    worst = max(serious or entries, key=lambda entry: entry.count)
    values = {
        "count": sum(e.count for e in serious or entries),
        "user": worst.username,
        "reason": worst.reason,
        "object": worst.object,
    }
    quotes = tuple(_quote_acl(entry) for entry in (serious or entries)[:3])
    if not serious:
        return Verdict(Severity.LOW, State.CONTEXT, quotes, values)
    grabs = any(e.object.lower() in words("takeover_commands") for e in serious)
    return Verdict(Severity.HIGH if grabs else Severity.MEDIUM, evidence=quotes, values=values)


# --- intrusion ---


@rule("sec-config-tampering")
def config_tampering(view: View, spec: RuleSpec) -> Verdict | None:
    """Look for attack paths in settings, log lines, key lists and metrics."""
    quotes: list[Evidence] = []
    looked = bool(view.node.log) or bool(view.node.settings)
    for name in ("dir", "dbfilename"):
        for value in _values_of(view, name):
            looked = True
            pattern = ATTACK_DIR if name == "dir" else ATTACK_FILE
            if pattern.search(value) and not value.endswith((".rdb", "dump")):
                quotes.append(Evidence(f"{name} {value}", "CONFIG", node=view.node.name))
    quotes += [e.quote() for e in _tampered_lines(view)]
    quotes += _suspicious_captures(view)
    if not quotes:
        if not looked:
            raise MissingField("CONFIG GET dir")
        return None
    return Verdict(
        spec.severity, evidence=tuple(quotes[:5]), values={"where": "; ".join(q.text[:100] for q in quotes[:3])}
    )


def _values_of(view: View, name: str) -> list[str]:
    values = [view.node.settings.text(name)] if name in view.node.settings else []
    if view.has(name):
        values.append(view.node.text_of(name))
    return values


def _tampered_lines(view: View) -> list[LogEvent]:
    names = ("rdb-save-file-error", "rdb-save-failed", "data-dir-problem", "rdb-load-failed")
    return [
        e for e in view.events(*names) if re.search(r"authorized_keys|/cron|crontab|\.ssh|/etc\b", e.entry.message)
    ][:3]


def _suspicious_captures(view: View) -> list[Evidence]:
    """Values and keys that takeovers leave behind, wherever they were pasted."""
    found: list[Evidence] = []
    keys: dict[str, Evidence] = {}
    for piece in view.node.pieces:
        if piece.kind in NOT_OF_KEYS or piece.name == "description" or len(piece.text) > 20_000:
            continue
        for line in piece.text.splitlines():
            quote = Evidence(line.strip()[:200], piece.name, node=view.node.name)
            if ATTACK_VALUES.search(line):
                found.append(quote)
            elif piece.kind in LISTS_OF_KEYS:
                keys |= {match[1]: quote for match in ATTACK_KEYS.finditer(line)}
    # A key named "backup1" alone is anybody's.
    return [*found, *(keys.values() if "crackit" in keys or len(keys) > 1 else ())][:3]


@rule("sec-rogue-replicaof")
def rogue_replicaof(view: View, spec: RuleSpec) -> Verdict | None:
    if not view.node.log and not view.has("master_host"):
        raise MissingField("server log")
    for event in reversed(view.events("replicaof-enabled")):
        address = f"{event.capture('host')}:{event.capture('port')}"
        if _is_public(event.capture("host")):
            return Verdict(
                spec.severity,
                evidence=(event.quote(),),
                values={"address": address, "where": event.entry.message[:140]},
            )
    host = view.node.text_of("master_host")
    if host and _is_public(host):
        view.value_of("master_host")
        return Verdict(
            Severity.HIGH, evidence=view.evidence(), values={"address": host, "where": f"master_host:{host}"}
        )
    return None


EXAMPLES = tuple(ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))


def _is_public(host: str) -> bool:
    """Whether an address is outside every private range. Documentation ranges count as outside: examples use them."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_global or any(address in net for net in EXAMPLES if net.version == address.version)


@rule("sec-module-loaded")
def module_loaded(view: View, spec: RuleSpec) -> Verdict | None:
    if not view.node.log:
        raise MissingField("server log")
    for event in view.events("module-loaded"):
        path = event.capture("path")
        if SUSPECT_MODULE.search(path):
            values = {"module": event.capture("module"), "path": path}
            return Verdict(spec.severity, evidence=(event.quote(),), values=values)
    return None


# --- who may do too much ---


@rule("sec-dangerous-commands-used")
def dangerous_commands_used(view: View, spec: RuleSpec) -> Verdict | None:
    commands = view.node.info.commands
    if not commands:
        raise MissingField("INFO commandstats")
    watched = words("dangerous_commands")
    used = [n for n, stat in commands.items() if stat.calls and {n.lower(), n.lower().split("|")[0]} & watched]
    if not used:
        return None
    for name in used:
        view.value_of(f"cmdstat_{name}")
    names = ", ".join(f"{name.upper()} ×{commands[name].calls}" for name in used)
    return Verdict(spec.severity, evidence=view.evidence(), values={"commands": names})


@rule("sec-acl-file-error")
def acl_file_error(view: View, spec: RuleSpec) -> Verdict | None:
    """An error that stops the start is an outage; one on ACL LOAD leaves the old rules in force."""
    verdict = decide_by_log(view, spec)
    if verdict is None or verdict.state is State.RECOVERED or not view.count("acl-start-failed"):
        return verdict
    return replace(verdict, severity=Severity.CRITICAL)


def _users(view: View) -> list[AclUser]:
    """Users that are on. MissingField without ACL LIST."""
    users: Sequence[AclUser] = view.need(EvidenceKind.ACL_LIST).users
    return [user for user in users if user.is_enabled]


@rule("sec-dangerous-commands-allowed")
def dangerous_commands_allowed(view: View, spec: RuleSpec) -> Verdict | None:
    curbed = {"-@dangerous", "-@admin"}
    users = [
        u for u in _users(view) if u.is_all_powerful and not curbed & set(u.rules) and u.name not in ADMINISTRATIVE
    ]
    return _about(users, spec)


@rule("sec-user-hygiene")
def user_hygiene(view: View, spec: RuleSpec) -> Verdict | None:
    return _about([user for user in _users(view) if user.needs_no_password], spec)


def _about(users: Sequence[AclUser], spec: RuleSpec) -> Verdict | None:
    quotes = tuple(_quote_user(user) for user in users[:3])
    names = ", ".join(user.name for user in users)
    return Verdict(spec.severity, evidence=quotes, values={"users": names}) if users else None


@rule("sec-unauth-buffer-growth")
def unauthenticated_buffers(view: View, spec: RuleSpec) -> Verdict | None:
    clients = view.need(EvidenceKind.CLIENT_LIST).clients
    strangers = [
        c for c in clients if "user" in c.fields and not c.user and (c.omem or 0) > spec.thresholds["omem_bytes"]
    ]
    if not strangers:
        return None
    quotes = tuple(Evidence(c.text[:240], "CLIENT LIST", c.line, view.node.name) for c in strangers[:3])
    return Verdict(spec.severity, evidence=quotes, values={"omem": float(sum(c.omem or 0 for c in strangers))})
