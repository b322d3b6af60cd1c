"""Full-text search over chunks held in memory: for evaluations, which must leave no trace in the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from knowledge_base.lexical.base import Frequencies
from knowledge_base.passages import Filters, IndexedChunk


class MemoryIndex:
    def __init__(self, chunks: Iterable[IndexedChunk]) -> None:
        self._chunks = {chunk.key: chunk for chunk in chunks}
        self._postings: dict[str, set[str]] = defaultdict(set)
        for key, chunk in self._chunks.items():
            for term in {*chunk.candidate.head, *chunk.candidate.counts}:
                self._postings[term].add(key)

    def frequencies(self, terms: Sequence[str]) -> Frequencies:
        counts = {term: len(self._postings[term]) for term in terms if term in self._postings}
        return Frequencies(len(self._chunks), counts)

    def candidates(
        self, weights: Mapping[str, float], *, counts: Mapping[str, int], filters: Filters, limit: int
    ) -> list[str]:
        scores: Counter[str] = Counter()
        for term, weight in weights.items():
            for key in self._postings.get(term, ()):
                scores[key] += weight  # type: ignore[assignment]
        admitted = (key for key in scores if filters.admits(self._chunks[key].card))
        return sorted(admitted, key=lambda key: (-scores[key], key))[:limit]
