"""Security rules: who fails to log in, what points to an intrusion, who may do too much."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence, Severity, State
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.parsers.acl_log import AclLogEntry
from incidents.diagnostics.rules.engine import Verdict, rule
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

ATTACK_DIR = re.compile(
    r"(?:^|[\s\"'])(/etc(?:/cron[.\w]*)?|/var/spool/cron[/\w]*|/root(?:/\.ssh)?|/home/[^/\s]+/\.ssh|/var/www[/\w]*)/?(?=$|[\s\"',;)])"
)
ATTACK_FILE = re.compile(r"\b(authorized_keys|crontab|root|exp\.so|red2?\.so|[\w-]+\.(?:so|php|sh))\b")
ATTACK_KEYS = re.compile(r"\b(?:crackit|backup[1-9])\b")
ATTACK_VALUES = re.compile(r"\*/\d+ \* \* \* \*|(?:curl|wget)[^\n]{0,80}\|\s*(?:ba)?sh|ssh-rsa AAAA")
SUSPECT_MODULE = re.compile(
    r"(?:/tmp|/dev/shm|/var/tmp|^\./|/data/|/var/lib/redis)|\b(?:exp|red2?|system|module)\.so", re.I
)
GUESSES = 30  # failed logins of one address from which they count as guessing
ADMINISTRATIVE = ("default", "admin", "root", "")


@rule("sec-no-auth")
def no_auth(view: View, spec: RuleSpec) -> Verdict | None:
    how = _without_password(view)
    return Verdict(spec.severity, evidence=view.evidence() or how[1], values={"how": how[0]}) if how else None


def _without_password(view: View) -> tuple[str, tuple[Evidence, ...]] | None:
    """How the server lets anybody in, or None. MissingField when neither ACLs nor requirepass are known."""
    for piece in view.node.of_kind(EvidenceKind.ACL_LIST):
        for line in piece.text.splitlines():
            if re.search(r"\buser default on\b.*\bnopass\b", line):
                return "ACL: default on nopass", (Evidence(line.strip()[:160], "ACL LIST"),)
        return None
    if view.config("requirepass") == "":
        return 'requirepass ""', ()
    return None


@rule("sec-exposed-unprotected")
def exposed(view: View, spec: RuleSpec) -> Verdict | None:
    bind = view.config("bind")
    if view.config("protected-mode") != "no" or not re.search(r"0\.0\.0\.0|\*|::(?!1)", bind or "*"):
        return None
    if _without_password(view) is None:
        return None
    return Verdict(Severity.MEDIUM, evidence=view.evidence(), values={"bind": bind or "*"})


# --- failed logins ---


@rule("sec-auth-failures")
def auth_failures(view: View, spec: RuleSpec) -> list[Verdict] | Verdict | None:
    """Group failures by address and user, so that a guesser is not mistaken for the application that is down."""
    pieces = view.node.of_kind(EvidenceKind.ACL_LOG)
    entries = [e for piece in pieces for e in (piece.data.entries if piece.data else ()) if e.reason == "auth"]
    said = view.said("reply-noauth", "reply-wrongpass")
    counters = {code: view.node.info.errors.get(code, 0) for code in ("WRONGPASS", "NOAUTH")}
    denied = float(view.get("acl_access_denied_auth", 0) or 0)
    if not pieces and not said and view.node.latest is None:
        raise MissingField("ACL LOG")
    verdicts = [_auth_verdict(group, bool(said)) for group in _by_user(entries) if not _is_guessing(group)]
    if verdicts:
        return verdicts
    if said:
        detail = "; ".join(event.entry.message[:120] for event in said[:2])
        return Verdict(Severity.MEDIUM, evidence=tuple(e.quote() for e in said[:3]), values={"detail": detail})
    return _counted(view, counters, denied)


def _counted(view: View, counters: dict[str, int], denied: float) -> Verdict | None:
    total = sum(counters.values()) or denied
    if total < 5:
        return None
    for code, count in counters.items():
        if count:
            view.value_of(f"errorstat_{code}")
    detail = ", ".join(f"errorstat_{code} {count}" for code, count in counters.items() if count)
    commands = float(view.get("total_commands_processed", 0) or 0)
    state = None if total > 0.01 * commands else State.HISTORY
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


def _is_guessing(group: Sequence[AclLogEntry]) -> bool:
    """One host that tries an administrative user very often. An application fails from several hosts as itself."""
    hosts = _hosts(group)
    return len(hosts) == 1 and sum(hosts.values()) >= GUESSES and group[0].username in ADMINISTRATIVE


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
        if _is_guessing(group)
    ]


def _auth_verdict(group: Sequence[AclLogEntry], said: bool) -> Verdict:
    hosts = _hosts(group)
    total = sum(hosts.values())
    user = group[0].username
    quotes = tuple(_quote_acl(entry) for entry in sorted(group, key=lambda e: -e.count)[:2])
    values = {"user": user, "address": ", ".join(sorted(hosts)[:4]), "count": total, "detail": f"{user} ×{total}"}
    severity = Severity.HIGH if total > 300 or said else Severity.MEDIUM
    return Verdict(severity, evidence=quotes, values=values, variant="stale")


def _quote_acl(entry: AclLogEntry) -> Evidence:
    return Evidence(
        f"reason={entry.reason} username={entry.username} count={entry.count} addr={entry.client.address}",
        "ACL LOG",
        entry.line,
    )


@rule("sec-acl-denials")
def acl_denials(view: View, spec: RuleSpec) -> Verdict | None:
    pieces = view.node.of_kind(EvidenceKind.ACL_LOG)
    entries = [
        e for p in pieces for e in (p.data.entries if p.data else ()) if e.reason in ("command", "key", "channel")
    ]
    said = view.said("reply-noperm")
    counted = view.node.info.errors.get("NOPERM", 0)
    if not pieces and not said and view.node.latest is None:
        raise MissingField("ACL LOG")
    if entries:
        worst = max(entries, key=lambda entry: entry.count)
        values = {
            "count": sum(e.count for e in entries),
            "user": worst.username,
            "reason": worst.reason,
            "object": worst.object,
        }
        return Verdict(Severity.MEDIUM, evidence=tuple(_quote_acl(e) for e in entries[:3]), values=values)
    if said:
        values = {"count": len(said), "user": "?", "reason": "", "object": said[0].capture("command")}
        return Verdict(Severity.MEDIUM, evidence=tuple(e.quote() for e in said[:3]), values=values)
    if counted:
        view.value_of("errorstat_NOPERM")
        values = {"count": counted, "user": "?", "reason": "", "object": ""}
        return Verdict(Severity.LOW, State.HISTORY, view.evidence(), values)
    return None


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
    found = []
    for piece in view.node.pieces:
        if piece.kind in (EvidenceKind.INFO, EvidenceKind.SERVER_LOG, EvidenceKind.PROSE) or len(piece.text) > 20_000:
            continue
        for line in piece.text.splitlines():
            if ATTACK_VALUES.search(line) or (ATTACK_KEYS.search(line) and piece.kind != EvidenceKind.SLOWLOG):
                found.append(Evidence(line.strip()[:200], piece.name, node=view.node.name))
    return found[:3]


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


def _is_public(host: str) -> bool:
    """Whether an address is outside every private range. Documentation ranges count as outside: examples use them."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    documentation = any(address in ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
                        if address.version == 4)  # fmt: skip
    return address.is_global or documentation


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
    watched = ("flushall", "flushdb", "module|load", "debug", "shutdown", "replicaof", "slaveof")
    used = [name for name in commands if name.lower() in watched and commands[name].calls > 0]
    if not used:
        return None
    for name in used:
        view.value_of(f"cmdstat_{name}")
    names = ", ".join(f"{name.upper()} ×{commands[name].calls}" for name in used)
    return Verdict(spec.severity, evidence=view.evidence(), values={"commands": names})


def _acl_lines(view: View) -> list[str]:
    pieces = view.node.of_kind(EvidenceKind.ACL_LIST)
    if not pieces:
        raise MissingField("ACL LIST")
    return [line.strip() for piece in pieces for line in piece.text.splitlines() if " on " in f" {line} "]


@rule("sec-dangerous-commands-allowed")
def dangerous_commands_allowed(view: View, spec: RuleSpec) -> Verdict | None:
    lines = [
        x
        for x in _acl_lines(view)
        if re.search(r"\+@all|allcommands", x) and "-@dangerous" not in x and "user default" not in x
    ]
    users = [match[1] for line in lines if (match := re.search(r"user (\S+)", line))]
    quotes = tuple(Evidence(line[:160], "ACL LIST") for line in lines[:3])
    return Verdict(spec.severity, evidence=quotes, values={"users": ", ".join(users)}) if users else None


@rule("sec-user-hygiene")
def user_hygiene(view: View, spec: RuleSpec) -> Verdict | None:
    lines = [line for line in _acl_lines(view) if " nopass" in line]
    users = [match[1] for line in lines if (match := re.search(r"user (\S+)", line))]
    quotes = tuple(Evidence(line[:160], "ACL LIST") for line in lines[:3])
    return Verdict(spec.severity, evidence=quotes, values={"users": ", ".join(users)}) if users else None


@rule("sec-unauth-buffer-growth")
def unauthenticated_buffers(view: View, spec: RuleSpec) -> Verdict | None:
    clients = view.need(EvidenceKind.CLIENT_LIST).clients
    strangers = [c for c in clients if "user" in c.fields and not c.user and (c.omem or 0) > 1024 * 1024]
    if not strangers:
        return None
    quotes = tuple(Evidence(c.text[:240], "CLIENT LIST", c.line) for c in strangers[:3])
    return Verdict(spec.severity, evidence=quotes, values={"omem": float(sum(c.omem or 0 for c in strangers))})
