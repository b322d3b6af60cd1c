"""What a text claims, as far as claims.toml knows the words: things, states that hold or do not, names, order."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

REACH = 48  # characters before an English state in which a negation turns it around
REACH_KO = 14  # characters after a Korean one
DENIAL = re.compile(r"\W+(?:is|are|was|were|does|do|did|has|have)\s+not\b", re.IGNORECASE)
TROUBLE = re.compile(r"^\W{0,2}\s?(?:problem|issue|trouble|문제|장애|오류)(?!\S{0,2}\s?(?:없|되지))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Concept:
    """Something that a sentence can speak of. `implied` and `denied` are words of sources only."""

    name: str
    is_state: bool
    words: re.Pattern[str]
    implied: re.Pattern[str] | None
    denied: re.Pattern[str] | None
    needs_thing: bool = False


@dataclass(frozen=True, slots=True)
class Lexicon:
    concepts: tuple[Concept, ...]
    clause_end: re.Pattern[str]
    negation: re.Pattern[str]
    negation_after_ko: re.Pattern[str]
    negation_before_ko: re.Pattern[str]
    causal: tuple[re.Pattern[str], ...]
    orders: tuple[tuple[frozenset[str], frozenset[str]], ...]
    absence: re.Pattern[str]
    open: re.Pattern[str]
    alternatives: re.Pattern[str]
    names: re.Pattern[str]
    ordinary: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Said:
    """One mention of a concept in a clause. `holds` is None where it is named and neither asserted nor denied."""

    concept: Concept
    holds: bool | None
    text: str


@cache
def lexicon() -> Lexicon:
    with Path(__file__).with_name("claims.toml").open("rb") as stream:
        data = tomllib.load(stream)
    negation, clauses, names = data["negation"], data["clauses"], data["names"]
    concepts = [_concept(name, table, is_state=bool(table.get("state"))) for name, table in data["thing"].items()]
    concepts += [_concept(name, table, is_state=True) for name, table in data["state"].items()]
    return Lexicon(
        concepts=tuple(concepts),
        clause_end=_pattern(clauses["split"]),
        negation=_pattern(negation["before"]),
        negation_after_ko=_pattern(negation["after_ko"]),
        negation_before_ko=_pattern(negation["before_ko"]),
        causal=tuple(_pattern(clauses[name]) for name in ("whole_cause", "effect_then_cause", "cause_then_effect")),
        orders=tuple((frozenset(one["cause"]), frozenset(one["effect"])) for one in data["order"]),
        absence=_pattern(data["absence"]["words"]),
        open=_pattern(data["open"]["words"]),
        alternatives=_pattern(data["open"]["alternatives"]),
        names=re.compile(names["pattern"]),
        ordinary=_pattern(names["ordinary"]),
    )


def _concept(name: str, table: dict[str, Any], *, is_state: bool) -> Concept:
    implied, denied = table.get("implied"), table.get("denied")
    return Concept(
        name, is_state, _pattern(table["words"]), _pattern(implied) if implied else None,
        _pattern(denied) if denied else None, bool(table.get("needs_thing")),
    )  # fmt: skip


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def clauses_of(text: str) -> list[str]:
    """A text in its clauses: the stretch in which a negation and what it denies stand together."""
    return [clause for clause in lexicon().clause_end.split(text) if clause and clause.strip()]


def claims_of(clause: str) -> list[Said]:
    """What one clause says: each concept once."""
    found = ((concept, concept.words.search(clause)) for concept in lexicon().concepts)
    return [Said(concept, _holds(concept, clause, match), match[0]) for concept, match in found if match]


def _holds(concept: Concept, clause: str, match: re.Match[str]) -> bool | None:
    """Whether a clause asserts a state. A negation within the words that name it belongs to its name."""
    if TROUBLE.match(clause[match.end() :]):
        return None
    return not _is_denied(clause, match)


def _is_denied(clause: str, match: re.Match[str]) -> bool:
    words = lexicon()
    before, after = clause[max(match.start() - REACH, 0) : match.start()], clause[match.end() :][:REACH_KO]
    if re.search(r"[가-힣]", match[0]):
        return bool(words.negation_after_ko.search(after) or words.negation_before_ko.search(before))
    return bool(words.negation.search(before) or DENIAL.match(after))


def names_in(text: str) -> Iterator[str]:
    """Names of settings, fields, hosts and applications that a text holds."""
    words = lexicon()
    for found in words.names.finditer(text):
        if not words.ordinary.fullmatch(found[0]):
            yield found[0]


def causes_in(sentence: str) -> Iterator[tuple[str, str]]:
    """Pairs of cause and effect that a sentence tells of, as stretches of its text."""
    for pattern in lexicon().causal:
        found = pattern.search(sentence)
        if found:
            yield found["cause"], found["effect"]
            return


def sentences_of(text: str) -> Sequence[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+|\n+", text) if part.strip()]
