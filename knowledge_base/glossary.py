"""The bilingual glossary: which words, in Korean, English and logs, speak of the same concept.

Both sides, documents and questions, are marked with the concepts found in them; that is how a Korean question finds an
English document. The entries are data that curators edit; this module only compiles and matches them.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from knowledge_base.korean import lists, noun, variants
from knowledge_base.tokens import Word, normalise, words_of

END = ""  # no symbol is empty
Symbols = list[tuple[str, int]]  # each with the number of its word


class Weight(StrEnum):
    """How much a concept says about what a text is about."""

    CONCEPT = "concept"  # a Redis matter: eviction, replica, slot
    GENERAL = "general"  # a word of all operations: restart, slow, error, disk
    PRODUCT = "product"  # Redis or Valkey by name
    SYSTEM = "system"  # something else by name: Kafka, nginx, MySQL


@dataclass(frozen=True, slots=True)
class Concept:
    name: str
    ko: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    weight: Weight = Weight.CONCEPT

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.ko, *self.en, *self.log)

    @property
    def token(self) -> str:
        """The concept as a term of the index. No word of a text can look like it."""
        return concept_token(self.name)


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of words, from `first` to `last`, that names one or more concepts."""

    first: int
    last: int
    concepts: tuple[str, ...]


@dataclass(frozen=True)
class Glossary:
    """Compiled concepts. Immutable: a change of an entry makes a new one."""

    concepts: Mapping[str, Concept] = field(default_factory=dict)

    @classmethod
    def of(cls, concepts: Iterable[Concept]) -> Glossary:
        return cls({concept.name: concept for concept in concepts})

    @cached_property
    def version(self) -> str:
        """Changes when, and only when, the meaning of the glossary changes."""
        digest = hashlib.sha256()
        for name in sorted(self.concepts):
            concept = self.concepts[name]
            digest.update(repr((name, concept.weight.value, sorted(set(concept.words)))).encode())
        return digest.hexdigest()[:16]

    @cached_property
    def _trie(self) -> dict[str, Any]:
        root: dict[str, Any] = {}
        for concept in self.concepts.values():
            for term in concept.words:
                for variant in variants(term):
                    _plant(root, _symbols(variant), concept.name)
        return root

    def mentions(self, words: Sequence[Word]) -> list[Mention]:
        """Every mention in reading order, the longest at each place, none inside another."""
        symbols = [(symbol, index) for index, word in enumerate(words) for symbol in word.symbols]
        found, skip, begins = [], 0, self._trie
        for at, (symbol, first) in enumerate(symbols):
            node = begins.get(symbol)
            # Most places begin nothing: neither the symbol alone nor with the next one.
            if node is None or at < skip or (END not in node and not _goes_on(node, symbols, words, at + 1)):
                continue
            end, concepts = self._longest(symbols, words, at)
            if concepts:
                found.append(Mention(first, symbols[end - 1][1], concepts))
                skip = end
        return found

    def _longest(self, symbols: Symbols, words: Sequence[Word], start: int) -> tuple[int, tuple[str, ...]]:
        """Where the longest term that begins at `start` ends, with its concepts; without one, `start` itself."""
        best, concepts = start, ()
        word = symbols[start][1]
        inside = start > 0 and symbols[start - 1][1] == word
        ways = [(self._trie, start)]
        while ways:
            node, at = ways.pop()
            while at < len(symbols) and symbols[at][0] in node:
                symbol, index = symbols[at]
                node, at = node[symbol], at + 1
                if END in node and at > best and (at - 1 > start or _stands_alone(words[index], symbol, inside)):
                    best, concepts = at, node[END]
                beyond = _beyond(symbols, words, at)
                if beyond > at and not inside:
                    ways.append((node, beyond))
                # A match that begins inside a word may not run on into the next one.
                if inside and at < len(symbols) and symbols[at][1] != word:
                    break
        return best, concepts

    def concepts_in(self, text: str) -> list[str]:
        """The names of the concepts that a text mentions, each once, in order of appearance."""
        names = (name for mention in self.mentions(words_of(text)) for name in mention.concepts)
        return list(dict.fromkeys(names))

    def weight_of(self, name: str) -> Weight:
        return self.concepts[name].weight

    @cached_property
    def weight_of_token(self) -> Mapping[str, Weight]:
        """The weight of each concept by its term in the index."""
        return {concept.token: concept.weight for concept in self.concepts.values()}


@cache
def concept_token(name: str) -> str:
    return "c0" + "".join(char for char in name.lower() if char.isalnum())


def _goes_on(node: Mapping[str, Any], symbols: Symbols, words: Sequence[Word], at: int) -> bool:
    """Does the next symbol lead on, as it stands or past a particle?"""
    if at >= len(symbols):
        return False
    if symbols[at][0] in node:
        return True
    beyond = _beyond(symbols, words, at)
    return at < beyond < len(symbols) and symbols[beyond][0] in node


def _beyond(symbols: Symbols, words: Sequence[Word], at: int) -> int:
    """Where a phrase may go on when what is left of the word is a particle, and past an adverb; `at` when it is not."""
    if at >= len(symbols):
        return at
    korean = lists()
    index = symbols[at][1]
    if symbols[at - 1][1] == index:
        rest = _rest(symbols, at)
        if rest not in korean.cases:
            return at
        at += len(rest)
    while at < len(symbols) and (written := words[symbols[at][1]].written) in korean.adverbs:
        at += len(written)
    return at


def _rest(symbols: Symbols, at: int) -> str:
    """What is left of the word from `at` on."""
    end = at
    while end < len(symbols) and symbols[end][1] == symbols[at][1]:
        end += 1
    return "".join(symbol for symbol, _ in symbols[at:end])


def _symbols(term: str) -> list[str]:
    return [symbol for word in words_of(term) for symbol in word.symbols]


def _plant(root: dict[str, Any], symbols: list[str], name: str) -> None:
    node = root
    for symbol in symbols:
        node = node.setdefault(symbol, {})
    if symbols and name not in node.get(END, ()):
        node[END] = (*node.get(END, ()), name)


def _stands_alone(word: Word, symbol: str, inside: bool) -> bool:
    """A term of one syllable (키, 램) must be the whole word but for its particle; it stands in too many others."""
    if len(symbol) > 1 or not "가" <= symbol <= "힣":
        return True
    return not inside and (word.written == symbol or noun("가" + word.written) == "가" + symbol)


def read_glossary(path: Path) -> Glossary:
    """Read the glossary file. Raises ValueError that names the entry that can't be used."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    concepts = [_read_entry(row, Weight(kind)) for kind in Weight for row in tables.get(kind.value, ())]
    names = [concept.name for concept in concepts]
    if len(names) != len(set(names)):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{path.name}: these names stand twice: {', '.join(twice)}.")
    return Glossary.of(concepts)


def _read_entry(row: Mapping[str, Any], weight: Weight) -> Concept:
    name = str(row.get("name", "")).strip()
    unknown = set(row) - {"name", "ko", "en", "log"}
    if not name or unknown:
        raise ValueError(f"glossary entry {name or row!r}: unknown or missing keys {sorted(unknown) or ['name']}.")
    lists = {
        key: tuple(str(word).strip() for word in row.get(key, ()) if str(word).strip()) for key in ("ko", "en", "log")
    }
    if not any(lists.values()):
        raise ValueError(f"glossary entry {name}: it has no words.")
    return Concept(name=name, weight=weight, **lists)


def clean_words(lines: Iterable[str]) -> list[str]:
    """A curator's list without blanks and doubles; what differs only in spelling counts as one."""
    kept: dict[str, str] = {}
    for line in lines:
        word = " ".join(str(line).split())
        if word:
            kept.setdefault(normalise(word), word)
    return list(kept.values())
