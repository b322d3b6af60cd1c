"""Vectors without a model: words, syllables and glossary concepts hashed into 1,024 dimensions. The offline default.

Two texts are close when they share stems, parts of words (typing errors, endings) or concepts in either language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import log
from zlib import crc32

import numpy as np

from knowledge_base.embedders.base import ToEmbed, Vectors
from knowledge_base.glossary import Glossary, Weight
from knowledge_base.terms import terms_and_concepts

DIMENSION = 1_024
STAMP = f"hashed-2:{DIMENSION}"  # not with the glossary's version: an edit re-embeds only the chunks it touches
WORD, SYLLABLES, PART = 1.0, 0.65, 0.3
CONCEPT, GENERAL = 1.6, 0.4  # a concept must outweigh the words of one language

Slots = tuple[tuple[int, ...], tuple[float, ...]]  # dimensions, and what is added there


class HashedEmbedder:
    stamp = STAMP
    semantic_range = (0.10, 0.60)

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._rows([terms_and_concepts(text, self._glossary) for text in texts])

    def embed_chunks(self, chunks: Sequence[ToEmbed]) -> Vectors:
        return self._rows([chunk.terms.split() for chunk in chunks])

    def _rows(self, texts: Sequence[Sequence[str]]) -> Vectors:
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, terms in enumerate(texts):
            vectors[row] = self._vector(terms)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return vectors

    def _vector(self, terms: Iterable[str]) -> np.ndarray:
        """Repetitions of a term count less and less."""
        dimensions: list[int] = []
        weights: list[float] = []
        kinds = self._glossary.weight_of_token
        for term, count in Counter(terms).items():
            where, shares = _slots_of_concept(term, kinds[term]) if term in kinds else _slots_of_word(term)
            dimensions += where
            weights += shares if count == 1 else [share * _repeated(count) for share in shares]
        return np.bincount(dimensions, weights=weights, minlength=DIMENSION) if dimensions else np.zeros(DIMENSION)


@lru_cache(maxsize=1_024)
def _repeated(count: int) -> float:
    return 1.0 + log(count)


@lru_cache(maxsize=16_384)
def _slots_of_concept(token: str, kind: Weight) -> Slots:
    return _slots([(f"c:{token}", CONCEPT if kind is Weight.CONCEPT else GENERAL)])


@lru_cache(maxsize=131_072)
def _slots_of_word(term: str) -> Slots:
    if "가" <= term[0] <= "힣":
        return _slots([(f"w:{term}", SYLLABLES)])
    parts = sorted({term[i : i + 4] for i in range(len(term) - 3)}) if len(term) > 4 else []
    return _slots([(f"w:{term}", WORD), *((f"p:{part}", PART) for part in parts)])


def _slots(features: Iterable[tuple[str, float]]) -> Slots:
    digests = [(crc32(feature.encode()), weight) for feature, weight in features]
    dimensions = tuple(digest % DIMENSION for digest, _ in digests)
    return dimensions, tuple(weight if digest & 0x8000_0000 else -weight for digest, weight in digests)
