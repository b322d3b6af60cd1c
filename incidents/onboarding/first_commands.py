"""What to collect first, by what people see; and what would help next to what was pasted already."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.text import Text

NEXT = 2  # asked for at once: more would be a questionnaire


class BrokenFirstCommands(ValueError):
    """The data file does not fit its schema."""


@dataclass(frozen=True, slots=True)
class FirstCommand:
    line: str
    gives: EvidenceKind
    tells: Text


@dataclass(frozen=True, slots=True)
class Sight:
    """Something that people see, with the commands that tell most about it."""

    id: str
    title: Text
    commands: tuple[FirstCommand, ...]


@cache
def sights() -> tuple[Sight, ...]:
    """All of them, in the file's order. Raises BrokenFirstCommands."""
    file = resources.files("incidents.onboarding").joinpath("first_commands.toml")
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))["sights"]
        return tuple(_sight(table) for table in tables)
    except (KeyError, TypeError, ValueError) as exc:
        raise BrokenFirstCommands(f"first_commands.toml: {exc!r}") from exc


def _sight(table: Mapping[str, Any]) -> Sight:
    if unknown := table.keys() - {"id", "title", "commands"}:
        raise ValueError(f"{table['id']} has unknown keys: {', '.join(sorted(unknown))}")
    return Sight(str(table["id"]), Text(**table["title"]), tuple(_command(entry) for entry in table["commands"]))


def _command(entry: Mapping[str, Any]) -> FirstCommand:
    if unknown := entry.keys() - {"line", "gives", "tells"}:
        raise ValueError(f"{entry['line']} has unknown keys: {', '.join(sorted(unknown))}")
    return FirstCommand(str(entry["line"]), EvidenceKind(entry["gives"]), Text(**entry["tells"]))


def helpful_next(pasted: Collection[EvidenceKind]) -> list[FirstCommand]:
    """What would tell most beside what is there: first what helps with anything, then what the paste points at."""
    if not pasted:
        return []
    return list(_missing(frozenset(pasted)))[:NEXT]


def _missing(pasted: frozenset[EvidenceKind]) -> Iterator[FirstCommand]:
    asked: set[EvidenceKind] = set(pasted)
    telling = pasted - {command.gives for command in sights()[0].commands}  # INFO and a log point at nothing yet
    pointed_at = [sight for sight in sights()[1:] if any(command.gives in telling for command in sight.commands)]
    for sight in (sights()[0], *pointed_at):
        for command in sight.commands:
            if command.gives not in asked:
                asked.add(command.gives)
                yield command
