"""Checking the programs around a server: the modes of redis-cli, redis-check-aof and its like, programs of the host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from incidents.diagnostics.commands import services
from incidents.diagnostics.commands.configuration import check_setting
from incidents.diagnostics.commands.effects import Effect, host_effect
from incidents.diagnostics.commands.invocation import Invocation, client_options
from incidents.diagnostics.commands.parts import Part, Problem
from incidents.diagnostics.commands.server_commands import check_words, guess_command
from incidents.diagnostics.commands.tables import read_toml
from incidents.diagnostics.commands.targets import PRODUCT_NAMES, Target
from incidents.diagnostics.commands.versions import NEVER, Span, say_version
from incidents.diagnostics.commands.wording import say
from incidents.diagnostics.findings import Risk
from incidents.diagnostics.text import Text

NO_SETTINGS = ("--loadmodule", "--include", "--user", "--rename-command")  # directives without a CONFIG name
ASKING_FOR_HELP = ("--help", "--version", "-h", "-v")


def check_client(invocation: Invocation, target: Target) -> Part:
    """Check a redis-cli or valkey-cli line."""
    problems = tuple(_option_problems(invocation, target))
    part = _client_part(invocation, target)
    return Part(
        part.kind, part.command, (*problems, *part.problems), part.effect, part.since, part.complexity, part.prefix
    )


def _client_part(invocation: Invocation, target: Target) -> Part:
    modes = invocation.modes
    if "--cluster" in modes:
        return _cluster_part(invocation, target)
    if modes:
        return _mode_part(invocation, modes[0])
    if invocation.words:
        return check_words(invocation.words, target, invocation)
    return Part("client", invocation.program)  # the interactive prompt, or commands from standard input


def _option_problems(invocation: Invocation, target: Target) -> Iterator[Problem]:
    for sentence, option in invocation.problems:
        yield True, say(sentence, program=invocation.program, option=option)
    for name, _ in invocation.options:
        bounds = client_options()[name].get(target.product)
        if bounds is not None:
            yield from _option_age(invocation.program, name, Span.read(bounds), target)


def _option_age(program: str, option: str, span: Span, target: Target) -> Iterator[Problem]:
    values = {"program": program, "option": option, "product": PRODUCT_NAMES[target.product]}
    if span.since[0] >= NEVER:
        other = "Redis" if target.product == "valkey" else "Valkey"
        yield True, say("option-other-product", other=other, **values)
    elif target.version is not None and not span.covers(target.version):
        yield True, say("option-needs-version", since=say_version(span.since), server=target.name, **values)


def _mode_part(invocation: Invocation, mode: str) -> Part:
    entry = client_options()[mode]
    notes = ((False, Text.of(entry["note"])),) if "note" in entry else ()
    complexity = "O(N)" if entry.get("scans") else ""
    return Part("client", mode, notes, _entry_effect(entry), complexity=complexity, prefix=invocation.prefix)


def _entry_effect(entry: Mapping[str, Any], *, node: str = "") -> Effect:
    warning = entry.get("warning")
    verify = entry.get("verify", "").replace("{node}", node)
    return Effect(Risk(entry.get("risk", "read-only")), Text.of(warning) if warning else None, verify=verify)


# --- redis-cli --cluster -----------------------------------------------------------------------------------------


def _cluster_part(invocation: Invocation, target: Target) -> Part:
    subcommand = (invocation.option("--cluster") or "").lower()
    entry = read_toml("cli_options.toml")["cluster"].get(subcommand)
    name = f"--cluster {subcommand}"
    if entry is None:
        return Part("client", name, ((True, say("unknown-cluster-subcommand", word=subcommand)),))
    plain, unknown = split_options(invocation.words, entry["options"])
    problems: list[Problem] = [
        (True, say("unknown-option", program=f"redis-cli {name}", option=option)) for option in unknown
    ]
    if not invocation.open_ended and not _nodes_fit(plain, entry):
        problems.append((True, say("cluster-arguments", word=subcommand, nodes=entry["nodes"])))
    problems += _cluster_place(f"redis-cli {name}", target)
    effect = _entry_effect(entry, node=plain[0] if plain else "<host:port>")
    if entry.get("command") and len(plain) > 1:
        inner = check_words(plain[1:], target, invocation)
        return Part("client", name, (*problems, *inner.problems), inner.effect, inner.since, inner.complexity)
    return Part("client", name, tuple(problems), effect)


def _cluster_place(name: str, target: Target) -> Iterator[Problem]:
    if target.managed:
        yield True, say("blocked-on-service", command=name, service=services.service_name(target.managed))
    if target.topology not in ("", "cluster"):
        yield True, say("in-cluster-mode-only", command=name)


def _nodes_fit(plain: Sequence[str], entry: Mapping[str, Any]) -> bool:
    """Count operands; where one node is wanted, "host port" counts as one as "host:port" does."""
    wanted = entry["nodes"] + entry.get("words", 0)
    given = len(plain)
    if wanted == 1 and given == 2 and plain[1].isdigit() and ":" not in plain[0]:
        given = 1
    return given == wanted or (given > wanted and (entry.get("more_nodes") or entry.get("command")) is not None)


def split_options(words: Sequence[str], options: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Separate plain words from options. Return the plain words and the options that do not exist."""
    plain: list[str] = []
    unknown: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.startswith("-") or len(word) == 1:
            plain.append(word)
        elif word in options and options[word] < 0:  # --cluster-weight node=weight …
            while position < len(words) and "=" in words[position]:
                position += 1
        elif word in options:
            position += options[word]
        elif word in client_options():
            position += client_options()[word].get("values", 0)
        else:
            unknown.append(word)
    return plain, unknown


# --- other programs ----------------------------------------------------------------------------------------------


def check_tool(invocation: Invocation, target: Target) -> Part:
    """Check redis-server, redis-check-aof and their like."""
    entry = read_toml("cli_options.toml")["tools"][invocation.tool]
    words = list(invocation.words)
    setting_problems: list[Problem] = []
    if entry.get("settings"):
        words, setting_problems = _take_settings(words, entry["options"], target)
    plain, unknown = split_options(words, entry["options"])
    problems = [(True, say("unknown-option", program=invocation.program, option=option)) for option in unknown]
    fewest, most = entry["words"]
    asks = any(word in ASKING_FOR_HELP for word in words)
    if not fewest <= len(plain) <= most and not invocation.open_ended and not asks:
        problems.append((True, say("tool-arguments", program=invocation.program)))
    problems += _node_problems(invocation.program, target)
    special = next((entry["when"][word] for word in words if word in entry.get("when", {})), entry)
    return Part("tool", invocation.program, (*problems, *setting_problems), _entry_effect(special))


def _take_settings(words: Sequence[str], options: Mapping[str, int], target: Target) -> tuple[list[str], list[Problem]]:
    """Take `--maxmemory 1gb` and its like off a server's command line and check the names."""
    kept: list[str] = []
    problems: list[Problem] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.startswith("--") or word in options:
            kept.append(word)
            continue
        if word not in NO_SETTINGS:
            problems += check_setting(word[2:], target)
        while position < len(words) and not words[position].startswith("--"):
            position += 1
    return kept, problems


def check_host(invocation: Invocation, target: Target) -> Part:
    """Check a program of the host: it passes with its own risk, save where a managed service gives no shell."""
    effect = host_effect(invocation.program, invocation.words, invocation.simple.redirected)
    return Part("host", invocation.program, tuple(_node_problems(invocation.program, target)), effect)


def _node_problems(program: str, target: Target) -> Iterator[Problem]:
    if target.managed and services.needs_the_node(program):
        yield True, say("no-host-on-service", service=services.service_name(target.managed), program=program)


def check_unknown(invocation: Invocation, target: Target) -> Part:
    problems = [(True, say("unknown-program", program=invocation.program)), *guess_command(invocation.program)]
    return Part("unknown", invocation.program, tuple(problems))
