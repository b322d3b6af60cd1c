"""Read the patterns of what to mask from `patterns.toml` and apply them.

A pattern is a regular expression whose groups are named after the kinds they find: `(?P<host>…)`. Three fragments
save repetition: `{arg:password}` is one argument as Redis' configuration and shells write it, `{val:password}` a
value after ":" or "=", `{host}` a host name. `{sep}` stands between a name and its value in JSON, YAML, TOML and
environment files.
"""

from __future__ import annotations

import functools
import itertools
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidents.diagnostics.redaction.checks import CHECKS, Check, is_host, is_placeholder
from incidents.diagnostics.redaction.keys import key_spans
from incidents.diagnostics.redaction.spans import Kind, Span

TABLE = Path(__file__).with_name("patterns.toml")
ALLOWED = {"name", "regex", "within", "check", "words", "unless", "needs", "masks", "keeps"}

# "@" stands for the name of the group.
QUOTED = r"""\\"(?P<@>[^"\\\n]+)\\"|"(?P<@>(?:[^"\\\n]|\\.)++)(?:"|\\?$)|'(?P<@>(?:[^'\\\n]|\\.)++)(?:'|\\?$)"""
FRAGMENTS = {
    "arg": "(?:" + QUOTED + r"""|(?P<@>[^\s"'][^\s]*))""",
    # Unquoted values end before ",name=" and the like, as in connection strings, but not at any other comma.
    "val": "(?:" + QUOTED + r"""|(?P<@>(?:(?![,;&]\s?[\w.-]{1,40}\s?[=:])[^\s"'])+))""",
}
HOST = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?)"
SEP = r"(?:\\*[\"']?[ \t]*(?:=>|[:=])[ \t]*)"
ANY_CASE = "(?i)"
SMALL_LETTERS = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
PUNCTUATION = ".,;:!?()[]{}\"'`"


class BadPattern(ValueError):
    """An entry of the pattern file breaks its rules; the message names it."""


@dataclass(frozen=True)
class Pattern:
    """One thing to look for.

    A value among `words` is no finding; a value among `unless`, such as "is" after AUTH, spoils the whole match.
    """

    name: str
    regex: re.Pattern[str]
    any_case: bool
    within: re.Pattern[str] | None
    check: Check | None
    words: frozenset[str]
    unless: frozenset[str]
    needs: tuple[str, ...]
    masks: tuple[str, ...]
    keeps: tuple[str, ...]

    def find(self, text: str, lowered: str) -> Iterator[Span]:
        """Yield the spans this pattern finds. `lowered` is the text as `small_letters` gives it."""
        if self.needs and not any(need in lowered for need in self.needs):
            return
        for match in self.regex.finditer(lowered if self.any_case else text):
            yield from self._spans(match, text)
            if self.within and match["rest"]:
                for inner in self.within.finditer(text, match.start("rest"), match.end("rest")):
                    yield from self._spans(inner, text)

    def _spans(self, match: re.Match[str], text: str) -> Iterator[Span]:
        groups = match.groupdict()
        if any(value and _is_among(self.unless, value) for value in groups.values()):
            return
        for group in groups:
            kind = group.partition("_")[0]
            start, end = match.span(group)
            value = text[start:end]
            if start == end or kind == "rest" or _is_among(self.words, value) or is_placeholder(value):
                continue
            if self.check and not self.check(text, start, end):
                continue
            if kind == Kind.KEY:
                yield from key_spans(text, start, end)
            elif kind != Kind.HOST or is_host(value):
                yield Span(start, end, Kind(kind))


def _is_among(words: frozenset[str], value: str) -> bool:
    """Whether a value is one of the words, whatever punctuation clings to it."""
    return value.lower() in words or value.lower().strip(PUNCTUATION) in words


@dataclass(frozen=True)
class PatternTable:
    patterns: tuple[Pattern, ...]
    words: Mapping[str, frozenset[str]]
    commands: Mapping[str, str]
    replies: Mapping[str, str]


def small_letters(text: str) -> str:
    """Return a text of the same length with ASCII letters in small. Matching it is twice as fast as ignoring case."""
    return text.translate(SMALL_LETTERS)


def _in_small_letters(source: str) -> str:
    """Rewrite an expression for texts in small letters; escapes such as \\S and names of groups stay."""
    bare = source.removeprefix(ANY_CASE)
    return re.sub(r"(\\.|\(\?P<\w+>)|([A-Z])", lambda match: match[1] or match[2].lower(), bare)


def expand(source: str) -> str:
    """Fill in the fragments. Groups get a number, since a name may stand only once in an expression."""
    numbers = itertools.count()

    def fill(match: re.Match[str]) -> str:
        return re.sub("@", lambda _: f"{match[2]}_{next(numbers)}", FRAGMENTS[match[1]])

    source = re.sub(r"\{(arg|val):(\w+)\}", fill, source).replace("{sep}", SEP)
    return re.sub(r"\{host\}", lambda _: HOST.replace("<host>", f"<host_{next(numbers)}>"), source)


def read_patterns(path: Path = TABLE) -> PatternTable:
    """Read a pattern file. Raise BadPattern where an entry is wrong."""
    with path.open("rb") as file:
        data = tomllib.load(file)
    words = {name: frozenset(text.split()) for name, text in data.get("words", {}).items()}
    patterns = tuple(_pattern(entry, words) for entry in data.get("pattern", []))
    return PatternTable(patterns, words, data.get("commands", {}), data.get("replies", {}))


def _pattern(entry: Mapping[str, Any], words: Mapping[str, frozenset[str]]) -> Pattern:
    name = entry.get("name", "without a name")
    unknown = entry.keys() - ALLOWED
    if unknown or "regex" not in entry or not entry.get("masks"):
        raise BadPattern(f"pattern {name}: needs a regex and an example it masks; unknown: {sorted(unknown)}")
    try:
        source = expand(entry["regex"])
        any_case = source.startswith(ANY_CASE)
        regex = re.compile(_in_small_letters(source) if any_case else source, re.MULTILINE)
        within = re.compile(expand(entry["within"])) if "within" in entry else None
        kinds = {Kind(group.partition("_")[0]) for group in regex.groupindex if group != "rest"}
        no_finding, spoiling = (_words(entry.get(name, ""), words) for name in ("words", "unless"))
        check = CHECKS[entry["check"]] if "check" in entry else None
    except (re.error, ValueError, KeyError) as exc:
        raise BadPattern(f"pattern {name}: {exc}") from exc
    if not kinds and within is None:
        raise BadPattern(f"pattern {name}: no group is named after a kind")
    return Pattern(
        name=name,
        regex=regex,
        any_case=any_case,
        within=within,
        check=check,
        words=no_finding,
        unless=spoiling,
        needs=tuple(entry.get("needs", ())),
        masks=tuple(entry["masks"]),
        keeps=tuple(entry.get("keeps", ())),
    )


def _words(names: str, lists: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*(lists[name] for name in names.split()))


@functools.cache
def shipped_patterns() -> PatternTable:
    return read_patterns()
