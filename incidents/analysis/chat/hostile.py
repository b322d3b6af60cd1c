"""Text from outside: make it harmless to read, and notice when it speaks to a model."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

# Tags are named, because <host> and <HOST_1> stand for something.
OPENING_TAG = (
    r"<\s*/?\s*(?:!--|(?:a|b|i|u|s|p|br|hr|em|img|div|pre|svg|base|body|code|font|form|head|html|link|meta|span|math"
    r"|audio|embed|h[1-6]|input|label|style|table|t[rdh]|tbody|thead|[uo]l|li|video|button|canvas|center|iframe|object"
    r"|option|script|select|source|strong|marquee|picture|details|summary|template|textarea|blockquote)\b)"
)
TAG = re.compile(rf"{OPENING_TAG}[^<>\n]{{0,400}}>", re.IGNORECASE)
FIELD = re.compile(r"[\w.-]{1,60}:[\w.,=%/ -]{0,200}")  # a line of INFO: most of what is pasted, and quickly passed
LONGEST_LINE = 1200  # characters that are looked at, and shown to a model, of one line
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# Cyrillic and Greek letters that look Latin, by code point.
LOOKALIKES = (
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0391\u0392\u0395"
    "\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
)
LETTERS = str.maketrans(LOOKALIKES, "aeopcyxisABEZHIKMNOPTYX")


def harmless(text: str) -> str:
    """The text without terminal escapes, control and invisible characters. Lines stay lines."""
    return CONTROL.sub("\ufffd", INVISIBLE.sub("", TERMINAL.sub("", text.replace("\r\n", "\n"))))


def plain(text: str) -> str:
    """A model's words as plain text: no links, images or tags, nothing invisible."""
    text = harmless(text)
    text = re.sub(r"!?\[([^\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)", r"\1", text)
    text = TAG.sub("", text)
    return re.sub(r"^\s*#{1,6}\s+", "", text, flags=re.MULTILINE).strip()


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    with Path(__file__).with_name("hostile.toml").open("rb") as stream:
        entries = tomllib.load(stream)["pattern"]
    return tuple(re.compile(entry["regex"], re.IGNORECASE | re.MULTILINE) for entry in entries)


def speaks_to_a_model(line: str) -> bool:
    """Whether a line reads like an instruction to whoever analyses it, however it is dressed up."""
    seen = _seen(line)
    return any(pattern.search(seen) for pattern in _patterns())


def hostile_lines(lines: Sequence[str]) -> list[int]:
    """Numbers (from 1) of the lines that speak to a model."""
    seen = [_seen(line) for line in lines]
    whole = "\n".join(seen)
    # All lines at once first: mostly there is none, and a pattern that finds nothing here finds nothing in any line.
    suspects = [pattern for pattern in _patterns() if pattern.search(whole)]
    return [number for number, line in enumerate(seen, start=1) if any(one.search(line) for one in suspects)]


def _seen(line: str) -> str:
    """A line as a model would understand it; nothing of a line of INFO, which says nothing to anybody."""
    if FIELD.fullmatch(line) and line.count(" ") < 2:
        return ""
    seen = unicodedata.normalize("NFKC", harmless(line[:LONGEST_LINE])).translate(LETTERS)
    return re.sub(r"(?<=\b\w) (?=\w\b)", "", seen)  # "i g n o r e"
