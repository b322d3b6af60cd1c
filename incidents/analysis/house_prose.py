"""Advice in prose that a house rule forbids: "set allkeys-lru" is held back as its command is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

# Clauses: the half of a sentence after a semicolon (in Korean, after "…로,") may stand when the other half may not.
_CLAUSE = re.compile(r"(?<=[.!?。;])\s+|(?<=로,)\s+")
_QUOTE = "- ["  # a line of evidence, which advises nothing


def is_forbidden_advice(text: str, forbidden: Sequence[str]) -> bool:
    """Whether a clause tells its reader to do what one of the patterns names."""
    if not any(re.search(pattern, text) for pattern in forbidden):
        return False
    return _says(text, "advises") and not _says(text, "warns")


def without_forbidden(text: str, forbidden: Sequence[str]) -> tuple[str, list[str]]:
    """The text without the clauses that advise what is forbidden; and those clauses."""
    if not forbidden:
        return text, []
    lines, held = [], []
    for line in text.split("\n"):
        clauses = [line] if line.startswith(_QUOTE) else _CLAUSE.split(line)
        gone = [c for c in clauses if not line.startswith(_QUOTE) and is_forbidden_advice(c, forbidden)]
        held += gone
        lines.append(_joined([c for c in clauses if c not in gone]) if gone else line)
    return "\n".join(lines), held


def _joined(clauses: Sequence[str]) -> str:
    text = " ".join(clauses)
    return f"{text[:-1]}." if text.endswith(";") else text


def _says(text: str, name: str) -> bool:
    return any(pattern.search(text) for pattern in _patterns(name))


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return tuple(re.compile(source, re.IGNORECASE) for source in data[name])
