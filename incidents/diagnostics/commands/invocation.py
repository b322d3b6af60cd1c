"""One simple command, understood: which program, which options, and which words go to Redis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from incidents.diagnostics.commands.shell import Simple
from incidents.diagnostics.commands.tables import find_command, is_module_command, read_toml

CLIENTS = ("redis-cli", "valkey-cli", "keydb-cli")
TOOL_PREFIXES = ("redis-", "valkey-")


@dataclass(frozen=True, slots=True)
class Invocation:
    """`kind` is client, bare (typed at the Redis prompt), tool, host or unknown."""

    kind: str
    simple: Simple
    program: str = ""
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()
    words: tuple[str, ...] = ()  # what goes to Redis, or the operands of a tool
    problems: tuple[tuple[str, str], ...] = field(default=())  # (sentence, option) of options that do not exist

    @property
    def tool(self) -> str:
        return self.program.split("-", 1)[1] if self.kind == "tool" else ""

    @property
    def modes(self) -> tuple[str, ...]:
        """Options that make redis-cli do something of its own."""
        return tuple(name for name, _ in self.options if client_options().get(name, {}).get("mode"))

    def option(self, *names: str) -> str | None:
        """Return the value of the last of these options, "" for a flag, None when it is absent."""
        found = [values[0] if values else "" for name, values in self.options if name in names]
        return found[-1] if found else None

    @property
    def prefix(self) -> str:
        """Return the program with its connection options, to put before another command."""
        if self.kind != "client":
            return ""
        kept = [part for name, values in self.options if name not in self.modes for part in (name, *values)]
        return " ".join([self.program, *kept, ""])

    @property
    def open_ended(self) -> bool:
        return self.simple.open_ended or any(
            client_options().get(name, {}).get("appends") for name, _ in self.options if self.kind == "client"
        )


def understand(simple: Simple) -> Invocation:
    """Tell what kind of program a simple command runs."""
    program = simple.program
    if program in CLIENTS:
        return _client(simple, program)
    if program.startswith(TOOL_PREFIXES) and program.split("-", 1)[1] in read_toml("cli_options.toml")["tools"]:
        return Invocation("tool", simple, program, words=simple.texts[1:])
    if not _is_host_program(program) and (find_command(simple.texts)[1] or is_module_command(program)):
        return Invocation("bare", simple, words=simple.texts)
    if program.lower() in host_programs() or "/" in simple.words[0].text:
        return Invocation("host", simple, program.lower(), words=simple.texts[1:])
    return Invocation("unknown", simple, program, words=simple.texts)


@cache
def client_options() -> Mapping[str, Any]:
    options: Mapping[str, Any] = read_toml("cli_options.toml")["options"]
    return options


def host_programs() -> Mapping[str, Any]:
    programs: Mapping[str, Any] = read_toml("host_commands.toml")["programs"]
    return programs


def _is_host_program(program: str) -> bool:
    """Say whether a word is a host program. In capitals it is a Redis command: SORT, not sort."""
    return program in host_programs()


def _client(simple: Simple, program: str) -> Invocation:
    """Split redis-cli's own options from the words for the server. Options end at the first other word."""
    words, known = simple.texts[1:], client_options()
    options: list[tuple[str, tuple[str, ...]]] = []
    problems: list[tuple[str, str]] = []
    position = 0
    while position < len(words) and words[position].startswith("-") and len(words[position]) > 1:
        name = words[position]
        position += 1
        if name not in known:
            glued = name[:2]  # -p6379 is read by no version of redis-cli
            problems.append(("unknown-option", glued if glued in known and not name.startswith("--") else name))
            continue
        count = known[name].get("values", 0)
        values = words[position : position + count]
        if len(values) < count:
            problems.append(("option-value-missing", name))
        options.append((name, tuple(values)))
        position += count
        if known[name].get("takes_words"):
            break
    return Invocation("client", simple, program, tuple(options), tuple(words[position:]), tuple(problems))
