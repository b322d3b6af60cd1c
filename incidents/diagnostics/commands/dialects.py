"""Saying the same command for another server: product, version, cluster, Sentinel, managed service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from incidents.diagnostics.commands import services
from incidents.diagnostics.commands.effects import quote
from incidents.diagnostics.commands.invocation import Invocation, understand
from incidents.diagnostics.commands.shell import Unreadable, split_line
from incidents.diagnostics.commands.tables import Command, find_command, read_toml
from incidents.diagnostics.commands.targets import Target
from incidents.diagnostics.commands.verdict import check
from incidents.diagnostics.commands.versions import ALWAYS, at_least, parse_version
from incidents.diagnostics.commands.wording import say
from incidents.diagnostics.text import Text

NOTHING = Text(ko="", en="")


@dataclass(frozen=True, slots=True)
class Rendering:
    """A command as the target says it. `command` is "" where there is only a path, described in `text`."""

    command: str
    text: Text = NOTHING

    @property
    def changed_by_path(self) -> bool:
        """Say whether this is no command for the server any more but another way."""
        return bool(self.text) and not self.command


def render(command: str, target: Target) -> Rendering:
    """Write a command in the dialect of the target, or tell the other way where it is forbidden there."""
    line = _spell(command, target)
    if target.managed and (path := _service_path(line, target)):
        return path
    line, text = _place(line, target)
    verdict = check(line, target=target)
    if verdict.ok:
        return Rendering(line, text)
    if (other := substitute(line, target)) is not None:
        return Rendering(other, say("render-substitute", server=target.name, original=line))
    return Rendering("", _refusal(verdict.reasons, target))


def substitute(command: str, target: Target) -> str | None:
    """Return what comes closest on a server that lacks the command, or None if nothing does or nothing is needed."""
    if check(command, target=target).ok:
        return None
    invocation = _main(command)
    if invocation is None:
        return None
    bare = " ".join([*invocation.modes, *(quote(word) for word in invocation.words)])
    for rule in read_toml("dialects.toml")["substitute"]:
        if rule.get("topology", target.topology) != target.topology:
            continue
        if found := re.search(rule["match"], bare):
            other = bare.replace(found.group(), rule["keep"], 1) if "keep" in rule else found.expand(rule["to"])
            line = f"{invocation.prefix}{other}"
            if check(line, target=target).ok:
                return line
    return _split_pairs(invocation, target)


def _main(line: str) -> Invocation | None:
    """Return the part of a line that speaks to Redis."""
    try:
        invocations = [understand(simple) for simple in split_line(line)]
    except Unreadable:
        return None
    return next((one for one in invocations if one.kind in ("client", "bare")), None)


def _split_pairs(invocation: Invocation, target: Target) -> str | None:
    """Write CONFIG SET with several pairs as several commands, for servers before 7.0."""
    words = invocation.words
    if [word.upper() for word in words[:2]] != ["CONFIG", "SET"] or len(words) < 6 or len(words) % 2:
        return None
    lines = [
        f"{invocation.prefix}CONFIG SET {name} {quote(value)}"
        for name, value in zip(words[2::2], words[3::2], strict=True)
    ]
    joined = (" && " if invocation.kind == "client" else " ; ").join(lines)
    return joined if check(joined, target=target).ok else None


# --- spelling ----------------------------------------------------------------------------------------------------


def _spell(line: str, target: Target) -> str:
    spoken, mark, acl_rules = line.partition("ACL SETUSER")  # rules such as -slaveof are no commands to be renamed
    for rule in read_toml("dialects.toml")["rewrite"]:
        if _applies(rule, target):
            spoken = re.sub(rule["match"], rule["to"], spoken)
    return spoken + mark + acl_rules


def _applies(rule: Mapping[str, Any], target: Target) -> bool:
    if rule.get("product", target.product) != target.product:
        return False
    if "below" in rule:
        bound = parse_version(rule["below"]) or ALWAYS
        return target.version is not None and not at_least(target.version, bound)
    return True


# --- where it is run ---------------------------------------------------------------------------------------------


def _place(line: str, target: Target) -> tuple[str, Text]:
    """Aim a line at the right process: every node, the node of the key, or a Sentinel."""
    invocation = _main(line)
    if invocation is None or not invocation.words:
        return line, NOTHING
    command, _ = find_command(invocation.words)
    if command is None:
        return line, NOTHING
    if command.name.startswith("SENTINEL") and invocation.option("-p") is None:
        return _to_sentinel(line, target), say("render-sentinel")
    if (invocation.option("-h") or "").startswith("<"):  # "-h <old-master>": meant for that one node, on purpose
        return line, NOTHING
    if target.topology == "sentinel" and command.name in read_toml("dialects.toml")["sentinel"]["instead"]:
        asked = read_toml("dialects.toml")["sentinel"]["command"]
        return f"{_client(target)} -p 26379 {asked}", say("render-sentinel-failover")
    if target.topology == "cluster" and invocation.kind == "client":
        return _in_cluster(line, invocation, command)
    return line, NOTHING


def _client(target: Target) -> str:
    return f"{target.product}-cli"


def _to_sentinel(line: str, target: Target) -> str:
    client = re.compile(r"\b(?:redis|valkey)-cli\b")
    if client.search(line):
        return client.sub(lambda found: f"{found.group()} -p 26379", line, count=1)
    return f"{_client(target)} -p 26379 {line}"


def _in_cluster(line: str, invocation: Invocation, command: Command) -> tuple[str, Text]:
    per_node = read_toml("dialects.toml")["per_node"]
    if command.name in per_node["commands"]:
        return _on_each_node(invocation, masters_only=command.name in per_node["masters_only"]), say("render-per-node")
    if _has_key(command) and invocation.option("-c") is None:
        return line.replace(invocation.program, f"{invocation.program} -c", 1), say("render-follow")
    return line, NOTHING


def _on_each_node(invocation: Invocation, *, masters_only: bool) -> str:
    """Write a command as redis-cli --cluster call, by way of the node that the line names."""
    host, port = invocation.option("-h"), invocation.option("-p")
    node = f"{host or '127.0.0.1'}:{port or 6379}" if host or port else "<host:port>"
    kept = [part for name, values in invocation.options if name not in ("-h", "-p", "-c") for part in (name, *values)]
    words = [quote(word) for word in invocation.words]
    tail = ["--cluster-only-masters"] if masters_only else []
    return " ".join([invocation.program, *kept, "--cluster", "call", node, *words, *tail])


def _has_key(command: Command) -> bool:
    return ":key>" in (command.syntaxes.get("redis") or "")


# --- managed services --------------------------------------------------------------------------------------------


def _service_path(line: str, target: Target) -> Rendering | None:
    """Return the service's own way if it is the service that forbids the line, and not the version."""
    reasons = check(line, target=target).reasons
    if target.managed is None or reasons == check(line, target=replace(target, managed=None)).reasons:
        return None
    path = services.path_for(target.managed, _lookup_words(line), product=target.product)
    return Rendering(path.command, path.text)


def _lookup_words(line: str) -> list[str]:
    """Return the words by which a service's path is looked up."""
    invocation = _main(line)
    if invocation is None:
        return ["HOST"]
    return ["CLUSTER"] if "--cluster" in invocation.modes else list(invocation.words)


def _refusal(reasons: tuple[Text, ...], target: Target) -> Text:
    ko = " ".join(reason.ko for reason in reasons)
    en = " ".join(reason.en for reason in reasons)
    return Text(
        ko=say("render-refused", server=target.name, reason=ko).ko,
        en=say("render-refused", server=target.name, reason=en).en,
    )
