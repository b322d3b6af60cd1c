"""The verdict on one line, and how a line that no pattern knows is judged: by level, area words and failure words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from incidents.diagnostics.findings import Severity

WORDS_FILE = Path(__file__).with_name("log_words.toml")

_REPLY = re.compile(r"^(?:\(error\) |-)?(?:ERR|[A-Z]{4,16}) [^:]")
_EXCEPTION = re.compile(r"[A-Za-z.]*(?:Exception|Error)\b|^(?:Caused by|Traceback|Unhandled)\b")
_QUIET_LEVELS = frozenset({"debug", "verbose"})


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """`none`, `none`, None for a routine line."""

    category: str
    severity: str
    signal: str | None


ROUTINE = LineVerdict("none", "none", None)


@dataclass(frozen=True, slots=True)
class Words:
    """The families of words by which an unknown line is judged."""

    errno: Mapping[str, str]
    areas: Mapping[str, re.Pattern[str]]
    failures: Mapping[Severity, re.Pattern[str]]
    success: re.Pattern[str]


@cache
def load_words() -> Words:
    with WORDS_FILE.open("rb") as file:
        table = tomllib.load(file)
    return Words(
        # Longest first: "Too many open files in system" before "Too many open files".
        errno=MappingProxyType(dict(sorted(table["errno"].items(), key=lambda item: -len(item[0])))),
        areas=MappingProxyType({area: _any_of(words) for area, words in table["areas"].items()}),
        failures=MappingProxyType({Severity(name): _any_of(words) for name, words in table["failures"].items()}),
        success=_any_of(table["success"]["words"]),
    )


def errno_in(text: str) -> str:
    """Return the symbolic name of the system error that the text quotes, or ""."""
    return next((name for words, name in load_words().errno.items() if words in text), "")


def judge_unknown(message: str, *, level: str) -> LineVerdict:
    """Judge a line that is in no pattern file.

    `level` is that of the server's log, or "" for a client's or a tool's line. A server's warning without a
    word of failure is worth a look; a quiet notice, or a line that is no log line at all, is routine.
    """
    low = message.lower()
    severity = _severity(low, level)
    if severity is None:
        return ROUTINE
    if not level and _REPLY.match(message):
        severity = min(severity, Severity.LOW, key=lambda tier: tier.rank)  # one refused command of one caller
    return LineVerdict(_area(low, is_client=not level and bool(_EXCEPTION.search(message))), severity.value, None)


def _severity(low: str, level: str) -> Severity | None:
    words = load_words()
    found = next((tier for tier, pattern in words.failures.items() if pattern.search(low)), None)
    succeeded = words.success.search(low) is not None
    if level in _QUIET_LEVELS:
        return Severity.LOW if found and found.rank >= Severity.HIGH.rank and not succeeded else None
    if found is None:
        return Severity.LOW if level == "warning" and not succeeded else None
    return found.lowered() if succeeded or level == "notice" else found


def _area(low: str, *, is_client: bool) -> str:
    found = next((area for area, pattern in load_words().areas.items() if pattern.search(low)), None)
    return found or ("connection" if is_client else "availability")


def _any_of(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?!\w)")
