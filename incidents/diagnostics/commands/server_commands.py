"""Checking words that go to a server: the command exists there, is allowed there, and its arguments fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from incidents.diagnostics.commands import services
from incidents.diagnostics.commands.arguments import check_arguments
from incidents.diagnostics.commands.effects import effect_of
from incidents.diagnostics.commands.invocation import Invocation
from incidents.diagnostics.commands.parts import COMMON_VERSIONS, Part, Problem
from incidents.diagnostics.commands.placeholders import is_ellipsis
from incidents.diagnostics.commands.tables import (
    Command,
    commands,
    containers,
    find_command,
    is_module_command,
    sentinel_commands,
)
from incidents.diagnostics.commands.targets import PRODUCT_NAMES, Target
from incidents.diagnostics.commands.versions import Span, at_least, parse_version, say_version
from incidents.diagnostics.commands.wording import say
from incidents.diagnostics.text import Text

SENTINEL_PORTS = ("26379", "26380", "26381", "26382")
REFUSED_BY_DEFAULT = {
    "DEBUG": "enable-debug-command",
    "MODULE LOAD": "enable-module-command",
    "MODULE LOADEX": "enable-module-command",
    "MODULE UNLOAD": "enable-module-command",
}
NOT_IN_CLUSTER = ("REPLICAOF", "SLAVEOF", "FAILOVER", "SWAPDB", "MOVE")


def check_words(words: Sequence[str], target: Target, invocation: Invocation) -> Part:
    """Check one command for the server, given as its words."""
    command, named = find_command(words)
    if command is None:
        return Part(invocation.kind, words[0].upper(), tuple(_unknown_command(words, target)))
    arguments = words[named:]
    if unknown := _unknown_subcommand(command, arguments):
        sentence = say("unknown-subcommand", container=command.name, word=unknown)
        return Part(invocation.kind, command.name, ((True, sentence),))
    problems = list(_existence_problems(command, target))
    exists = not any(certain for certain, _ in problems)
    problems += _place_problems(command, arguments, target, invocation)
    since = command.since(target) or ()
    if exists:
        fitting, newest = check_arguments(command, arguments, target, open_ended=invocation.open_ended)
        problems += fitting
        since = max(since, newest)
    effect = effect_of(command, arguments)
    return Part(invocation.kind, command.name, tuple(problems), effect, since, command.complexity, invocation.prefix)


def _unknown_command(words: Sequence[str], target: Target) -> Iterator[Problem]:
    if is_module_command(words[0]):
        yield False, say("module-needed", command=words[0].upper())
        return
    yield True, say("unknown-command", command=words[0], server=target.name)
    yield from guess_command(words[0])


def guess_command(word: str) -> Iterator[Problem]:
    """Yield the command that a misspelt word was probably meant to be."""
    if guess := get_close_matches(word.upper(), commands(), n=1, cutoff=0.75):
        yield True, say("did-you-mean", guess=guess[0])


def _unknown_subcommand(command: Command, arguments: Sequence[str]) -> str:
    """Return the word that should have been a subcommand, "" when all is well."""
    if command.name not in containers() or not arguments or is_ellipsis(arguments[0]):
        return ""
    return "" if command.syntaxes.get("redis") else arguments[0]


def _existence_problems(command: Command, target: Target) -> Iterator[Problem]:
    span = command.spans.get(target.product)
    values = {"command": command.name, "product": PRODUCT_NAMES[target.product]}
    if span is None:
        other = PRODUCT_NAMES[next(iter(command.spans))]
        yield True, say("other-product", command=command.name, other=other, server=target.name)
    elif target.version is None:
        if span.until:
            yield True, say("gone", until=say_version(span.until), server=target.name, **values)
        elif span.since > COMMON_VERSIONS[target.product]:
            yield False, say("needs-version-note", since=say_version(span.since), **values)
    elif not span.covers(target.version):
        yield True, _out_of_span(span, target, values)


def _out_of_span(span: Span, target: Target, values: dict[str, str]) -> Text:
    if span.until and target.version and at_least(target.version, span.until):
        return say("gone", until=say_version(span.until), server=target.name, **values)
    return say("needs-version", since=say_version(span.since), server=target.name, **values)


def _place_problems(
    command: Command, arguments: Sequence[str], target: Target, invocation: Invocation
) -> Iterator[Problem]:
    """Yield why a command that exists cannot be run there, or not like this."""
    if target.refuses(command.name):
        yield True, say("refused-here", command=command.name)
    yield from _sentinel_problems(command, invocation)
    yield from _topology_problems(command, target)
    yield from _service_problems(command, arguments, target)
    yield from _refusals(command, target)
    yield from _shell_traps(command, invocation)
    yield from _deprecation(command, target)


def _sentinel_problems(command: Command, invocation: Invocation) -> Iterator[Problem]:
    port = invocation.option("-p")
    container = command.name.split()[0]
    if port in SENTINEL_PORTS and container not in sentinel_commands():
        yield True, say("sentinel-lacks", command=command.name)
    elif container == "SENTINEL" and port == "6379":
        yield True, say("not-in-sentinel-mode", command=command.name)
    elif container == "SENTINEL" and port is None:
        yield False, say("sentinel-port")


def _topology_problems(command: Command, target: Target) -> Iterator[Problem]:
    if target.topology == "cluster" and command.name in NOT_IN_CLUSTER:
        yield True, say("forbidden-in-cluster", command=command.name)
    elif (
        target.topology not in ("", "cluster")
        and command.name.startswith("CLUSTER ")
        and command.name != "CLUSTER HELP"
    ):
        yield True, say("in-cluster-mode-only", command=command.name)


def _service_problems(command: Command, arguments: Sequence[str], target: Target) -> Iterator[Problem]:
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


def _refusals(command: Command, target: Target) -> Iterator[Problem]:
    """Yield commands that Redis 7.0 and Valkey refuse unless the configuration file allows them."""
    setting = REFUSED_BY_DEFAULT.get(command.name)
    if setting is None or (target.version is not None and not target.at_least(7, 0)):
        return
    product = PRODUCT_NAMES[target.product]
    yield target.version is not None, say("refused-by-default", command=command.name, product=product, setting=setting)


def _shell_traps(command: Command, invocation: Invocation) -> Iterator[Problem]:
    if invocation.kind != "client":
        return
    if command.name == "ACL SETUSER" and invocation.simple.redirected:
        yield True, say("shell-redirection", redirected=invocation.simple.redirected[0].replace(" ", ""))
    for word in invocation.simple.words[1:]:
        if not word.quoted and word.text.endswith("*"):
            yield False, say("unquoted-pattern", word=word.text)


def _deprecation(command: Command, target: Target) -> Iterator[Problem]:
    since, *replacement = command.deprecated.get(target.product, ("",))
    bound = parse_version(since)
    if bound is None or target.version is None or not at_least(target.version, bound):
        return
    values = {"command": command.name, "product": PRODUCT_NAMES[target.product], "since": say_version(bound)}
    if replacement:
        yield False, say("deprecated-for", replacement=replacement[0], **values)
    else:
        yield False, say("deprecated", **values)
