"""What the checkers say of one simple command, before a line's parts are combined into a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from incidents.diagnostics.commands.effects import HARMLESS, Effect
from incidents.diagnostics.commands.versions import Version
from incidents.diagnostics.text import Text

Problem = tuple[bool, Text]  # (certain, sentence): an uncertain problem is a note, as when the version is unknown

# What is younger than these deserves a note when the version is unknown.
COMMON_VERSIONS: dict[str, Version] = {"redis": (6, 2), "valkey": (7, 2)}


@dataclass(frozen=True, slots=True)
class Part:
    """One simple command of a line. `prefix` is redis-cli with its connection options, for undo and verify."""

    kind: str
    command: str = ""
    problems: tuple[Problem, ...] = ()
    effect: Effect = HARMLESS
    since: Version = ()
    complexity: str = ""
    prefix: str = ""
