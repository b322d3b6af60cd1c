"""The linter's thresholds, word lists and sentences, read from TOML and checked. Raises ValueError naming the entry."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

from incidents.diagnostics.commands import parse_version
from incidents.diagnostics.text import Text

LEVELS = ("error", "warning")
KINDS = ("troubleshooting", "runbook", "case")


@dataclass(frozen=True, slots=True)
class Reading:
    """How much a reader takes in at once, in one language."""

    sentence: int  # words (English) or characters (Korean) in a sentence
    line: int  # characters in one entry of a list
    paragraph: int  # characters in one paragraph of the notes


@dataclass(frozen=True, slots=True)
class Thresholds:
    duplicate: float  # share of common shingles, 0–1
    shingle: int  # words in a shingle
    neighbours: int  # documents compared with
    subjects: int  # settings and commands looked up elsewhere
    notes_per_rule: int
    reading: Mapping[str, Reading]
    versions: Mapping[str, tuple[str, ...]]  # released versions by product, oldest first
    must_have: Mapping[str, tuple[str, ...]]  # fields by kind


@dataclass(frozen=True, slots=True)
class Words:
    warning: re.Pattern[str]
    names_a_version: re.Pattern[str]
    conditional: re.Pattern[str]
    ban: re.Pattern[str]
    no_undo_needed: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Sentence:
    level: str
    text: Text
    todo: Text


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("knowledge_base.linting").joinpath(name).read_text(encoding="utf-8"))


@cache
def thresholds() -> Thresholds:
    return thresholds_from(_read("thresholds.toml"))


@cache
def words() -> Words:
    return words_from(_read("words.toml"))


@cache
def sentences() -> Mapping[str, Sentence]:
    return sentences_from(_read("sentences.toml"))


def thresholds_from(table: Mapping[str, Any]) -> Thresholds:
    _only("thresholds", table, {field.name for field in fields(Thresholds)})
    duplicate = table["duplicate"]
    if not isinstance(duplicate, float) or not 0 < duplicate <= 1:
        raise ValueError("thresholds: duplicate must be a share between 0 and 1.")
    numbers = {name: _count(f"thresholds.{name}", table[name]) for name in _COUNTS}
    return Thresholds(
        duplicate=duplicate,
        reading={language: _reading(language, row) for language, row in table["reading"].items()},
        versions={product: _versions(product, row) for product, row in table["versions"].items()},
        must_have={kind: _known_fields(kind, row) for kind, row in table["must_have"].items()},
        **numbers,
    )


_COUNTS = ("shingle", "neighbours", "subjects", "notes_per_rule")


def _reading(language: str, row: Mapping[str, Any]) -> Reading:
    where = f"thresholds.reading.{language}"
    _only(where, row, {field.name for field in fields(Reading)})
    return Reading(**{name: _count(f"{where}.{name}", value) for name, value in row.items()})


def _versions(product: str, row: Any) -> tuple[str, ...]:
    parsed = [parse_version(str(version)) for version in row]
    if not parsed or None in parsed or parsed != sorted(parsed, key=lambda one: one or ()):
        raise ValueError(f"thresholds.versions.{product}: list versions, oldest first.")
    return tuple(map(str, row))


def _known_fields(kind: str, row: Any) -> tuple[str, ...]:
    from knowledge_base.document_format import FRONT_FIELDS

    known = {*FRONT_FIELDS, "symptoms", "root_causes", "diagnosis_steps", "solutions", "prevention", "notes"}
    unknown = sorted(set(row) - known)
    if kind not in KINDS or unknown:
        raise ValueError(f"thresholds.must_have.{kind}: unknown kind or fields {unknown}.")
    return tuple(row)


def words_from(table: Mapping[str, Any]) -> Words:
    names = {field.name for field in fields(Words)}
    _only("words", table, names)
    return Words(**{name: _pattern(name, table[name]) for name in names})


def _pattern(name: str, sources: Any) -> re.Pattern[str]:
    if not isinstance(sources, list) or not sources:
        raise ValueError(f"words.{name}: a list of patterns is needed.")
    try:
        return re.compile("|".join(f"(?:{source})" for source in sources), re.IGNORECASE)
    except (re.error, TypeError) as exc:
        raise ValueError(f"words.{name}: {exc}.") from None


def sentences_from(table: Mapping[str, Any]) -> Mapping[str, Sentence]:
    return {rule: _sentence(rule, row) for rule, row in table.items()}


def _sentence(rule: str, row: Mapping[str, Any]) -> Sentence:
    _only(f"sentences.{rule}", row, {"level", "ko", "en", "todo_ko", "todo_en"})
    if row["level"] not in LEVELS or not all(str(value).strip() for value in row.values()):
        raise ValueError(f"sentences.{rule}: a level and four sentences are needed.")
    return Sentence(row["level"], Text(row["ko"], row["en"]), Text(row["todo_ko"], row["todo_en"]))


def _only(where: str, table: Mapping[str, Any], names: set[str]) -> None:
    wrong = sorted(set(table) ^ names)
    if wrong:
        raise ValueError(f"{where}: unknown or missing: {', '.join(wrong)}.")


def _count(where: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{where}: a whole number from 1 is needed.")
    return value
