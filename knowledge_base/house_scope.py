"""Which systems a house document speaks of: names, labels such as tier or environment, and until when. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from knowledge_base.house_words import patterns, says, words

_NAME_PATTERN = re.compile(
    r"(?<![A-Za-z0-9_*:/-])([a-z][a-z0-9]*(?:[-_][a-z0-9]+)*[-_]\*)(?![A-Za-z0-9_-])", re.IGNORECASE
)
_LABEL = re.compile(r"(?<![\w-])([A-Za-z가-힣]+)\s*[:=]\s*[`\"']?([A-Za-z0-9가-힣][\w-]*)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_*-]*")
_DATE = re.compile(r"(\d{4})[-./](\d{1,2})(?:[-./](\d{1,2}))?")
Labels = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class System:
    """What is known of the systems an incident is about."""

    names: frozenset[str] = frozenset()
    labels: Mapping[str, str] | None = None
    on: date | None = None

    @property
    def known(self) -> dict[str, str]:
        """The labels in their one form; the environment is told by the names too (stg-*, *-prod-*)."""
        told = {_key(key): _value(_key(key), value) for key, value in (self.labels or {}).items() if _key(key)}
        parts = {part for name in self.names for part in re.split(r"[-_.]", name)}
        environments = {_value("env", part) for part in parts} & set(words()["aliases"]["env"])
        return {"env": environments.pop(), **told} if len(environments) == 1 else told

    def is_named(self, patterns: Iterable[str]) -> bool:
        return any(_matches(name.lower(), pattern.lower()) for name in self.names for pattern in patterns)


def system_of(names: Collection[str] | System) -> System:
    return names if isinstance(names, System) else System(frozenset(names))


def _matches(name: str, pattern: str) -> bool:
    """A name without a star means that system and its instances."""
    return fnmatchcase(name, pattern) or ("*" not in pattern and name.startswith(f"{pattern}-"))


def labels_fit(stated: Labels, system: System, *, by_name: bool) -> bool:
    """Whether the labels admit the system. What is not known fits a system already named, except test environments."""
    known = system.known
    for key, values in stated.items():
        if key in known:
            if known[key] not in values:
                return False
        elif not by_name or (key == "env" and "production" not in values):
            return False
    return True


def contradicts(stated: Labels, system: System) -> bool:
    return any(key in system.known and system.known[key] not in values for key, values in stated.items())


# --- reading ---


def listed(value: Any) -> list[str]:
    """A list; one text counts as one entry."""
    return [str(item) for item in ([value] if isinstance(value, str) else value or ())]


def stated_scope(stated: Mapping[str, Any]) -> tuple[list[str], dict[str, set[str]]]:
    """Names and labels of the front matter: governs: [session-*, "tier: gold"], labels: {tier: gold} or [tier=gold]."""
    given = stated.get("labels") or ()
    pairs = [f"{key}={one}" for key, value in given.items() for one in listed(value)] if isinstance(
        given, Mapping
    ) else listed(given)  # fmt: skip
    governs = stated.get("governs") or ()
    if isinstance(governs, Mapping):
        pairs += [f"{key}={one}" for key, value in governs.items() if _key(key) for one in listed(value)]
        governs = [one for key, value in governs.items() if not _key(key) for one in listed(value)]
    entries = listed(governs)
    return [entry for entry in entries if not _pairs(entry)], _collected([*pairs, *entries])


def prose_names(title: str, sentences: Iterable[str]) -> tuple[list[str], list[str]]:
    """Name patterns that sentences govern, and those that they exclude."""
    texts = [title, *sentences]
    excluded = {name for text in texts if says(text, "excluding") for name in _NAME_PATTERN.findall(text)}
    named = [name for text in texts if not says(text, "excluding") for name in [*_patterned(text), *_scoped(text)]]
    families = set(words()["not_names"])
    return [n for n in dict.fromkeys(named) if n not in excluded | families], sorted(excluded - families)


def _patterned(text: str) -> list[str]:
    return _NAME_PATTERN.findall(text)


def _scoped(text: str) -> Iterator[str]:
    """The names after "Applies to:" and the like."""
    for pattern in patterns("scoping"):
        if match := pattern.search(text):
            listed_names = _LABEL.sub("", match["names"])
            yield from (name for name in _NAME.findall(listed_names) if name.lower() not in words()["no_scope"])


def prose_labels(title: str, sentences: Iterable[str], *, named: bool) -> dict[str, set[str]]:
    """Labels that sentences scope a document to. A team in passing is whom to ask; an environment alone, an example."""
    told = [text for text in sentences if not says(text, "excluding")]
    scoping = [title, *(text for text in told if says(text, "scoping"))]
    labels = _collected(_with_words(scoping))
    passing = _collected(_with_words(told))
    kept = {key: values for key, values in passing.items() if key == "tier" or (key == "env" and (named or labels))}
    return {**kept, **labels}


def _with_words(texts: Iterable[str]) -> list[str]:
    return [one for text in texts for one in (text, *_worded(text))]


def _worded(text: str) -> Iterator[str]:
    """ "gold tier", "골드 등급", "staging only", "스테이징 전용"."""
    for key, pattern in _label_phrases():
        yield from (f"{key}={match['value']}" for match in pattern.finditer(text))


@cache
def _label_phrases() -> list[tuple[str, re.Pattern[str]]]:
    found = []
    for key, sources in words()["label_phrases"].items():
        names = "|".join(name for names in words()["aliases"][key].values() for name in names)
        value = f"(?<![A-Za-z0-9-])(?P<value>{names})"
        found += [(key, re.compile(source.replace("{value}", value), re.IGNORECASE)) for source in sources]
    return found


def _pairs(text: str) -> list[tuple[str, str]]:
    found = ((_key(key), value) for key, value in _LABEL.findall(text))
    return [(key, _value(key, value)) for key, value in found if key]


def _collected(texts: Iterable[str]) -> dict[str, set[str]]:
    labels: dict[str, set[str]] = {}
    for text in texts:
        for key, value in _pairs(text):
            labels.setdefault(key, set()).add(value)
    return labels


def _key(name: str) -> str:
    return next((key for key, names in words()["label_keys"].items() if str(name).lower() in names), "")


def _value(key: str, value: str) -> str:
    value = str(value).lower()
    known = words()["aliases"].get(key, {})
    return next((name for name, names in known.items() if value in names), value)


def expiry(stated: Any, sentences: Iterable[str]) -> date | None:
    """The last day on which a document holds."""
    if stated:
        return _day(str(stated))
    matches = (pattern.search(text) for text in sentences for pattern in patterns("expiring"))
    return next((day for match in matches if match and (day := _day(match["date"]))), None)


def _day(text: str) -> date | None:
    match = _DATE.search(text)
    if not match:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3] or 28))
    except ValueError:
        return None
