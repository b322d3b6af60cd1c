"""Text to terms: stemmed Latin words, Hangul bigrams, and a stream of symbols in which the glossary is found.

Korean hangs particles on nouns and glues words together, so bigrams of syllables stand in for words: no dictionary,
no model, and they match inside a compound.
"""

from __future__ import annotations

import re
import threading
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import snowballstemmer  # type: ignore[import-untyped]

from knowledge_base.korean import lists, noun, verb_stem

PIECE = re.compile(r"[a-z][a-z0-9]*|[0-9]+[a-z]*|[가-힣]+")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")  # OutOfMemory; not used on "ECONNRESET" or "7M"
APOSTROPHE = re.compile(r"(?<=[a-z])['’](?=[a-z]{1,2}\b)")  # don't, won't, server's
LONGEST_WORD = 40  # a hash or a blob of base64 is no word

_STEMMER = snowballstemmer.stemmer("english")
_STEMMING = threading.Lock()  # a stemmer keeps the word in itself; two threads at once would mix theirs


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: what was written, its terms for the index, and its symbols for the glossary."""

    written: str
    terms: tuple[str, ...]
    symbols: tuple[str, ...]
    glued: bool  # written to the word before it with "_" or "-", as in used_memory
    idle: bool  # a stop word: it counts for a glossary phrase but is no term
    verb: tuple[str, ...] = ()  # of a Korean verb the terms of its stem, which a question asks by


@cache
def _english_stop_words() -> frozenset[str]:
    file = resources.files("knowledge_base").joinpath("stopwords.toml")
    return frozenset(tomllib.loads(file.read_text(encoding="utf-8"))["english"].split())


def normalise(text: str) -> str:
    """One spelling of everything: composed, lower case, words of CamelCase apart."""
    text = unicodedata.normalize("NFKC", text)
    return APOSTROPHE.sub("", HUMP.sub(" ", text).lower())


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    if not word.isalpha():
        return word  # db0, 7f3a91: a name, not a word
    with _STEMMING:
        return str(_STEMMER.stemWord(word))


def words_of(text: str) -> list[Word]:
    """The words of a text in order, stop words included."""
    text = normalise(text)
    words: list[Word] = []
    last = -1
    for match in PIECE.finditer(text):
        start, end = match.span()
        glued = start == last + 1 and last >= 0 and text[last] in "_-"
        last = end
        if end - start <= LONGEST_WORD:
            words.append(_word(match.group(), glued))
    return words


@lru_cache(maxsize=65_536)
def _word(written: str, glued: bool) -> Word:
    if "가" <= written[0] <= "힣":
        return _korean(written, glued)
    if written.isdigit():
        # Short numbers are noise; 6379, 16384 or 137 name something.
        return Word(written, (written,) if len(written) >= 3 else (), (written,), glued, len(written) < 3)
    stemmed = stem(written)
    return Word(
        written, (stemmed,) if len(written) > 1 else (), (stemmed,), glued,
        written in _english_stop_words() or len(written) < 2,
    )  # fmt: skip


def _korean(written: str, glued: bool) -> Word:
    base = verb_stem(written)
    verb = bigrams(base) if base else ()
    terms = tuple(dict.fromkeys((*bigrams(noun(written)), *verb)))
    return Word(written, terms, tuple(written), glued, written in lists().idle, verb)


def bigrams(word: str) -> tuple[str, ...]:
    """Pairs of neighbouring syllables. A single syllable stands for itself."""
    return tuple(word[i : i + 2] for i in range(len(word) - 1)) or (word,)


def terms_of(text: str) -> list[str]:
    """Every term of a text, with repetitions; a name such as used_memory also gives usedmemory."""
    return terms_in(words_of(text))


def terms_in(words: Sequence[Word]) -> list[str]:
    terms: list[str] = []
    compound: list[str] = []
    for word in words:
        if not word.idle:
            terms += word.terms
        if word.glued:
            compound.append(word.written)
            continue
        if len(compound) > 1:
            terms += _joined(compound)
        compound = [word.written]
    return terms + _joined(compound)


def _joined(parts: Sequence[str]) -> list[str]:
    whole = "".join(parts)
    if len(parts) > 1 and whole.isascii() and len(whole) <= LONGEST_WORD:
        return [stem(whole)]
    return []


def language_of(text: str) -> str:
    """ "ko" when a good part of the letters is Hangul: Korean operators mix English terms into every sentence."""
    hangul = sum("가" <= char <= "힣" for char in text)
    latin = sum(char.isascii() and char.isalpha() for char in text)
    return "ko" if hangul * 4 > latin else "en"
