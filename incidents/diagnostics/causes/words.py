"""Word families of cues: what people and programs call the same thing, in Korean and English."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from incidents.diagnostics.rules.specs import BrokenCatalogue

FILE = Path(__file__).parent / "words.toml"
_FAMILY = re.compile(r"<([a-z][a-z-]*)>")
_ESCAPE_OR_CAPITAL = re.compile(r"\\.|[A-Z]")
_ENDLESS = re.compile(r"(\\[dDwWsS]|(?<!\\)[].])([*+])")
_LONGEST = {r"\d": 12, r"\w": 40}  # characters that one repetition may take; 60 of anything else
_LOWER = {ord(capital): ord(capital) + 32 for capital in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


@cache
def families() -> Mapping[str, str]:
    """Every family by name as a regular expression."""
    with FILE.open("rb") as stream:
        return {name: "|".join(words) for name, words in tomllib.load(stream).items()}


def pattern_of(source: str) -> re.Pattern[str]:
    """Compile a cue's pattern: `<replica>` stands for any word of that family. Matches lowered() text alone.

    Raises BrokenCatalogue on a family that nobody wrote down.
    """
    # Lowered on both sides instead of IGNORECASE: only then does re know which letters a match can begin with.
    # ASCII, so that \b stands between an English word and the Korean particle that clings to it (KEYS를).
    source = _ESCAPE_OR_CAPITAL.sub(lambda found: _lowered_capital(found[0]), _expanded(source))
    return re.compile(_ENDLESS.sub(_bounded, source), re.ASCII)


def lowered(text: str) -> str:
    """The text in lower case, every character at its place: str.lower() may change the length."""
    return text.translate(_LOWER)


def _expanded(source: str) -> str:
    def words(found: re.Match[str]) -> str:
        if found[1] not in families():
            raise BrokenCatalogue(f"<{found[1]}> is no family of words.toml.")
        return f"(?:{_expanded(families()[found[1]])})"

    return _FAMILY.sub(words, source)


def _bounded(found: re.Match[str]) -> str:
    """Give a repetition an end: of ten thousand digits each would begin a search through all the others."""
    least = 1 if found[2] == "+" else 0
    return f"{found[1]}{{{least},{_LONGEST.get(found[1], 60)}}}"


def _lowered_capital(text: str) -> str:
    return text if text.startswith("\\") else text.lower()
