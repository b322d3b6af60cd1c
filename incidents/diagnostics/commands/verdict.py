"""The truth gate: does this command exist on that server, do its arguments fit, and what does it risk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from incidents.diagnostics.commands import programs
from incidents.diagnostics.commands.effects import worst
from incidents.diagnostics.commands.invocation import Invocation, understand
from incidents.diagnostics.commands.parts import Part
from incidents.diagnostics.commands.server_commands import check_words
from incidents.diagnostics.commands.shell import Unreadable, split_line
from incidents.diagnostics.commands.targets import ANY, Target
from incidents.diagnostics.commands.versions import say_version
from incidents.diagnostics.commands.wording import say
from incidents.diagnostics.findings import Risk
from incidents.diagnostics.text import Text

REDIS_KINDS = ("client", "bare", "tool")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one line. `reasons` are why it must not be shown; `notes` are worth adding to it."""

    line: str
    ok: bool
    kind: str  # client, bare, tool, host or unknown; of the first part that concerns Redis
    command: str = ""  # canonical name: "CONFIG SET", "--bigkeys", "--cluster fix", "df"
    reasons: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()
    since: str = ""  # first version on which the line works
    complexity: str = ""
    risk: Risk = Risk.READ_ONLY
    warning: Text | None = None
    undo: str = ""
    verify: str = ""

    @property
    def concerns_redis(self) -> bool:
        return self.kind in REDIS_KINDS

    @property
    def is_destructive(self) -> bool:
        return self.risk is Risk.LOSES_DATA


def check(command_line: str, *, target: Target = ANY) -> Verdict:
    """Check one line as we show it: a shell line, a pipeline, or a command typed at the Redis prompt."""
    try:
        simples = split_line(command_line)
    except Unreadable as problem:
        return Verdict(command_line, False, "unknown", reasons=(say("unreadable", problem=problem),))
    if not simples:
        return Verdict(command_line, False, "unknown", reasons=(say("empty"),))
    return _combine(command_line, [_check_part(understand(simple), target) for simple in simples])


def _check_part(invocation: Invocation, target: Target) -> Part:
    checkers: dict[str, Callable[[Invocation, Target], Part]] = {
        "client": programs.check_client,
        "bare": lambda one, to: check_words(one.words, to, one),
        "tool": programs.check_tool,
        "host": programs.check_host,
        "unknown": programs.check_unknown,
    }
    return checkers[invocation.kind](invocation, target)


def _combine(line: str, parts: Sequence[Part]) -> Verdict:
    main = next((part for part in parts if part.kind in REDIS_KINDS), parts[0])
    problems = [problem for part in parts for problem in part.problems]
    reasons = tuple(dict.fromkeys(text for certain, text in problems if certain))
    warnings = [part.effect.warning for part in (main, *parts) if part.effect.warning]
    return Verdict(
        line=line,
        ok=not reasons,
        kind=main.kind,
        command=main.command,
        reasons=reasons,
        notes=tuple(dict.fromkeys(text for certain, text in problems if not certain)),
        since=say_version(main.since),
        complexity=main.complexity,
        risk=worst([part.effect.risk for part in parts]),
        warning=warnings[0] if warnings else None,
        undo=_with_prefix(main.prefix, main.effect.undo),
        verify=_with_prefix(main.prefix, main.effect.verify),
    )


def _with_prefix(prefix: str, command: str) -> str:
    return f"{prefix}{command}" if command and not command.startswith("redis-") else command
