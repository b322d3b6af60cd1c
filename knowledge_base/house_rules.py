"""House rules: what a team's own document governs, forbids, requires and supersedes. Pure.

Read from the front matter (`applies_to`: governs, labels, forbids, requires, supersedes, valid_until) and, where that
is silent, from the document's own sentences, because most teams write prose.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from knowledge_base import house_scope
from knowledge_base.house_scope import Labels, System, listed, system_of
from knowledge_base.house_words import commands_in, named_ids, says, words

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
    labels: Labels = field(default_factory=dict)  # tier, team, env → the values that it governs
    excludes: tuple[str, ...] = ()  # name patterns that it says it is not for
    withdrawn: bool = False  # it says that it holds no more, but not what holds instead
    valid_until: date | None = None

    def applies_to(self, names: Collection[str] | System) -> bool:
        system = system_of(names)
        named = system.is_named(self.governs)
        if not (named or (self.labels and not self.governs)) or self.excluded_from(system):
            return False
        return house_scope.labels_fit(self.labels, system, by_name=named)

    def excluded_from(self, system: System) -> bool:
        return system.is_named(self.excludes) and not system.is_named(self.governs)

    def is_expired(self, on: date | None) -> bool:
        return bool(self.valid_until and on and self.valid_until < on)


def read_house_rule(document: Mapping[str, Any]) -> HouseRule:
    """Read one document (fields as `read_markdown` or the model gives them)."""
    stated = document.get("applies_to") or {}
    title = str(document.get("title") or "")
    lines = list(_lines(document))
    sentences = [sentence for line in lines for sentence in _sentences(line)]
    governs, labels = house_scope.stated_scope(stated)
    named, excluded = house_scope.prose_names(title, sentences)
    forbids, requires = listed(stated.get("forbids")), listed(stated.get("requires"))
    return HouseRule(
        document_id=str(document.get("id") or ""),
        title=title,
        language=str(document.get("language") or "en"),
        governs=tuple(governs or ([] if labels and not named else named)),
        labels=labels or house_scope.prose_labels(title, sentences, named=bool(governs or named)),
        excludes=tuple(excluded),
        forbids=tuple(_stated_commands(forbids) or _forbidden([title, *sentences])),
        requires=tuple(requires or _required(sentences)),
        supersedes=tuple(listed(stated.get("supersedes")) or named_ids(sentences, "supersedes")),
        superseded_by=str(stated.get("superseded_by") or next(iter(named_ids(sentences, "superseded")), "")),
        withdrawn=any(says(sentence, "withdrawn") for sentence in sentences),
        valid_until=house_scope.expiry(stated.get("valid_until"), sentences),
        sentences=tuple(lines or [*forbids, *requires]),
        category=str(document.get("category") or ""),
    )


def superseded_ids(rules: Iterable[HouseRule], *, on: date | None = None) -> dict[str, str]:
    """Which documents hold no more, and by which each was superseded (empty: withdrawn or expired)."""
    found: dict[str, str] = {}
    for rule in rules:
        found.update(dict.fromkeys(rule.supersedes, rule.document_id))
        if rule.superseded_by or rule.withdrawn or rule.is_expired(on):
            found.setdefault(rule.document_id, rule.superseded_by)
    return found


def in_force(rules: Iterable[HouseRule], names: Collection[str] | System, *, category: str = "") -> list[HouseRule]:
    """The rules that govern one of the names: those of the fault's category first, superseded ones left out.

    Of another category, what forbids or requires something holds as well: a ban asks for no fault.
    """
    known, system = list(rules), system_of(names)
    dead = superseded_ids(known, on=system.on)
    applying = [rule for rule in known if rule.applies_to(system) and rule.document_id not in dead]
    binding = [rule for rule in applying if is_about(rule, category) or rule.forbids]
    return sorted(binding, key=lambda r: (not is_about(r, category), -(len(r.forbids) + len(r.requires))))


def is_about(rule: HouseRule, category: str) -> bool:
    return not category or not rule.category or rule.category == category


def is_elsewhere(rule: HouseRule, names: Collection[str] | System) -> bool:
    """Whether a document speaks of other systems than the incident's: it must not leak in."""
    system = system_of(names)
    if rule.excluded_from(system) or house_scope.contradicts(rule.labels, system):
        return True
    return bool(rule.governs) and not rule.applies_to(system)


def forbidden_commands(rule: HouseRule) -> tuple[str, ...]:
    """What is forbidden, with the commands that do the same harm."""
    equivalents = words()["equivalents"]
    return tuple(dict.fromkeys(name for word in rule.forbids for name in (word, *equivalents.get(word, ()))))


# --- reading prose ---


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
    """Sentences, with what stands in brackets apart: "(never above 70 %)" is no part of the sentence around it.

    What merely names commands, "(DEL, UNLINK)", is.
    """
    asides = [text for text in re.findall(r"\(([^()]{4,})\)", line) if not _names_commands(text)]
    bare = line
    for text in asides:
        bare = bare.replace(f"({text})", "")
    pieces = re.split(r"(?<=[.!?。])\s+|(?<=다\.)\s*|;\s+|\s(?=\d\)\s)", bare)
    return [piece.strip() for piece in [*pieces, *asides] if piece.strip()]


def _names_commands(text: str) -> bool:
    ways = ("forbidding", "requiring", "excluding", "conditional")
    return bool(commands_in(text)) and not any(says(text, way) for way in ways)


def _stated_commands(forbids: Iterable[str]) -> list[str]:
    """Entries of the front matter: commands as they stand, or what a sentence or a setting's name means."""
    found = []
    for text in forbids:
        command = text.replace("`", "").removeprefix("redis-cli ").strip()
        found += [command] if command[:1].isupper() and command.split()[0].isupper() else _meant(command)
    return list(dict.fromkeys(found))


def _meant(text: str) -> list[str]:
    return commands_in(text) or commands_in(f"`{text}`") or [text]


def _forbidden(sentences: Iterable[str]) -> list[str]:
    found: list[str] = []
    for sentence in sentences:
        if says(sentence, "excluding") or says(sentence, "conditional"):
            continue
        alone = says(sentence, "exclusive") and not says(sentence, "by_permission")
        if alone or says(sentence, "forbidding"):
            found += commands_in(sentence)
    return list(dict.fromkeys(found))


def _required(sentences: Iterable[str]) -> list[str]:
    """Duties, those first that name whom to ask or how much at most."""
    duties = [sentence for sentence in sentences if says(sentence, "requiring")]
    return sorted(duties, key=lambda sentence: not says(sentence, "pressing"))
