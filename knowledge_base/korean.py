"""What a Korean word is made of: a noun with its particle, or a stem with its ending. By lists, without a dictionary.

Only as much as the glossary and the index need: that 지우, 지워, 지웠 and 지운 are one word, that 메모리가
is 메모리, and that 좀, 자꾸 or 계속 may stand inside any phrase.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

ONE_LETTER_CASES = ("이", "가", "은", "는", "을", "를")
FIRST = ord("가")
VOWELS, FINALS = 21, 28
# Numbers of vowels and finals in a syllable's code.
WITHOUT_FINAL, N, L, B, SS = 0, 4, 8, 17, 20
VOWEL_O, VOWEL_WA, VOWEL_U, VOWEL_WO, VOWEL_I, VOWEL_YEO = 8, 9, 13, 14, 20, 6
CONTRACTED = {VOWEL_I: VOWEL_YEO, VOWEL_U: VOWEL_WO, VOWEL_O: VOWEL_WA}  # 지 + 어 = 져, 우 + 어 = 워, 오 + 아 = 와
SPREAD = {contracted: vowel for vowel, contracted in CONTRACTED.items()}


@dataclass(frozen=True, slots=True)
class KoreanLists:
    idle: frozenset[str]
    particles: tuple[str, ...]
    cases: tuple[str, ...]
    endings: tuple[str, ...]
    adverbs: frozenset[str]
    alike: dict[str, tuple[str, ...]]  # nouns that stand for each other in any phrase: 메모리 and 램


@cache
def lists() -> KoreanLists:
    file = resources.files("knowledge_base").joinpath("stopwords.toml")
    texts = tomllib.loads(file.read_text(encoding="utf-8"))
    rows = {key: text.split() for key, text in texts.items()}
    groups = [tuple(line.split()) for line in texts["korean_alike"].strip().splitlines()]
    return KoreanLists(
        frozenset(rows["korean_words"]), _longest_first(rows["korean_particles"]), _longest_first(rows["korean_cases"]),
        _longest_first(rows["korean_endings"]), frozenset(rows["korean_adverbs"]),
        {word: group for group in groups for word in group},
    )  # fmt: skip


def _longest_first(words: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words), key=len, reverse=True))


@lru_cache(maxsize=65_536)
def noun(word: str) -> str:
    """A word without the particle at its end; at least two syllables stay."""
    return _without(word, lists().particles, least=2)


@lru_cache(maxsize=65_536)
def verb_stem(word: str) -> str:
    """A verb without its ending, 멈췄 of 멈췄는데; empty for a word with no ending of a verb."""
    stem = _without(word, lists().endings, least=1)
    return "" if stem == word else stem


def _without(word: str, ends: tuple[str, ...], *, least: int) -> str:
    for end in ends:
        if word.endswith(end) and len(word) - len(end) >= least:
            return word[: -len(end)]
    return word


@lru_cache(maxsize=65_536)
def variants(phrase: str) -> frozenset[str]:
    """How else a phrase of the glossary is said: without its particles, with another noun, and inflected."""
    *before, last = phrase.split() or [""]
    ways = [tuple(before)]
    bare = tuple(map(_bare, before))
    ways.append(bare)
    for place, word in enumerate(bare):
        ways += [(*bare[:place], other, *bare[place + 1 :]) for other in lists().alike.get(word, ())]
    return frozenset(each for way in set(ways) for each in inflected(" ".join((*way, last))))


def _bare(word: str) -> str:
    """A word within a phrase without its particle, be it of one syllable (키가)."""
    if not "가" <= word[0] <= "힣":
        return word
    return _without(word, ONE_LETTER_CASES if len(word) == 2 else lists().cases, least=1)


@lru_cache(maxsize=65_536)
def inflected(phrase: str) -> frozenset[str]:
    """The phrase with its last syllable as verbs bend it: 지우, 지웠 or 지워 give 지우, 지운, 지울, 지웁, 지워, 지웠.

    Of a noun this makes its contractions (데이턴 for 데이터는), or words that nobody writes.
    """
    if len(phrase) < 2 or not "가" <= phrase[-1] <= "힣":
        return frozenset((phrase,))
    lead, vowel, final = _parts(phrase[-1])
    if final not in (WITHOUT_FINAL, SS):
        return frozenset((phrase,))
    base = SPREAD.get(vowel, vowel)
    bent = [(base, each) for each in (WITHOUT_FINAL, N, L, B)]
    bent += [(CONTRACTED.get(base, base), WITHOUT_FINAL), (CONTRACTED.get(base, base), SS)]
    return frozenset((phrase, *(phrase[:-1] + _syllable(lead, *each) for each in bent)))


def _parts(syllable: str) -> tuple[int, int, int]:
    code = ord(syllable) - FIRST
    return code // (VOWELS * FINALS), code // FINALS % VOWELS, code % FINALS


def _syllable(lead: int, vowel: int, final: int) -> str:
    return chr(FIRST + (lead * VOWELS + vowel) * FINALS + final)
