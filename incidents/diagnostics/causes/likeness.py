"""How much a report resembles what people say of each cause: nearest sentences by weighted words.

Cues hear what they were written for; likeness hears the rest, more faintly. A sentence becomes a bag of English
words, pairs of Korean syllables and the word families of words.toml, which carry over from one language to the other.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from incidents.diagnostics.causes.words import families, lowered, pattern_of

FOLDER = Path(__file__).parent / "sayings"
READ = 1_500  # characters of a report that are compared
STEM = 6  # letters of an English word that count: connect, connection and connected are one
NEAREST = (0.34, 0.33, 0.33)  # shares of the nearest sentences of a hypothesis
TEMPER = 0.03  # difference of nearness that makes one hypothesis e times likelier than another (fitted)
CLOSE = 0.2  # nearness from which a text counts as like something at all
VOTERS = 40  # nearest sentences that vote on what area a text is about
FAMILY_WEIGHT = 1.5  # a family says more than a word, because it stands for many
_WORD = re.compile(r"[a-z0-9_-]{2,}|[가-힣]+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a text resembles. `shares` by hypothesis id and `votes` by its id's sayings add up to 1 or less."""

    shares: Mapping[str, float] = field(default_factory=dict)  # of its resemblance to all sayings, by hypothesis
    votes: Mapping[str, float] = field(default_factory=dict)  # of the nearest sentences, by hypothesis


def likeness(text: str) -> Likeness:
    """Compare a text with all sayings. Empty for a text without known words."""
    index = _index()
    products = index.products(_features(text[:READ]))
    best: dict[str, list[float]] = defaultdict(list)
    for number, product in products.items():
        best[index.owners[number]].append(product)
    near = {name: _mean_of_nearest(found) for name, found in best.items()}
    nearest = max(near.values(), default=0.0)
    apart = {name: math.exp((value - nearest) / TEMPER) for name, value in near.items()}
    certain = min(nearest / CLOSE, 1.0) / (sum(apart.values()) or 1.0)
    return Likeness({name: value * certain for name, value in apart.items()}, _votes(index, products))


def _votes(index: _Index, products: Mapping[int, float]) -> Mapping[str, float]:
    """Each of the nearest sentences votes for its hypothesis, the nearer the louder."""
    votes: dict[str, float] = defaultdict(float)
    for number, product in sorted(products.items(), key=lambda item: -item[1])[:VOTERS]:
        votes[index.owners[number]] += product * product
    total = sum(votes.values()) or 1.0
    return {name: vote / total for name, vote in votes.items()}


def _mean_of_nearest(products: list[float]) -> float:
    nearest = sorted(products, reverse=True)[: len(NEAREST)]
    return sum(share * product for share, product in zip(NEAREST, nearest, strict=False))


@dataclass(frozen=True)
class _Index:
    """Sentences as unit vectors, kept by feature."""

    owners: tuple[str, ...]  # hypothesis id of each sentence
    rarity: Mapping[str, float]
    postings: Mapping[str, list[tuple[int, float]]]

    def products(self, features: Counter[str]) -> Mapping[int, float]:
        """The cosine with every sentence that shares a feature."""
        found: dict[int, float] = defaultdict(float)
        for feature, weight in _unit(features, self.rarity).items():
            for number, other in self.postings[feature]:
                found[number] += weight * other
        return found


@cache
def _index() -> _Index:
    sayings = [(name, _features(sentence)) for name, sentences in _sayings().items() for sentence in sentences]
    seen = Counter(feature for _, features in sayings for feature in features)
    rarity = {name: _rarity(name, count, len(sayings)) for name, count in seen.items()}
    postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, (_, features) in enumerate(sayings):
        for feature, weight in _unit(features, rarity).items():
            postings[feature].append((number, weight))
    return _Index(tuple(name for name, _ in sayings), rarity, postings)


def _sayings() -> Mapping[str, list[str]]:
    """Hypothesis id → sentences of both languages."""
    found: dict[str, list[str]] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        with file.open("rb") as stream:
            for name, table in tomllib.load(stream).items():
                found.setdefault(name, []).extend([*table["ko"], *table["en"]])
    return found


def _features(text: str) -> Counter[str]:
    text = lowered(text)
    features: Counter[str] = Counter()
    for word in _WORD.findall(text):
        features.update(_pieces(word))
    features.update(name for name, pattern in _families().items() if pattern.search(text))
    return features


def _pieces(word: str) -> list[str]:
    if word[0] < "가":
        return [word[:STEM]]
    return [word[i : i + 2] for i in range(len(word) - 1)] or [word]


@cache
def _families() -> Mapping[str, re.Pattern[str]]:
    return {f"<{name}>": pattern_of(f"<{name}>") for name in families()}


def _rarity(feature: str, count: int, total: int) -> float:
    return math.log((total + 1) / (count + 0.5)) * (FAMILY_WEIGHT if feature.startswith("<") else 1.0)


def _unit(features: Counter[str], rarity: Mapping[str, float]) -> Mapping[str, float]:
    weights = {name: (1 + math.log(count)) * rarity[name] for name, count in features.items() if name in rarity}
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {name: weight / length for name, weight in weights.items()}
