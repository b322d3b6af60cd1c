"""House rules: what a team's own document governs, forbids, requires and supersedes. Pure.

Read from the front matter (`applies_to`: governs, forbids, requires, supersedes) and, where that is silent, from the
document's own sentences, because most teams write prose.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

# Word ends are looked for in Latin letters alone: Korean hangs particles on names and commands (ord-*에서, FLUSHALL을).
_NAME_PATTERN = re.compile(
    r"(?<![A-Za-z0-9_*:/-])([a-z][a-z0-9]*(?:[-_][a-z0-9]+)*[-_]\*)(?![A-Za-z0-9_-])", re.IGNORECASE
)
_COMMAND = re.compile(
    r"(?<![A-Za-z0-9_-])(CONFIG SET [a-z0-9-]+|CONFIG [A-Z]+|FLUSHALL|FLUSHDB|DEL|UNLINK|KEYS|MONITOR|SHUTDOWN|"
    r"DEBUG [A-Z]+|SAVE|BGSAVE|REPLICAOF|SLAVEOF|FAILOVER|CLUSTER [A-Z-]+|SENTINEL [A-Z-]+|SCRIPT [A-Z]+|CLIENT KILL)"
    r"(?![A-Za-z0-9_])"
)
_SETTING = re.compile(r"`([a-z][a-z0-9]+(?:-[a-z0-9]+)+)`")
_PARTS = ("symptoms", "root_causes", "diagnosis_steps", "solutions", "prevention", "notes")


@dataclass(frozen=True, slots=True)
class HouseRule:
    """What one document says about the systems it governs. `sentences` are its own words, in its own order."""

    document_id: str
    title: str
    language: str
    governs: tuple[str, ...] = ()  # name patterns such as session-*
    forbids: tuple[str, ...] = ()  # beginnings of commands
    requires: tuple[str, ...] = ()  # sentences
    supersedes: tuple[str, ...] = ()
    superseded_by: str = ""
    sentences: tuple[str, ...] = ()
    category: str = ""

    def applies_to(self, names: Collection[str]) -> bool:
        return any(fnmatchcase(name.lower(), pattern.lower()) for name in names for pattern in self.governs)


def read_house_rule(document: Mapping[str, Any]) -> HouseRule:
    """Read one document (fields as `read_markdown` or the model gives them)."""
    stated = document.get("applies_to") or {}
    lines = list(_lines(document))
    sentences = [sentence for line in lines for sentence in _sentences(line)]
    return HouseRule(
        document_id=str(document.get("id") or ""),
        title=str(document.get("title") or ""),
        language=str(document.get("language") or "en"),
        governs=tuple(stated.get("governs") or _governed(str(document.get("title") or ""), sentences)),
        forbids=tuple(stated.get("forbids") or _forbidden(sentences)),
        requires=tuple(stated.get("requires") or [s for s in sentences if _says(s, "requiring")]),
        supersedes=tuple(stated.get("supersedes") or _ids(sentences, "supersedes")),
        superseded_by=str(stated.get("superseded_by") or next(iter(_ids(sentences, "superseded")), "")),
        sentences=tuple(lines),
        category=str(document.get("category") or ""),
    )


def superseded_ids(rules: Iterable[HouseRule]) -> dict[str, str]:
    """Which documents are superseded, and by which."""
    found: dict[str, str] = {}
    for rule in rules:
        found.update(dict.fromkeys(rule.supersedes, rule.document_id))
        if rule.superseded_by:
            found.setdefault(rule.document_id, rule.superseded_by)
    return found


def in_force(rules: Iterable[HouseRule], names: Collection[str], *, category: str = "") -> list[HouseRule]:
    """The rules that govern one of the names: those of the fault's category first, superseded ones left out."""
    known = list(rules)
    dead = superseded_ids(known)
    applying = [rule for rule in known if rule.applies_to(names) and rule.document_id not in dead]
    fitting = [rule for rule in applying if not category or not rule.category or rule.category == category]
    return sorted(fitting, key=lambda rule: -(len(rule.forbids) + len(rule.requires)))


def is_elsewhere(rule: HouseRule, names: Collection[str]) -> bool:
    """Whether a document speaks of other systems than the incident's: it must not leak in."""
    return bool(rule.governs) and not rule.applies_to(names)


def forbidden_commands(rule: HouseRule) -> tuple[str, ...]:
    """What is forbidden, with the commands that do the same harm."""
    equivalents = _words()["equivalents"]
    return tuple(dict.fromkeys(name for word in rule.forbids for name in (word, *equivalents.get(word, ()))))


# --- reading prose ---


@cache
def _words() -> dict[str, Any]:
    with (Path(__file__).parent / "house_rules.toml").open("rb") as stream:
        return tomllib.load(stream)


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(source, re.IGNORECASE) for source in _words()[name])


def _says(sentence: str, name: str) -> bool:
    return any(pattern.search(sentence) for pattern in _patterns(name))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    for part in _PARTS:
        value = document.get(part) or ()
        items = value.splitlines() if isinstance(value, str) else value
        for item in items:
            text = " ".join(str(v) for v in item.values()) if isinstance(item, Mapping) else str(item)
            text = re.sub(r"^[-*\d.)\s]+", "", text).strip()
            if text:
                yield text


def _sentences(line: str) -> list[str]:
    """Sentences, with what stands in brackets apart: "(never above 70 %)" is no part of the sentence around it."""
    asides = re.findall(r"\(([^()]{4,})\)", line)
    bare = re.sub(r"\s*\([^()]{4,}\)", "", line)
    pieces = re.split(r"(?<=[.!?。])\s+|(?<=다\.)\s*|;\s+|\s(?=\d\)\s)", bare)
    return [piece.strip() for piece in [*pieces, *asides] if piece.strip()]


def _governed(title: str, sentences: Iterable[str]) -> list[str]:
    """Name patterns, without those that a sentence excludes."""
    texts = [title, *sentences]
    excluded = {name for text in texts if _says(text, "excluding") for name in _NAME_PATTERN.findall(text)}
    excluded.update(_words()["not_names"])
    named = [name for text in texts if not _says(text, "excluding") for name in _NAME_PATTERN.findall(text)]
    return [name for name in dict.fromkeys(named) if name not in excluded]


def _forbidden(sentences: Iterable[str]) -> list[str]:
    found: list[str] = []
    for sentence in sentences:
        if not _says(sentence, "forbidding") or _says(sentence, "excluding") or _says(sentence, "conditional"):
            continue
        found += _COMMAND.findall(sentence)
        found += [f"CONFIG SET {name}" for name in _SETTING.findall(sentence)]
    return list(dict.fromkeys(found))


def _ids(sentences: Iterable[str], name: str) -> list[str]:
    found = []
    for sentence in sentences:
        for pattern in _patterns(name):
            match = pattern.search(sentence)
            if match and "id" in pattern.groupindex:
                found.append(match["id"].rstrip(".,"))
    return found
