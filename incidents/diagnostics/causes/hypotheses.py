"""Hypotheses as data: which findings and which words speak for a cause, which against, and what would tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from incidents.diagnostics.causes.words import pattern_of
from incidents.diagnostics.findings import Action, Category, Severity
from incidents.diagnostics.rules.specs import BrokenCatalogue, read_action
from incidents.diagnostics.text import Text

FOLDER = Path(__file__).parent / "catalogue"


@dataclass(frozen=True, slots=True)
class Cue:
    """Words of a reporter or a client. Speaks once, with its weight in log-odds, if all its conditions hold."""

    weight: float
    any: tuple[re.Pattern[str], ...]  # at least one is said
    all: tuple[re.Pattern[str], ...] = ()  # and each of these
    none: tuple[re.Pattern[str], ...] = ()  # and none of these
    where: str = "any"  # prose, errors (client errors), any (also log lines and small captures)


@dataclass(frozen=True, slots=True)
class Probe:
    """A read-only command that would tell this cause from its rivals, and what each outcome means."""

    command: str
    text: Text
    outcome: Text
    needs: str = ""  # evidence kind or field that makes the question moot when it is already there
    where: str = ""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One possible root cause. Weights are log-odds: 2 is a hint, 4 is nearly proof."""

    id: str
    category: Category
    severity: Severity  # when only words speak for it; findings carry their own
    title: Text
    cause: Text  # the root-cause paragraph; {placeholders} come from the findings that support it
    topic: str = ""  # knowledge topic
    prior: float = -3.0
    findings: Mapping[str, float] | None = None
    against: Mapping[str, float] | None = None
    cues: tuple[Cue, ...] = ()
    explains: tuple[str, ...] = ()  # findings and hypotheses that would follow from it
    fixed_severity: bool = False
    outside: bool = False  # lies outside the server
    symptom: bool = False  # what users see of many causes; words for one of those explain it
    actions: tuple[Action, ...] = ()
    ask: tuple[Probe, ...] = ()
    prevention: tuple[Text, ...] = ()


_KEYS = {
    "category", "severity", "title", "cause", "topic", "prior", "findings", "against", "cues", "explains",
    "fixed_severity", "outside", "symptom", "actions", "ask", "prevention",
}  # fmt: skip


@cache
def all_hypotheses() -> Mapping[str, Hypothesis]:
    """Every hypothesis by id. Raises BrokenCatalogue on a file that does not fit."""
    found: dict[str, Hypothesis] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        with file.open("rb") as stream:
            for key, table in tomllib.load(stream).items():
                if key in found:
                    raise BrokenCatalogue(f"{file.name}: {key} stands twice among the hypotheses.")
                found[key] = read_hypothesis(key, table)
    return found


def read_hypothesis(key: str, table: Mapping[str, Any]) -> Hypothesis:
    unknown = set(table) - _KEYS
    if unknown:
        raise BrokenCatalogue(f"{key}: unknown keys {', '.join(sorted(unknown))}.")
    try:
        return Hypothesis(
            id=key,
            category=Category(table["category"]),
            severity=Severity(table["severity"]),
            title=Text.of(table["title"]),
            cause=Text.of(table["cause"]),
            topic=table.get("topic", ""),
            prior=float(table.get("prior", -3.0)),
            findings={name: float(weight) for name, weight in table.get("findings", {}).items()},
            against={name: float(weight) for name, weight in table.get("against", {}).items()},
            cues=tuple(_cue(item) for item in table.get("cues", [])),
            explains=tuple(table.get("explains", ())),
            fixed_severity=bool(table.get("fixed_severity", False)),
            outside=bool(table.get("outside", False)),
            symptom=bool(table.get("symptom", False)),
            actions=tuple(read_action(item) for item in table.get("actions", [])),
            ask=tuple(_probe(item) for item in table.get("ask", [])),
            prevention=tuple(Text.of(item) for item in table.get("prevention", [])),
        )
    except (KeyError, ValueError, TypeError, re.error) as exc:
        raise BrokenCatalogue(f"{key}: {exc!r}") from exc


def _cue(table: Mapping[str, Any]) -> Cue:
    return Cue(
        weight=float(table["weight"]),
        any=_patterns(table["any"]),
        all=_patterns(table.get("all", ())),
        none=_patterns(table.get("none", ())),
        where=table.get("where", "any"),
    )


def _probe(table: Mapping[str, Any]) -> Probe:
    return Probe(
        command=table["command"],
        text=Text.of(table["text"]),
        outcome=Text.of(table.get("outcome", "")),
        needs=table.get("needs", ""),
        where=table.get("where", ""),
    )


def _patterns(sources: Any) -> tuple[re.Pattern[str], ...]:
    return tuple(pattern_of(source) for source in sources)
