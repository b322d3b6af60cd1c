"""Names and words of other tools, brought into our fields by the table in `guesses.toml`. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any


@cache
def _tables() -> Mapping[str, Any]:
    return tables_from(tomllib.loads(resources.files(__package__).joinpath("guesses.toml").read_text(encoding="utf-8")))


def tables_from(tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tables, checked. Raises ValueError that names what is wrong."""
    from knowledge_base.document_fields import CHOICES, CLEANERS

    wanted = {"skipped", "fields", "severity", "language", "kind", "category"}
    wrong = sorted(set(tables) ^ wanted)
    wrong += [f"fields.{name}" for name in tables.get("fields", {}) if name not in CLEANERS]
    for name in ("severity", "language", "kind", "category"):
        wrong += [f"{name}.{value}" for value in tables.get(name, {}) if value not in CHOICES[name].values]
    if wrong:
        raise ValueError(f"guesses.toml: unknown or missing: {', '.join(wrong)}.")
    return tables


@cache
def _fields() -> Mapping[str, str]:
    return {name: field for field, names in _tables()["fields"].items() for name in names}


def is_skipped(name: str) -> bool:
    """Whether a file or folder is no document: hidden, or one of the housekeeping files of a repository."""
    return (name.startswith(".") and name not in (".", "..")) or name in _tables()["skipped"]


def field_named(name: str) -> str:
    """Our field for a property or a column; empty when there is none."""
    return _fields().get(" ".join(str(name).strip().lower().rstrip(":").split()), "")


def choice_meant(field: str, value: Any) -> Any:
    """Our word for a choice as another tool writes it; the value itself when we know none."""
    if field not in ("severity", "language", "kind"):
        return value
    said = str(value).strip().lower()
    return next((ours for ours, theirs in _tables()[field].items() if said in theirs), value)


def guess_category(text: str) -> str:
    """What a text is about by the words in it; empty when none speaks."""
    text = text.lower()
    counts = {
        category: sum(len(re.findall(re.escape(word), text)) for word in words)
        for category, words in _tables()["category"].items()
    }
    best = max(counts, key=lambda category: counts[category])
    return best if counts[best] else ""
