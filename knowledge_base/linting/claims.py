"""What a document tells to do and what it forbids: the statements in which two documents can contradict. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from incidents.diagnostics.findings import Risk
from knowledge_base.document_format import STEP_FIELDS
from knowledge_base.linting.data import words
from knowledge_base.linting.draft import Draft
from knowledge_base.linting.gate import verdict_of
from knowledge_base.linting.notes import Place

SETTING = re.compile(r"\bCONFIG SET\b(?P<pairs>(?:\s+\S+)+)", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?。;])\s+|(?<=다\.)|\n")
VALUE = re.compile(r" ([\w.%-]+)`")  # the rest of a code span: `protected-mode no`
STAND_IN = re.compile(r"[<>${}…\[\]]|\.\.\.")
UNITS = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}


class Stance(StrEnum):
    DO = "do"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Claim:
    subject: str  # "FLUSHALL", "CONFIG SET maxmemory-policy"
    stance: Stance
    place: Place
    quote: str
    setting: str = ""
    value: str = ""  # literal; a stand-in such as <bytes> is none

    @property
    def amount(self) -> str:
        """The value in one spelling: 6gb and 6442450944 are the same."""
        match = re.fullmatch(r"(\d+)([a-z]*)", self.value.lower())
        if match and match[2] in UNITS:
            return str(int(match[1]) * UNITS[match[2]])
        return self.value.lower()


@lru_cache(maxsize=256)
def claims_of(draft: Draft) -> list[Claim]:
    return [*_advised(draft), *_forbidden(draft)]


def _advised(draft: Draft) -> Iterator[Claim]:
    for step in draft.steps_of("solutions"):
        for command in step.commands:
            yield from _of_command(command, step.at("command"))


def _of_command(command: str, place: Place) -> Iterator[Claim]:
    settings = SETTING.search(command)
    if settings:
        parts = [part.strip("'\"") for part in settings["pairs"].split()]
        for name, value in zip(parts[::2], parts[1::2], strict=False):
            literal = "" if STAND_IN.search(value) else value
            yield Claim(f"CONFIG SET {name.lower()}", Stance.DO, place, command, name.lower(), literal)
        return
    verdict = verdict_of(command)
    if verdict.concerns_redis and verdict.risk is not Risk.READ_ONLY and verdict.command:
        yield Claim(verdict.command, Stance.DO, place, command)


def _forbidden(draft: Draft) -> Iterator[Claim]:
    """What the front matter forbids, and what a sentence forbids without a condition."""
    for name in draft.applies_to.get("forbids") or ():
        yield Claim(str(name), Stance.NEVER, Place("applies_to"), str(name))
    for place, line in draft.lines():
        # A step forbids for its own moment, the rest of the document for good.
        if place.field not in STEP_FIELDS or draft.house_rule.governs:
            yield from _banned(line, place)


def _banned(line: str, place: Place) -> Iterator[Claim]:
    """Commands and settings that a sentence forbids without a condition."""
    for sentence in SENTENCE.split(line):
        if words().conditional.search(sentence):
            continue
        for found in words().ban.finditer(sentence):
            name = next(group for group in found.groups() if group)
            value = VALUE.match(sentence, sentence.index(name, found.start()) + len(name))
            setting = "" if name.isupper() else name
            subject = f"CONFIG SET {name}" if setting else name
            yield Claim(subject, Stance.NEVER, place, sentence.strip(), setting, value[1] if value else "")
