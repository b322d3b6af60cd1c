"""Words that two concepts claim. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from knowledge_base.glossary import Concept, Glossary
from knowledge_base.tokens import words_of


@dataclass(frozen=True, slots=True)
class Clash:
    """A word of the changed concept that means, or stands inside, a word of another one."""

    word: str
    concept: str  # the other one
    theirs: str  # its word
    same: bool  # else the longer of the two wins where it stands


def clashes_of(concept: Concept, glossary: Glossary) -> list[Clash]:
    """Every clash of a concept's words with the other concepts, same words first."""
    others = {name: other for name, other in glossary.concepts.items() if name != concept.name}
    found = [clash for word in concept.words for clash in _of_word(word, others)]
    return sorted(dict.fromkeys(found), key=lambda clash: not clash.same)


def _of_word(word: str, others: dict[str, Concept]) -> Iterator[Clash]:
    mine = _symbols(word)
    for name, other in others.items():
        for theirs in other.words:
            symbols = _symbols(theirs)
            if mine and symbols == mine:
                yield Clash(word, name, theirs, same=True)
            elif len(mine) > 1 and _stands_in(mine, symbols):
                yield Clash(word, name, theirs, same=False)


def _symbols(word: str) -> tuple[str, ...]:
    return tuple(symbol for one in words_of(word) for symbol in one.symbols)


def _stands_in(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    return any(long[at : at + len(short)] == short for at in range(len(long) - len(short) + 1))
