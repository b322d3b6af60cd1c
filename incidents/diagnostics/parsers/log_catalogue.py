"""The known messages, read from the TOML files in log_patterns/ and compiled for fast look-up.

The notation of the files is described in log_patterns/README.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from incidents.diagnostics.findings import Category, Severity

PATTERN_DIRECTORY = Path(__file__).with_name("log_patterns")

Effect = Literal["opens", "closes", "notes", "routine"]

_KEYS = frozenset({"signal", "category", "severity", "effect", "closes", "text", "fragments", "on_error", "code"})
_FOLDS = (("replica", "slave"), ("master", "primary"), ("Redis", "Valkey"), ("redis", "valkey"))
_NEW_NAMES = {form(old): form(new) for new, old in _FOLDS for form in (str, str.upper, str.capitalize)}
_OLD_NAMES = re.compile("|".join(sorted(_NEW_NAMES)))
_PLACEHOLDER = re.compile(r"(\{[\w:$]*\})")
_NODE = r"(?P<{0}>\S*?)(?: \([^()]*\))?"
_WORD = re.compile(r"[a-z][a-z0-9_']{2,}")
MAX_LENGTH = 2000  # characters of a message that are looked at; what identifies it stands at its start


class PatternError(ValueError):
    """A pattern file breaks the schema."""


@dataclass(frozen=True, slots=True)
class LogPattern:
    """One kind of message: a stable event id, what it means, and its wordings."""

    event: str
    area: str  # the file it stands in
    anywhere: bool  # matched within a line (client errors, kernel), not from the start of a message
    texts: tuple[str, ...]
    fragments: tuple[str, ...] = ()
    signal: str = ""
    category: Category | None = None
    severity: Severity | None = None
    effect: Effect = "opens"
    closes: tuple[str, ...] = ()
    code: str = ""  # of an error reply: "OOM", "READONLY"
    on_error: Mapping[str, Severity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wording:
    """One compiled text of a pattern. `weight` is the length of its literal text: the longest wins."""

    pattern: LogPattern
    regex: re.Pattern[str]
    weight: int
    anywhere: bool
    needle: str  # a literal that must occur, in lower case for `anywhere`; "" when none is safe to test
    captures: bool


@dataclass(frozen=True, slots=True)
class Recognised:
    pattern: LogPattern
    captures: dict[str, str]


class AnchoredIndex:
    """Finds wordings that match from the start of a message, by its first two words."""

    def __init__(self, wordings: Iterable[tuple[str, Wording]]) -> None:
        self._buckets: dict[str, list[Wording]] = {}
        for text, wording in wordings:
            self._buckets.setdefault(_bucket_of(text), []).append(wording)
        for bucket in self._buckets.values():
            bucket.sort(key=lambda wording: -wording.weight)
        self._open = self._buckets.pop("", [])

    def find(self, message: str) -> Recognised | None:
        words = message.split(" ", 2)
        first = fold(words[0])
        candidates = self._buckets.get(first)
        best = _first_match(candidates, message, 0) if candidates else None
        if len(words) > 1:
            candidates = self._buckets.get(f"{first} {fold(words[1])}")
            if candidates:
                best = _first_match(candidates, message, best[1] if best else 0) or best
        if best is None:
            best = _first_match(self._open, message, 0)
        return best[0] if best else None


class AnywhereIndex:
    """Finds wordings that may stand anywhere in a line, by the rarest of their words."""

    def __init__(self, wordings: Iterable[tuple[str, Wording]]) -> None:
        listed = [(frozenset(_literal_words(text)), wording) for text, wording in wordings]
        uses: dict[str, int] = {}
        for words, _ in listed:
            for word in words:
                uses[word] = uses.get(word, 0) + 1
        self._by_word: dict[str, list[Wording]] = {}
        for words, wording in listed:
            rarest = min(words, key=lambda word: (uses[word], -len(word), word))
            self._by_word.setdefault(rarest, []).append(wording)
        self._words = frozenset(self._by_word)

    def find(self, line: str) -> Recognised | None:
        low = _fold_text(line.lower())
        candidates = [w for word in self._words.intersection(_WORD.findall(low)) for w in self._by_word[word]]
        candidates = [w for w in candidates if w.needle in low]
        best = _first_match(sorted(candidates, key=lambda wording: -wording.weight), line, 0)
        return best[0] if best else None


def _first_match(wordings: Iterable[Wording], text: str, weight: int) -> tuple[Recognised, int] | None:
    """Return the first match that is heavier than `weight`; the wordings come heaviest first."""
    for wording in wordings:
        if wording.weight <= weight:
            return None
        if not wording.anywhere and wording.needle not in text:
            continue
        match = wording.regex.search(text) if wording.anywhere else wording.regex.match(text)
        if match:
            captures = {k: v for k, v in match.groupdict().items() if v is not None} if wording.captures else {}
            return Recognised(wording.pattern, captures), wording.weight
    return None


@cache
def load_patterns() -> Mapping[str, LogPattern]:
    """Read every pattern file. Raise PatternError when one breaks the schema."""
    patterns: dict[str, LogPattern] = {}
    for path in sorted(PATTERN_DIRECTORY.glob("*.toml")):
        for pattern in _read_file(path):
            if pattern.event in patterns:
                raise PatternError(f"{path.name}: event {pattern.event} stands in {patterns[pattern.event].area} too")
            patterns[pattern.event] = pattern
    for pattern in patterns.values():
        unknown = set(pattern.closes) - patterns.keys()
        if unknown:
            raise PatternError(f"{pattern.area}: {pattern.event} closes unknown events {sorted(unknown)}")
    return MappingProxyType(patterns)


@cache
def anchored_index() -> AnchoredIndex:
    return AnchoredIndex(_wordings(anywhere=False))


@cache
def anywhere_index() -> AnywhereIndex:
    return AnywhereIndex(_wordings(anywhere=True))


def _wordings(*, anywhere: bool) -> Iterator[tuple[str, Wording]]:
    for pattern in load_patterns().values():
        texts = pattern.texts if pattern.anywhere is anywhere else ()
        for text in (*texts, *(pattern.fragments if anywhere else ())):
            yield text, _compile(text, pattern, anywhere=anywhere)


def _read_file(path: Path) -> Iterator[LogPattern]:
    with path.open("rb") as file:
        table = tomllib.load(file)
    category = table.pop("category", None)
    anywhere = table.pop("match", "start") == "anywhere"
    for event, entry in table.items():
        yield _read_pattern(event, entry, area=path.stem, category=category, anywhere=anywhere)


def _read_pattern(event: str, entry: Any, *, area: str, category: str | None, anywhere: bool) -> LogPattern:
    if not isinstance(entry, dict) or not entry.get("text") or entry.keys() - _KEYS:
        raise PatternError(f"{area}: {event} needs text and knows only {sorted(_KEYS)}")
    effect, severity = entry.get("effect", "opens"), entry.get("severity")
    category = entry.get("category", category)
    if effect not in get_args(Effect) or (effect == "opens") > (severity is not None):
        raise PatternError(f"{area}: {event} has no valid effect, or opens a problem of no severity")
    if severity and not category:
        raise PatternError(f"{area}: {event} has a severity and no category")
    return LogPattern(
        event=event,
        area=area,
        anywhere=anywhere,
        texts=tuple(entry["text"]),
        fragments=tuple(entry.get("fragments", ())),
        signal=entry.get("signal", ""),
        category=Category(category) if severity and category else None,
        severity=Severity(severity) if severity else None,
        effect=effect,
        closes=tuple(entry.get("closes", ())),
        code=entry.get("code", ""),
        on_error=MappingProxyType({name: Severity(value) for name, value in entry.get("on_error", {}).items()}),
    )


def _compile(text: str, pattern: LogPattern, *, anywhere: bool) -> Wording:
    """Turn a wording into a regex that runs in linear time.

    Each placeholder reaches to the first occurrence of the literal after it and no further: the atomic group
    forbids the retries that would make a hostile line cost more than its length.
    """
    pieces = _PLACEHOLDER.split(text)
    literals = pieces[0::2]
    names: set[str] = set()
    literal_source = _spaced if anywhere else _literal  # tools align their output in columns
    source = literal_source(pieces[0])
    for placeholder, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        body = _placeholder(placeholder, names)
        last = not literal and placeholder != "{$}"
        source += rf"{body.replace('*?', '*') if last else f'(?>{body}{literal_source(literal)})'}"
    if anywhere:
        # A code of an error reply (MOVED, ASK) is only that in capitals; everything else as people type it.
        is_code = pieces[0].split(" ")[0].isupper()
        source = rf"(?<!\w){source}" if is_code else f"(?i:{source})"
    return Wording(
        pattern=pattern,
        regex=re.compile(source),
        weight=sum(map(len, literals)),
        anywhere=anywhere,
        needle=_longest_word(literals) if anywhere else _needle(literals),
        captures=bool(names),
    )


def _placeholder(placeholder: str, names: set[str]) -> str:
    name, _, kind = placeholder[1:-1].partition(":")
    if name == "$":
        return r"\s*$"
    if not name or name in names:
        return ".*?"
    names.add(name)
    if name == "node" or kind == "node":
        return _NODE.format(name)
    if kind == "number":
        return rf"(?P<{name}>\d+)"
    return f"(?P<{name}>.*?)"


def _literal(text: str) -> str:
    """Escape literal text and let it stand for its older and newer names as well."""
    source = re.escape(text)
    for new, old in _FOLDS:
        for form in (str, str.upper, str.capitalize):
            # Redis and redis are folded one by one: their capitalised and upper forms coincide.
            if form is str or not new.lower().startswith("redis"):
                source = source.replace(form(new), f"(?:{form(new)}|{form(old)})")
    return source


def _spaced(text: str) -> str:
    return _literal(text).replace("\\ ", r"\s+")


def _longest_word(literals: list[str]) -> str:
    return max(_fold_text(" ".join(literals).lower()).split(" "), key=len)


def _needle(literals: list[str]) -> str:
    safe = [literal for literal in literals if not any(new in literal.lower() for new, _ in _FOLDS)]
    return max(safe, key=len, default="")


def _bucket_of(text: str) -> str:
    """Return the words under which a wording is filed, or "" when it starts with something variable."""
    head = _PLACEHOLDER.split(text)[0]
    words = head.split(" ")
    variable = len(head) < len(text)
    if len(words) > 2 and words[1]:
        return f"{fold(words[0])} {fold(words[1])}"
    whole = not variable or len(words) > 1 or text[len(head) :] == "{$}"
    return fold(words[0]) if whole else ""


def _literal_words(text: str) -> list[str]:
    words = _WORD.findall(_fold_text(" ".join(_PLACEHOLDER.split(text)[0::2]).lower()))
    if not words:
        raise PatternError(f"{text!r} has no word to be found by")
    return words


@lru_cache(maxsize=8192)  # the first two words of messages: few kinds, many lines
def fold(word: str) -> str:
    """Spell a word as the patterns do: replica, master, Redis."""
    return _fold_text(word)


def _fold_text(text: str) -> str:
    return _OLD_NAMES.sub(lambda match: _NEW_NAMES[match[0]], text)
