"""Checking that the arguments of a command fit the server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from incidents.diagnostics.commands.configuration import check_config, settings_since
from incidents.diagnostics.commands.grammar import Need, match
from incidents.diagnostics.commands.parts import COMMON_VERSIONS, Problem
from incidents.diagnostics.commands.placeholders import is_ellipsis, is_metavariable, is_placeholder
from incidents.diagnostics.commands.tables import Command, read_toml
from incidents.diagnostics.commands.targets import PRODUCT_NAMES, Target
from incidents.diagnostics.commands.versions import ALWAYS, NEVER, Version, at_least, parse_version, say_version
from incidents.diagnostics.commands.wording import say
from incidents.diagnostics.text import Text


def check_arguments(
    command: Command, arguments: Sequence[str], target: Target, *, open_ended: bool
) -> tuple[list[Problem], Version]:
    """Return what is wrong with the arguments, and the version that brought the newest thing they use."""
    if any(is_ellipsis(word) for word in arguments):
        return [], ALWAYS  # what is left out cannot be checked
    syntax = command.syntax(target)
    if syntax is None:
        return list(_count_problems(command, arguments, target, f"{command.name} …")), ALWAYS
    found = match(syntax, arguments)
    if not found.fits and open_ended:
        found = match(syntax, [*arguments, "<more>"])
    shown = f"{command.name} {show_syntax(syntax)}".strip()
    if not found.fits:
        return [(True, _misfit(command, arguments, target, shown, found.stuck_at))], ALWAYS
    if too_few := [] if open_ended else list(_count_problems(command, arguments, target, shown)):
        return too_few, ALWAYS
    problems = [*_age_problems(command, found.need, target), *_special_problems(command, arguments, target)]
    return problems, max(found.need.version, settings_since(command.name, arguments, target))


def show_syntax(syntax: str) -> str:
    """Write a grammar for people: without types and versions."""
    return re.sub(r"@[\d.]+|:[a-z-]+(?=>)", "", syntax)


def _count_problems(command: Command, arguments: Sequence[str], target: Target, shown: str) -> Iterator[Problem]:
    """Count as the server does first of all."""
    if _is_miscounted(command, arguments, target):
        yield True, say("wrong-number", command=command.name, syntax=shown)


def _is_miscounted(command: Command, arguments: Sequence[str], target: Target) -> bool:
    count, arity = len(command.name.split()) + len(arguments), command.arity(target)
    return (arity > 0 and count != arity) or count < -arity


def _misfit(command: Command, arguments: Sequence[str], target: Target, shown: str, stuck_at: int) -> Text:
    if command.name == "CONFIG SET" and len(arguments) > 2:  # the usual slip: a value with blanks and no quotes
        return say("setting-pairs")
    if _is_miscounted(command, arguments, target) or stuck_at >= len(arguments):
        return say("wrong-number", command=command.name, syntax=shown)
    return say("bad-argument", command=command.name, word=arguments[stuck_at], syntax=shown)


def _age_problems(command: Command, need: Need, target: Target) -> Iterator[Problem]:
    values = {
        "command": command.name,
        "word": need.word,
        "product": PRODUCT_NAMES[target.product],
        "since": say_version(need.version),
    }
    if target.version is None:
        if need.version > COMMON_VERSIONS[target.product]:
            yield False, say("argument-needs-version-note", **values)
    elif not at_least(target.version, need.version):
        yield True, say("argument-needs-version", server=target.name, **values)


def _special_problems(command: Command, arguments: Sequence[str], target: Target) -> Iterator[Problem]:
    if command.name in ("CONFIG GET", "CONFIG SET") and not target.managed:
        yield from check_config(command.name.split()[1], arguments, target)
    elif command.name == "INFO":
        for section in arguments:
            yield from _name_problems("section", section, target)
    elif command.name == "SENTINEL SET" and "rename-command" not in map(str.lower, arguments):  # takes two values
        for option in arguments[1::2]:
            yield from _name_problems("sentinel-option", option, target)


def _name_problems(kind: str, name: str, target: Target) -> Iterator[Problem]:
    """Yield why a name of names.toml (a section of INFO, an option of SENTINEL SET) is not known to the server."""
    known = read_toml("names.toml")[f"{kind.replace('-', '_')}s"]
    if is_placeholder(name) or is_metavariable(name):
        return
    if name.lower() not in known:
        if kind == "section" and name.lower().startswith("module"):
            return  # sections that modules add
        yield True, say(f"unknown-{kind}", name=name)
        return
    since = parse_version(known[name.lower()].get(target.product, "0")) or ALWAYS
    values = {"name": name, "product": PRODUCT_NAMES[target.product], "server": target.name}
    if since[0] >= NEVER:
        yield True, say(f"{kind}-other-product", **values)
    elif target.version is not None and not at_least(target.version, since):
        yield True, say(f"{kind}-needs-version", since=say_version(since), **values)
