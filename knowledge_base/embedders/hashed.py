"""Vectors without a model: words, syllables and glossary concepts hashed into 1,024 dimensions. The offline default.

Two texts are close when they share stems, parts of words (typing errors, endings) or concepts in either language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np

from knowledge_base.embedders.base import Vectors
from knowledge_base.glossary import Glossary, Weight
from knowledge_base.tokens import words_of

DIMENSION = 1_024
STAMP = f"hashed-1:{DIMENSION}"  # not with the glossary's version: an edit re-embeds only the chunks it touches
WORD, PART, CONCEPT, GENERAL = 1.0, 0.3, 1.6, 0.4  # a concept must outweigh the words of one language


class HashedEmbedder:
    stamp = STAMP
    semantic_range = (0.10, 0.60)

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in enumerate(texts):
            self._fill(vectors[row], text)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.maximum(norms, 1e-9)
        return vectors

    def _fill(self, vector: np.ndarray, text: str) -> None:
        for feature, weight in self._features(text).items():
            index, sign = _slot(feature)
            vector[index] += sign * weight

    def _features(self, text: str) -> dict[str, float]:
        """Weight of each feature; repetitions count less and less."""
        counts: Counter[str] = Counter()
        weights: dict[str, float] = {}
        words = list(words_of(text))
        for word in words:
            if not word.idle:
                for feature, weight in _word_features(word.written, word.terms):
                    counts[feature] += 1
                    weights[feature] = weight
        for mention in self._glossary.mentions(words):
            for name in mention.concepts:
                counts[f"c:{name}"] += 1
                weights[f"c:{name}"] = CONCEPT if self._glossary.weight_of(name) is Weight.CONCEPT else GENERAL
        return {feature: weights[feature] * (1.0 + float(np.log(counts[feature]))) for feature in counts}


@lru_cache(maxsize=65_536)
def _word_features(written: str, terms: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    if "가" <= written[0] <= "힣":
        share = WORD / len(terms) ** 0.5
        return tuple((f"w:{term}", share) for term in terms)
    parts = {written[i : i + 4] for i in range(len(written) - 3)} if len(written) > 4 else set()
    return (*((f"w:{term}", WORD) for term in terms), *((f"p:{part}", PART) for part in sorted(parts)))


@lru_cache(maxsize=262_144)
def _slot(feature: str) -> tuple[int, float]:
    digest = crc32(feature.encode())
    return digest % DIMENSION, 1.0 if digest & 0x8000_0000 else -1.0
