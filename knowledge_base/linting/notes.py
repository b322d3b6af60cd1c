"""What the linter says. The sentences stand in `sentences.toml`, in Korean and in English. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from incidents.diagnostics.text import Text
from knowledge_base.linting.data import sentences


class Level(StrEnum):
    ERROR = "error"  # blocks publishing
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class LintNote:
    """One thing to put right, and where."""

    rule: str
    level: Level
    text: Text  # what is wrong
    todo: Text  # what to do about it
    field: str = ""  # empty: the document as a whole
    index: int | None = None  # number of the line or step, from 0
    part: str = ""  # of a step: command, verify …
    other: str = ""  # the other document, where there is one

    @property
    def place(self) -> str:
        """Where it stands, as search results say it: "solutions[2].command"."""
        number = "" if self.index is None else f"[{self.index}]"
        return f"{self.field}{number}{'.' if self.part else ''}{self.part}"


@dataclass(frozen=True, slots=True)
class Place:
    field: str = ""
    index: int | None = None
    part: str = ""


DOCUMENT = Place()


def note(rule: str, place: Place = DOCUMENT, *, other: str = "", **values: Any) -> LintNote:
    """A note of a rule, its sentence filled in with the values."""
    words = sentences()[rule]
    return LintNote(
        rule=rule,
        level=Level(words.level),
        text=words.text.format(other=other, **values),
        todo=words.todo.format(other=other, **values),
        field=place.field,
        index=place.index,
        part=place.part,
        other=other,
    )


def errors_of(notes: Iterable[LintNote]) -> list[LintNote]:
    """The notes that block publishing."""
    return [one for one in notes if one.level is Level.ERROR]
