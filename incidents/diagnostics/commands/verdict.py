"""The truth gate: does this command exist on that server, do its arguments fit, and what does it risk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from incidents.diagnostics.commands import services
from incidents.diagnostics.commands.configuration import check_config, check_setting
from incidents.diagnostics.commands.effects import HARMLESS, Effect, effect_of, host_effect, worst
from incidents.diagnostics.commands.grammar import match
from incidents.diagnostics.commands.invocation import Invocation, client_options, understand
from incidents.diagnostics.commands.placeholders import is_ellipsis
from incidents.diagnostics.commands.shell import Unreadable, split_line
from incidents.diagnostics.commands.tables import (
    Command,
    commands,
    containers,
    find_command,
    is_module_command,
    read_toml,
    sentinel_commands,
)
from incidents.diagnostics.commands.targets import ANY, PRODUCT_NAMES, Target
from incidents.diagnostics.commands.versions import Span, at_least, say_version
from incidents.diagnostics.commands.wording import say
from incidents.diagnostics.findings import Risk
from incidents.diagnostics.text import Text

SENTINEL_PORTS = ("26379", "26380", "26381")
REFUSED_BY_DEFAULT = {"DEBUG": "enable-debug-command", "MODULE": "enable-module-command"}
REFUSED_MODULE = ("MODULE LOAD", "MODULE LOADEX", "MODULE UNLOAD")
NOT_IN_CLUSTER = ("REPLICAOF", "SLAVEOF", "FAILOVER", "SWAPDB", "MOVE")
OLDEST_SUPPORTED = {"redis": (6, 2), "valkey": (7, 2)}  # younger things deserve a word when the version is unknown


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one line. `reasons` are why it must not be shown; `notes` are worth adding to it."""

    line: str
    ok: bool
    kind: str  # client, bare, tool, host, unknown; of the first part that concerns Redis
    command: str = ""  # canonical name: "CONFIG SET", "--bigkeys", "--cluster fix", "df"
    reasons: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()
    since: str = ""
    complexity: str = ""
    risk: Risk = Risk.READ_ONLY
    warning: Text | None = None
    undo: str = ""
    verify: str = ""

    @property
    def concerns_redis(self) -> bool:
        return self.kind in ("client", "bare", "tool")

    @property
    def is_destructive(self) -> bool:
        return self.risk is Risk.LOSES_DATA


@dataclass(frozen=True, slots=True)
class _Part:
    """The verdict on one simple command of a line."""

    kind: str
    command: str = ""
    problems: tuple[tuple[bool, Text], ...] = ()  # (certain, sentence)
    effect: Effect = HARMLESS
    since: str = ""
    complexity: str = ""
    prefix: str = ""


def check(command_line: str, *, target: Target = ANY) -> Verdict:
    """Check one line as we show it: a shell line, a pipeline, or a command typed at the Redis prompt."""
    try:
        simples = split_line(command_line)
    except Unreadable as problem:
        return Verdict(command_line, False, "unknown", reasons=(say("unreadable", problem=problem),))
    if not simples:
        return Verdict(command_line, False, "unknown", reasons=(say("empty"),))
    parts = [_check_part(understand(simple), target) for simple in simples]
    return _combine(command_line, parts)


def _combine(line: str, parts: Sequence[_Part]) -> Verdict:
    main = next((part for part in parts if part.kind in ("client", "bare", "tool")), parts[0])
    problems = [problem for part in parts for problem in part.problems]
    reasons = tuple(dict.fromkeys(text for certain, text in problems if certain))
    leading = max(parts, key=lambda part: (part.effect.warning is not None, part is main))
    return Verdict(
        line=line,
        ok=not reasons,
        kind=main.kind,
        command=main.command,
        reasons=reasons,
        notes=tuple(dict.fromkeys(text for certain, text in problems if not certain)),
        since=main.since,
        complexity=main.complexity,
        risk=worst([part.effect.risk for part in parts]),
        warning=leading.effect.warning,
        undo=_prefixed(main, main.effect.undo),
        verify=_prefixed(main, main.effect.verify),
    )


def _prefixed(part: _Part, command: str) -> str:
    return f"{part.prefix}{command}" if command and not command.startswith("redis-") else command


def _check_part(invocation: Invocation, target: Target) -> _Part:
    checkers = {"client": _check_client, "bare": _check_bare, "tool": _check_tool, "host": _check_host}
    checker = checkers.get(invocation.kind)
    return checker(invocation, target) if checker else _unknown_program(invocation, target)


# --- commands for the server -------------------------------------------------------------------------------------


def _check_bare(invocation: Invocation, target: Target) -> _Part:
    return _check_words(invocation.words, target, invocation)


def _check_words(words: Sequence[str], target: Target, invocation: Invocation) -> _Part:
    command, named = find_command(words)
    if command is None:
        return _Part(invocation.kind, words[0].upper(), tuple(_unknown_command(words, target)))
    arguments = words[named:]
    problems = list(_problems(command, words, arguments, target, invocation))
    return _Part(
        invocation.kind,
        command.name,
        tuple(problems),
        effect_of(command, arguments),
        say_version(command.since(target) or ()),
        command.complexity,
        invocation.prefix,
    )


def _unknown_command(words: Sequence[str], target: Target) -> Iterator[tuple[bool, Text]]:
    if is_module_command(words[0]):
        yield False, say("module-needed", command=words[0].upper())
        return
    yield True, say("unknown-command", command=words[0], server=target.name)
    if guess := get_close_matches(words[0].upper(), commands(), n=1, cutoff=0.75):
        yield True, say("did-you-mean", guess=guess[0])


def _problems(
    command: Command, words: Sequence[str], arguments: Sequence[str], target: Target, invocation: Invocation
) -> Iterator[tuple[bool, Text]]:
    if unknown := _unknown_subcommand(command, arguments):
        yield True, say("unknown-subcommand", container=command.name, word=unknown)
        return
    missing = list(_existence(command, target))
    yield from missing
    yield from _sentinel_problems(command, invocation)
    yield from _service_problems(command, arguments, target)
    yield from _refusals(command, target)
    yield from _shell_traps(command, invocation)
    yield from _deprecation(command, target)
    if not any(certain for certain, _ in missing):
        yield from _argument_problems(command, arguments, target, invocation)


def _unknown_subcommand(command: Command, arguments: Sequence[str]) -> str:
    """Return the word that should have been a subcommand, "" when all is well."""
    if command.name not in containers() or not arguments or is_ellipsis(arguments[0]):
        return ""
    return "" if command.syntaxes.get("redis") else arguments[0]


def _existence(command: Command, target: Target) -> Iterator[tuple[bool, Text]]:
    span = command.spans.get(target.product)
    product = PRODUCT_NAMES[target.product]
    if span is None:
        other = PRODUCT_NAMES[next(iter(command.spans))]
        yield True, say("other-product", command=command.name, other=other, server=target.name)
    elif target.version is None:
        if span.until:
            until = say_version(span.until)
            yield True, say("gone", command=command.name, product=product, until=until, server=target.name)
        elif span.since > OLDEST_SUPPORTED[target.product]:
            yield False, say("needs-version-note", command=command.name, product=product, since=say_version(span.since))
    elif not span.covers(target.version):
        yield True, _out_of_span(command.name, span, target)


def _out_of_span(name: str, span: Span, target: Target) -> Text:
    product = PRODUCT_NAMES[target.product]
    if span.until and target.version and at_least(target.version, span.until):
        return say("gone", command=name, product=product, until=say_version(span.until), server=target.name)
    return say("needs-version", command=name, product=product, since=say_version(span.since), server=target.name)


def _sentinel_problems(command: Command, invocation: Invocation) -> Iterator[tuple[bool, Text]]:
    port = invocation.option("-p")
    container = command.name.split()[0]
    if port in SENTINEL_PORTS and container not in sentinel_commands():
        yield True, say("sentinel-lacks", command=command.name)
    elif container == "SENTINEL" and port == "6379":
        yield True, say("not-in-sentinel-mode", command=command.name)
    elif container == "SENTINEL" and port is None:
        yield False, say("sentinel-port")


def _service_problems(
    command: Command, arguments: Sequence[str], target: Target
) -> Iterator[tuple[bool, Text]]:
    container = command.name.split()[0]
    if target.topology == "cluster" and command.name in NOT_IN_CLUSTER:
        yield True, say("forbidden-in-cluster", command=command.name)
    elif target.topology not in ("", "cluster") and container == "CLUSTER" and command.name != "CLUSTER HELP":
        yield True, say("in-cluster-mode-only", command=command.name)
    if target.managed is None:
        return
    service = services.service_name(target.managed)
    if services.is_blocked(target.managed, command.name):
        yield True, say("blocked-on-service", command=command.name, service=service)
    elif command.name in ("CONFIG GET", "CONFIG SET"):
        names = arguments[::2] if command.name == "CONFIG SET" else arguments
        for name in names:
            if not services.allows_setting(target.managed, name):
                yield True, say("setting-not-on-service", service=service, name=name)


def _refusals(command: Command, target: Target) -> Iterator[tuple[bool, Text]]:
    """Yield commands that Redis 7.0 and Valkey refuse unless the configuration file allows them."""
    container = command.name.split()[0]
    if container == "DEBUG" or command.name in REFUSED_MODULE:
        if target.version is not None and not target.at_least(7, 0):
            return
        product = PRODUCT_NAMES[target.product]
        setting = REFUSED_BY_DEFAULT[container]
        certain = target.version is not None
        yield certain, say("refused-by-default", command=command.name, product=product, setting=setting)


def _shell_traps(command: Command, invocation: Invocation) -> Iterator[tuple[bool, Text]]:
    if command.name == "ACL SETUSER" and invocation.kind == "client" and invocation.simple.redirected:
        yield True, say("shell-redirection", redirected=invocation.simple.redirected[0].replace(" ", ""))
    for word in invocation.simple.words[1:]:
        if invocation.kind == "client" and not word.quoted and word.text.endswith("*"):
            yield False, say("unquoted-pattern", word=word.text)


def _deprecation(command: Command, target: Target) -> Iterator[tuple[bool, Text]]:
    known = command.deprecated.get(target.product)
    if not known or target.version is None or not target.at_least(*(int(part) for part in known[0].split("."))):
        return
    values = {"command": command.name, "product": PRODUCT_NAMES[target.product], "since": known[0].removesuffix(".0")}
    if len(known) > 1:
        yield False, say("deprecated-for", replacement=known[1], **values)
    else:
        yield False, say("deprecated", **values)


# --- arguments ---------------------------------------------------------------------------------------------------


def _argument_problems(
    command: Command, arguments: Sequence[str], target: Target, invocation: Invocation
) -> Iterator[tuple[bool, Text]]:
    syntax = command.syntax(target)
    if any(is_ellipsis(word) for word in arguments):
        return  # what is left out cannot be checked
    if syntax is None:
        yield from _arity_problems(command, arguments)
        return
    found = match(syntax, arguments)
    if not found.fits and invocation.open_ended:
        found = match(syntax, [*arguments, "<more>"])
    if not found.fits:
        yield True, _misfit(command, arguments, syntax, found.stuck_at)
        return
    yield from _argument_age(command, found.need.version, found.need.word, target)
    if command.name in ("CONFIG GET", "CONFIG SET") and not target.managed:
        yield from check_config(command.name.split()[1], arguments, target)


def _arity_problems(command: Command, arguments: Sequence[str]) -> Iterator[tuple[bool, Text]]:
    """Count the words of a command whose grammar is not known; arity counts the command's own words too."""
    count = len(command.name.split()) + len(arguments)
    if (command.arity > 0 and count != command.arity) or count < -command.arity:
        yield True, say("wrong-number", command=command.name, syntax=f"{command.name} …")


def _misfit(command: Command, arguments: Sequence[str], syntax: str, stuck_at: int) -> Text:
    shown = f"{command.name} {show_syntax(syntax)}".strip()
    count = len(command.name.split()) + len(arguments)
    wrong_count = (command.arity > 0 and count != command.arity) or count < -command.arity
    if wrong_count or stuck_at >= len(arguments):
        return say("wrong-number", command=command.name, syntax=shown)
    return say("bad-argument", command=command.name, word=arguments[stuck_at], syntax=shown)


def show_syntax(syntax: str) -> str:
    """Write a grammar for people: without types and versions."""
    return re.sub(r"@[\d.]+|:(?:int|num|key|pattern|time)(?=>)", "", syntax)


def _argument_age(
    command: Command, since: tuple[int, ...], word: str, target: Target
) -> Iterator[tuple[bool, Text]]:
    values = {"command": command.name, "word": word, "product": PRODUCT_NAMES[target.product]}
    if target.version is None:
        if since > OLDEST_SUPPORTED[target.product]:
            yield False, say("argument-needs-version-note", since=say_version(since), **values)
    elif not at_least(target.version, since):
        yield True, say("argument-needs-version", since=say_version(since), server=target.name, **values)


# --- redis-cli and the other programs ----------------------------------------------------------------------------


def _check_client(invocation: Invocation, target: Target) -> _Part:
    problems = [*_option_problems(invocation, target)]
    modes = invocation.modes
    if "--cluster" in modes:
        part = _check_cluster(invocation, target)
    elif modes:
        part = _mode_part(invocation, modes[0])
    elif invocation.words:
        part = _check_words(invocation.words, target, invocation)
    else:
        part = _Part("client", "redis-cli")  # the interactive prompt, or commands from standard input
    return _Part(
        part.kind,
        part.command,
        (*problems, *part.problems),
        part.effect,
        part.since,
        part.complexity,
        part.prefix,
    )


def _option_problems(invocation: Invocation, target: Target) -> Iterator[tuple[bool, Text]]:
    for sentence, option in invocation.problems:
        yield True, say(sentence, program=invocation.program, option=option)
    for name, _ in invocation.options:
        entry = client_options()[name]
        bounds = entry.get(target.product)
        if bounds is None:
            continue
        span = Span.read(bounds)
        values = {"program": invocation.program, "option": name, "product": PRODUCT_NAMES[target.product]}
        if span.since[0] >= 999:
            other = "Redis" if target.product == "valkey" else "Valkey"
            yield True, say("option-other-product", other=other, **values)
        elif target.version is not None and not span.covers(target.version):
            yield True, say("option-needs-version", since=say_version(span.since), server=target.name, **values)


def _mode_part(invocation: Invocation, mode: str) -> _Part:
    entry = client_options()[mode]
    notes = ((False, Text.of(entry["note"])),) if "note" in entry else ()
    warning = Text.of(entry["warning"]) if "warning" in entry else None
    effect = Effect(Risk(entry.get("risk", "read-only")), warning)
    complexity = "O(N)" if entry.get("scans") else ""
    return _Part("client", mode, notes, effect, complexity=complexity, prefix=invocation.prefix)


def _check_cluster(invocation: Invocation, target: Target) -> _Part:
    """Check redis-cli --cluster SUBCOMMAND with its nodes and options."""
    subcommand = invocation.option("--cluster") or ""
    entry = read_toml("cli_options.toml")["cluster"].get(subcommand.lower())
    name = f"--cluster {subcommand.lower()}"
    if entry is None:
        return _Part("client", name, ((True, say("unknown-cluster-subcommand", word=subcommand)),))
    plain, unknown = _split_options(invocation.words, entry["options"])
    problems = [(True, say("unknown-option", program=f"redis-cli {name}", option=option)) for option in unknown]
    wanted = entry["nodes"] + entry.get("words", 0)
    nodes = _count_nodes(plain, entry["nodes"])
    too_many = nodes > wanted and not entry.get("more_nodes") and not entry.get("command")
    if not invocation.open_ended and (nodes < wanted or too_many):
        problems.append((True, say("cluster-arguments", word=subcommand, nodes=entry["nodes"])))
    if target.managed:
        service = services.service_name(target.managed)
        problems.append((True, say("blocked-on-service", command=f"redis-cli {name}", service=service)))
    if target.topology not in ("", "cluster"):
        problems.append((True, say("in-cluster-mode-only", command=f"redis-cli {name}")))
    effect = _entry_effect(entry, node=plain[0] if plain else "<host:port>")
    if entry.get("command") and len(plain) > 1:
        inner = _check_words(plain[1:], target, invocation)
        return _Part("client", name, (*problems, *inner.problems), inner.effect, inner.since, inner.complexity)
    return _Part("client", name, tuple(problems), effect)


def _entry_effect(entry: dict[str, object], *, node: str) -> Effect:
    warning = entry.get("warning")
    return Effect(
        Risk(str(entry["risk"])),
        Text.of(warning) if isinstance(warning, dict) else None,
        verify=str(entry.get("verify", "")).replace("{node}", node),
    )


def _split_options(words: Sequence[str], options: dict[str, int]) -> tuple[list[str], list[str]]:
    """Separate plain words from options. Return the plain words and the options that do not exist."""
    plain: list[str] = []
    unknown: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.startswith("-") or len(word) == 1:
            plain.append(word)
        elif word in options:
            count = options[word]
            while count < 0 and position < len(words) and "=" in words[position]:  # name=weight …
                position += 1
            position += max(count, 0)
        elif word in client_options():
            position += client_options()[word].get("values", 0)
        else:
            unknown.append(word)
    return plain, unknown


def _count_nodes(plain: Sequence[str], wanted: int) -> int:
    """Count operands; where one node is wanted, "host port" counts as one as "host:port" does."""
    if wanted == 1 and len(plain) == 2 and plain[1].isdigit() and ":" not in plain[0]:
        return 1
    return len(plain)


def _check_tool(invocation: Invocation, target: Target) -> _Part:
    """Check redis-server, redis-check-aof and their like."""
    entry = read_toml("cli_options.toml")["tools"][invocation.tool]
    words = list(invocation.words)
    setting_problems: list[tuple[bool, Text]] = []
    if entry.get("settings"):
        words, setting_problems = _strip_settings(words, entry["options"], target)
    plain, unknown = _split_options(words, entry["options"])
    problems = [(True, say("unknown-option", program=invocation.program, option=option)) for option in unknown]
    fewest, most = entry["words"]
    if not fewest <= len(plain) <= most and not invocation.open_ended and not _asks_for_help(words):
        problems.append((True, say("tool-arguments", program=invocation.program)))
    problems += _node_problems(invocation.program, target)
    special = next((entry.get("when", {})[word] for word in words if word in entry.get("when", {})), entry)
    return _Part("tool", invocation.program, (*problems, *setting_problems), _entry_effect(special, node=""))


def _asks_for_help(words: Sequence[str]) -> bool:
    return any(word in ("--help", "--version", "-h", "-v") for word in words)


def _strip_settings(
    words: Sequence[str], options: dict[str, int], target: Target
) -> tuple[list[str], list[tuple[bool, Text]]]:
    """Take `--maxmemory 1gb` and its like off a server's command line and check the names."""
    kept: list[str] = []
    problems: list[tuple[bool, Text]] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.startswith("--") or word in options:
            kept.append(word)
            continue
        if word not in ("--loadmodule", "--include", "--user", "--rename-command"):
            problems += check_setting(word[2:], target)
        while position < len(words) and not words[position].startswith("--"):
            position += 1
    return kept, problems


def _check_host(invocation: Invocation, target: Target) -> _Part:
    effect = host_effect(invocation.program, invocation.words, invocation.simple.redirected)
    return _Part("host", invocation.program, tuple(_node_problems(invocation.program, target)), effect)


def _node_problems(program: str, target: Target) -> Iterator[tuple[bool, Text]]:
    if target.managed and services.needs_the_node(program):
        yield True, say("no-host-on-service", service=services.service_name(target.managed), program=program)


def _unknown_program(invocation: Invocation, target: Target) -> _Part:
    problems = [(True, say("unknown-program", program=invocation.program))]
    if guess := get_close_matches(invocation.program.upper(), commands(), n=1, cutoff=0.75):
        problems.append((True, say("did-you-mean", guess=guess[0])))
    return _Part("unknown", invocation.program, tuple(problems))
