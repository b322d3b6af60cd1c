"""Build the command and configuration tables from real servers and a file of published facts.

    python scripts/build_command_tables.py --server redis-server --server /opt/valkey/bin/valkey-server --write

Works offline. Each server is started privately and asked COMMAND, COMMAND DOCS and CONFIG; what it says is merged into
the tables, so one server at hand refreshes its own version and leaves the rest as it stands. `command_facts.toml`
beside this file holds what no server at hand can say (other versions, corrections), each with its source.
Without --write the script only tells what would change, with exit status 1 if anything would.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.servers import RedisServer  # noqa: E402  (the repository is no installed package)

TABLES = ROOT / "incidents/diagnostics/commands/tables"
FACTS = Path(__file__).with_name("command_facts.toml")
OLDEST = "5.0.0"  # a thing that the oldest supported server has is "always there"
TYPES = {"integer": "int", "double": "num", "key": "key", "pattern": "pattern", "unix-time": "time"}
Table = dict[str, dict[str, Any]]
Servers = set[tuple[str, str]]


@dataclass
class Observation:
    """What one server says about itself."""

    product: str
    version: str
    commands: dict[str, dict[str, Any]] = field(default_factory=dict)
    sentinel: set[str] = field(default_factory=set)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)


# --- asking a server ---------------------------------------------------------------------------------------------


def observe(binary: str, candidates: Iterable[str]) -> Observation:
    """Start the server privately and write down its commands and settings."""
    with RedisServer(binary=binary) as server:
        product, version = identity(server)
        seen = Observation(product, version)
        collect_commands(server, seen)
        collect_settings(server, seen, candidates)
    with RedisServer(binary=binary, sentinel=True) as server:
        collect_sentinel(server, seen)
    return seen


def identity(server: RedisServer) -> tuple[str, str]:
    info = dict(line.split(":", 1) for line in server.cli("INFO", "server").splitlines() if ":" in line)
    if "valkey_version" in info or info.get("server_name") == "valkey":
        return "valkey", info.get("valkey_version", info["redis_version"]).strip()
    return "redis", info["redis_version"].strip()


def ask(server: RedisServer, *words: str) -> Any:
    """Return a reply as JSON, or None where the server answers with an error."""
    reply = subprocess.run(
        ["redis-cli", "-p", str(server.port), "--json", *words], capture_output=True, text=True, check=True
    ).stdout
    try:
        return json.loads(reply)
    except ValueError:
        return None


def pairs(reply: Any) -> dict[str, Any]:
    """Read a map, which RESP2 servers send as a flat list."""
    if isinstance(reply, dict):
        return reply
    return dict(zip(reply[::2], reply[1::2], strict=True)) if reply else {}


def collect_commands(server: RedisServer, seen: Observation) -> None:
    for row in filter(None, ask(server, "COMMAND") or []):
        add_command(seen.commands, row)
    for name, docs in pairs(ask(server, "COMMAND", "DOCS")).items():
        add_docs(seen.commands, name, docs)


def add_command(commands: dict[str, dict[str, Any]], row: list[Any]) -> None:
    name = row[0].upper().replace("|", " ")
    commands[name] = {"arity": row[1], "flags": sorted(row[2])}
    for child in row[9] if len(row) > 9 else []:
        add_command(commands, child)


def add_docs(commands: dict[str, dict[str, Any]], name: str, docs: Mapping[str, Any]) -> None:
    entry = commands.get(name.upper().replace("|", " "))
    if entry is None:
        return
    entry["since"] = docs.get("since")
    entry["group"] = docs.get("group", "module")
    entry["complexity"] = big_o(docs.get("complexity", ""))
    entry["syntax"] = sequence(docs.get("arguments", []))
    if "deprecated_since" in docs:
        entry["deprecated"] = [docs["deprecated_since"], *re.findall(r"`([A-Z ]+)`", docs.get("replaced_by", ""))]
    for child, child_docs in docs.get("subcommands", {}).items():
        add_docs(commands, child, child_docs)


def collect_sentinel(server: RedisServer, seen: Observation) -> None:
    """Note which commands a Sentinel answers, and take over those that only it has."""
    own = Observation(seen.product, seen.version)
    rows = ask(server, "COMMAND")
    for row in filter(None, rows if isinstance(rows, list) else []):
        add_command(own.commands, row)
    for name, docs in pairs(ask(server, "COMMAND", "DOCS") or {}).items():
        add_docs(own.commands, name, docs)
    seen.sentinel = {name for name in own.commands if " " not in name}
    for name, entry in own.commands.items():
        seen.commands.setdefault(name, entry)


# --- grammar as one line of text ---------------------------------------------------------------------------------


def big_o(text: str) -> str:
    """Keep only the O(...) terms of a complexity sentence."""
    terms: list[str] = []
    for start in (found.start() for found in re.finditer(r"O\(", text)):
        depth = 0
        for end in range(start, len(text)):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            if depth == 0 and end > start + 1:
                term = text[start : end + 1]
                if term not in terms:
                    terms.append(term)
                break
    return " / ".join(terms[:2])


def sequence(arguments: Iterable[Mapping[str, Any]]) -> str:
    return " ".join(spell(argument) for argument in arguments)


def spell(argument: Mapping[str, Any]) -> str:
    """Write one argument of COMMAND DOCS in the notation of grammar.py."""
    flags = argument.get("flags", [])
    token = argument.get("token", "")
    body = spell_body(argument)
    if "multiple" in flags and "multiple_token" not in flags:
        body = f"{group(body)}..."
    text = " ".join(part for part in (token or ('""' if "token" in argument else ""), body) if part)
    if "multiple_token" in flags:
        text = f"({text})..."
    if "optional" in flags:
        text = f"[{text}]"
    if "since" in argument:
        text = f"{group(text)}@{argument['since']}"
    return text


def spell_body(argument: Mapping[str, Any]) -> str:
    kind = argument["type"]
    children = argument.get("arguments", [])
    if kind == "pure-token":
        return ""
    if kind == "oneof":  # the docs mark members of some choices optional, which the choice as a whole says already
        return "(" + " | ".join(spell(without_optional(child)) for child in children) + ")"
    if kind == "block":
        return f"({sequence(children)})"
    name = re.sub(r"[^A-Za-z0-9_./-]+", "-", argument["name"])
    return f"<{name}:{TYPES[kind]}>" if kind in TYPES else f"<{name}>"


def without_optional(argument: Mapping[str, Any]) -> dict[str, Any]:
    return {**argument, "flags": [flag for flag in argument.get("flags", []) if flag != "optional"]}


def group(text: str) -> str:
    """Bracket text that is more than one element."""
    if re.fullmatch(r"<[^<>]*>|[^\s\[\](){}<>|]+", text) or is_bracketed(text):
        return text
    return f"({text})"


def is_bracketed(text: str) -> bool:
    if not text or text[0] not in "([":
        return False
    depth = 0
    for position, char in enumerate(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(char, 0)
        if depth == 0:
            return position == len(text) - 1
    return False


# --- settings ----------------------------------------------------------------------------------------------------

NEVER_PROBED = {  # a nonsense password or address would lock the probe out
    "requirepass": {"set": "yes", "type": "string"},
    "bind": {"set": "yes", "type": "special"},
}
NONSENSE = "§nonsense§"
REFUSALS = (
    ("immutable", re.compile(r"immutable|Unsupported CONFIG parameter|Unknown option", re.I)),
    ("protected", re.compile(r"protected config", re.I)),
)
KINDS = (
    ("bool", re.compile(r"'yes' or 'no'")),
    ("enum", re.compile(r"one of the following: (?P<values>.+)")),
    ("enum-set", re.compile(r"one or more of the following|combination", re.I)),
    ("percent", re.compile(r"memory or percent value")),
    ("memory", re.compile(r"memory value")),
    ("octal", re.compile(r"octal")),
    ("integer", re.compile(r"parsed into an integer|must be between|not an integer", re.I)),
)


def collect_settings(server: RedisServer, seen: Observation, candidates: Iterable[str]) -> None:
    shown = pairs(ask(server, "CONFIG", "GET", "*"))
    # Settings marked hidden answer only to their own name.
    names = set(shown) | {name for name in candidates if pairs(ask(server, "CONFIG", "GET", name) or [])}
    for name in sorted(names):
        seen.settings[name] = probe_setting(server, name)


def probe_setting(server: RedisServer, name: str) -> dict[str, Any]:
    """Learn from the refusal of a nonsense value whether and with what a setting can be changed."""
    if name in NEVER_PROBED:
        return NEVER_PROBED[name]
    reply = server.cli("CONFIG", "SET", name, NONSENSE)
    if reply.startswith("Could not connect"):
        raise RuntimeError(f"{server.binary} is gone before the probe of {name}")
    for verdict, pattern in REFUSALS:
        if pattern.search(reply):
            return {"set": verdict, "type": "string"}
    for kind, pattern in KINDS:
        if found := pattern.search(reply):
            values = found.groupdict().get("values", "")
            listed = {"values": re.split(r",\s*", values.strip(" '.\n"))} if values else {}
            return {"set": "yes", "type": kind, **listed}
    return {"set": "yes", "type": "string" if reply == "OK" else "special"}


# --- merging -----------------------------------------------------------------------------------------------------


def version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def series(version: str) -> str:
    """Return the first patch of a version's series: 7.0.15 says what 7.0.0 has."""
    major, minor, *_ = version.split(".")
    return f"{major}.{minor}.0"


def merge_commands(table: Table, seen: Observation, servers: Servers) -> None:
    for name, entry in seen.commands.items():
        known = table.setdefault(name, {})
        start = str(entry.get("since") or series(seen.version))
        note_seen(known, seen, start)
        if newest_of(known, seen, servers):
            describe(known, seen, entry)
    for name, known in table.items():
        if name not in seen.commands and (" " not in name or name.split()[0] in containers(seen)):
            note_missing(known, seen, servers)


def containers(seen: Observation) -> set[str]:
    """Names of the commands whose subcommands this server lists (Redis 7.0 and later)."""
    return {name.split()[0] for name in seen.commands if " " in name}


def note_seen(known: dict[str, Any], seen: Observation, start: str) -> None:
    span = known.setdefault(seen.product, [start, None])
    span += [None] * (2 - len(span))
    if version_key(start) < version_key(span[0]):
        span[0] = start
    if span[1] is not None and version_key(seen.version) >= version_key(span[1]):
        span[1] = None


def note_missing(known: dict[str, Any], seen: Observation, servers: Servers) -> None:
    """Close the span of something that an older server had and this one has not.

    An open span means that the newest server met so far has the thing, so an older one cannot close it.
    """
    span = known.get(seen.product)
    newest = max(version_key(version) for product, version in servers if product == seen.product)
    if span is None or version_key(seen.version) < max(newest, version_key(span[0])):
        return
    span += [None] * (2 - len(span))
    span[1] = span[1] or series(seen.version)


def newest_of(known: Mapping[str, Any], seen: Observation, servers: Servers) -> bool:
    """Let only the newest server of a product that has the thing describe it."""
    since, until = [*known[seen.product], None][:2]
    having = [
        version
        for product, version in servers
        if product == seen.product
        and version_key(version) >= version_key(since)
        and (until is None or version_key(version) < version_key(until))
    ]
    return all(version_key(seen.version) >= version_key(version) for version in having)


def describe(known: dict[str, Any], seen: Observation, entry: Mapping[str, Any]) -> None:
    facts = {key: entry[key] for key in ("group", "arity", "flags", "complexity", "syntax") if key in entry}
    if seen.product == "redis" or "redis" not in known:
        known.update(facts)
    else:
        for key in ("arity", "syntax"):
            if key in facts and nameless(facts[key]) != nameless(known.get(key)):
                known[f"valkey_{key}"] = facts[key]
    if "deprecated" in entry:
        known.setdefault("deprecated", {})[seen.product] = entry["deprecated"]


def nameless(fact: object) -> str:
    """Drop the names of arguments: <master-name> and <primary-name> are the same grammar."""
    return re.sub(r"<[^<>:]*", "<", str(fact or ""))


def merge_settings(table: Table, seen: Observation, servers: Servers) -> None:
    tls_built_in = "tls-port" in seen.settings
    for name, entry in seen.settings.items():
        known = table.setdefault(name, {})
        note_seen(known, seen, series(seen.version))
        changeable = known.setdefault("set", {})
        if entry["set"] == "yes":
            note_seen(changeable, seen, series(seen.version))
        else:
            note_missing(changeable, seen, servers)
        if entry["set"] == "protected":
            known["protected"] = True
        if newest_of(known, seen, servers) and entry["set"] == "yes":
            known["type"] = entry["type"]
            if "values" in entry:
                known["values"] = sorted({*known.get("values", []), *entry["values"]})
    for name, known in table.items():
        if name not in seen.settings and (tls_built_in or not name.startswith("tls-")):
            note_missing(known, seen, servers)


def apply_facts(commands: Table, settings: Table, facts: Mapping[str, Any]) -> None:
    """Let the published facts have the last word over what was inferred."""
    for name, fact in facts.get("commands", {}).items():
        known = commands.setdefault(name, {})
        if "syntax" in fact and "syntax" in known and "valkey" in known:  # options of Redis are none of Valkey's
            known.setdefault("valkey_syntax", known["syntax"])
        known.update(fact)
    for name, fact in facts.get("settings", {}).items():
        settings.setdefault(name, {}).update(fact)
    for old, new in facts.get("aliases", {}).items():
        if old in settings:
            settings[old]["alias"] = new


# --- files -------------------------------------------------------------------------------------------------------


def read_table(path: Path, key: str) -> tuple[dict[str, Any], Table]:
    if not path.exists():
        return {}, {}
    content = json.loads(path.read_text(encoding="utf-8"))
    return content["about"], content[key]


def render_table(about: Mapping[str, Any], key: str, table: Table) -> str:
    """Write one entry per line, so that a change of one command is a change of one line."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(tidy(entry), ensure_ascii=False)}" for name, entry in sorted(table.items())
    ]
    head = json.dumps(about, ensure_ascii=False, indent=1)
    return f'{{"about": {head},\n"{key}": {{\n' + ",\n".join(lines) + "\n}}\n"


def tidy(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Drop empty values and write an open span as [since], a closed one as [since, until]."""
    return {name: shorten(value) for name, value in sorted(entry.items()) if value not in (None, "", {}, [])}


def shorten(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shorten(one) for name, one in value.items()}
    return value[:1] if isinstance(value, list) and len(value) == 2 and value[1] is None else value


def build(binaries: Iterable[str]) -> Iterator[tuple[Path, str]]:
    facts = tomllib.loads(FACTS.read_text(encoding="utf-8"))
    about, commands = read_table(TABLES / "commands.json", "commands")
    _, settings = read_table(TABLES / "configuration.json", "settings")
    candidates = {*settings, *facts["hidden_settings"], *facts["aliases"], *facts["aliases"].values()}
    observations = [observe(binary, candidates) for binary in binaries]
    servers = {(product, version) for product, version in about.get("servers", [])}
    sentinel = set(about.get("sentinel_commands", []))
    for seen in sorted(observations, key=lambda one: (one.product, version_key(one.version))):
        servers.add((seen.product, seen.version))
        merge_commands(commands, seen, servers)
        merge_settings(settings, seen, servers)
        sentinel |= seen.sentinel
    apply_facts(commands, settings, facts)
    listed = sorted(servers, key=lambda server: (server[0], version_key(server[1])))
    about = {"built_by": "scripts/build_command_tables.py", "servers": listed, "facts": facts["sources"]}
    yield (
        TABLES / "commands.json",
        render_table(about | {"sentinel_commands": sorted(sentinel)}, "commands", commands),
    )
    yield TABLES / "configuration.json", render_table(about, "settings", settings)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", action="append", default=[], metavar="BINARY", help="may be repeated")
    parser.add_argument("--write", action="store_true", help="write the tables instead of comparing them")
    options = parser.parse_args()
    stale = False
    for path, content in build(options.server or ["redis-server"]):
        changed = not path.exists() or path.read_text(encoding="utf-8") != content
        stale |= changed
        print(f"{path.relative_to(ROOT)}: {'changed' if changed else 'up to date'}")
        if changed and options.write:
            path.write_text(content, encoding="utf-8")
    return 1 if stale and not options.write else 0


if __name__ == "__main__":
    sys.exit(main())
