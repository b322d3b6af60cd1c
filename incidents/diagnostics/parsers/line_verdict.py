"""The verdict on one line, and how a line that no pattern knows is judged: by level, area words and failure words."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """`none`, `none`, None for a routine line."""

    category: str
    severity: str
    signal: str | None


def judge_unknown(message: str, *, level: str) -> LineVerdict:
    """Judge a line that is in no pattern file."""
    return LineVerdict("none", "none", None)
