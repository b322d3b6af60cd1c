"""Hybrid search over its ports: find candidates in both arms, score them, abstain when nothing fits. No Django."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge_base.embedders.base import Embedder, EmbedderUnavailable
from knowledge_base.feedback.moving import by_opinion, no_opinions, with_opinions
from knowledge_base.feedback.weighing import Opinion
from knowledge_base.glossary import Glossary
from knowledge_base.lexical.base import LexicalIndex
from knowledge_base.passages import Candidate, Chunk, Filters, Passage, SearchResult, document_of
from knowledge_base.ranking import Question, Scored, passage_of, score_document, vocabulary, weigh
from knowledge_base.terms import aspects_of
from knowledge_base.tokens import language_of
from knowledge_base.vector_store.base import VectorCollection, VectorHit, VectorStoreUnavailable

logger = logging.getLogger(__name__)

CANDIDATES = 60  # chunks taken from each arm
WIDER = 5  # times as many are looked at where filters will drop some
DOCUMENTS = 24  # documents scored in full
LONGEST_QUERY = 2_000  # a pasted log is cut: what it is about stands in the first lines
TRANSLATION = 0.93  # the same topic in the other language stands a little behind


class Library(Protocol):
    """Where chunks are read from. Only documents that may be shown, and only their current revision."""

    def load(self, keys: Sequence[str], filters: Filters, *, whole: Sequence[str]) -> dict[str, list[Candidate]]:
        """Of these chunks the ones that may be shown, and all chunks of the documents in `whole`, by document."""
        ...

    def admitted(self, document_ids: Sequence[str], filters: Filters) -> set[str]:
        """Those of the documents that the filters let through."""
        ...

    def texts(self, keys: Sequence[str]) -> Mapping[str, Chunk]: ...


@dataclass(frozen=True)
class DenseArm:
    """Vector search: the active collection with the embedder that filled it."""

    collection: VectorCollection
    embedder: Embedder

    def nearest(self, query: str, *, limit: int) -> list[VectorHit]:
        """The nearest chunks of all: narrowing inside the vector store costs many times the search itself."""
        vector = self.embedder.embed([query])[0]
        return self.collection.query(vector, limit=limit, where={})


@dataclass(frozen=True)
class Retriever:
    glossary: Glossary
    lexical: LexicalIndex
    library: Library
    dense: DenseArm | None
    problem: str = ""  # why there is no dense arm
    opinions: Callable[[Collection[str]], Mapping[str, Opinion]] = no_opinions  # of documents, from feedback

    def search(
        self,
        query: str,
        *,
        language: str | None,
        filters: Filters,
        limit: int,
        threshold: float,
        also: Sequence[str] = (),
    ) -> SearchResult:
        """Answer a question with the best passage of each fitting document, best first.

        Documents in `also` are scored even if neither arm finds them.
        """
        query = " ".join(query.split())[:LONGEST_QUERY]
        question = self.question(query)
        take = CANDIDATES if filters == Filters() else CANDIDATES * WIDER
        near, problem = self._nearest(query, take)
        scored = self._score(question, near, filters, also, take)
        ordered = _prefer_language(scored, language or language_of(query))
        fitting = [pair for pair in ordered if pair[1] >= threshold]
        opinions = self.opinions([one.chunk.card.id for one, _ in fitting])
        chosen = by_opinion(fitting, opinions)[:limit]
        passages = with_opinions(self._passages(question, chosen), opinions)
        return SearchResult(
            query=query,
            passages=passages,
            vector_available=near is not None,
            abstained=not passages,
            problem=problem,
            embedder=self.dense.embedder.stamp if self.dense else "",
        )

    def question(self, query: str) -> Question:
        aspects = aspects_of(query, self.glossary)
        return weigh(query, aspects, self.lexical.frequencies(vocabulary(aspects)))

    def _nearest(self, query: str, take: int) -> tuple[list[VectorHit] | None, str]:
        if self.dense is None:
            return None, self.problem
        try:
            return self.dense.nearest(query, limit=take), ""
        except (VectorStoreUnavailable, EmbedderUnavailable) as exc:
            logger.warning("vector search failed, answering from the lexical index alone: %s", exc)
            return None, str(exc)

    def _score(
        self, question: Question, near: list[VectorHit] | None, filters: Filters, also: Sequence[str], take: int
    ) -> list[Scored]:
        keys = self.lexical.candidates(
            question.weights, counts=question.frequencies.counts, filters=filters, limit=take
        )
        found = {hit.key: hit for hit in near or ()}
        mixed = _interleaved(keys, list(found))
        ranked = list(dict.fromkeys(map(document_of, mixed)))
        if filters != Filters():
            admitted = self.library.admitted(ranked, filters)
            ranked = [name for name in ranked if name in admitted]
        documents = set(ranked[:DOCUMENTS])
        wanted = [key for key in mixed if document_of(key) in documents]
        loaded = self.library.load(wanted, filters, whole=also)
        semantic_range = self.dense.embedder.semantic_range if self.dense else (0.0, 1.0)
        return [
            score_document(
                question, chunks, _fresh(chunks, found), semantic_range=semantic_range, dense=near is not None
            )
            for chunks in loaded.values()
        ]

    def _passages(self, question: Question, chosen: Sequence[tuple[Scored, float]]) -> tuple[Passage, ...]:
        """The texts are read last, and only those that are shown."""
        texts = self.library.texts([one.chunk.key for one, _ in chosen]) if chosen else {}
        return tuple(
            passage_of(question, one, score, texts[one.chunk.key]) for one, score in chosen if one.chunk.key in texts
        )


def _fresh(chunks: Sequence[Candidate], hits: Mapping[str, VectorHit]) -> dict[str, float]:
    """Similarities of the chunks that still read as they did when they were embedded."""
    return {
        chunk.key: hits[chunk.key].similarity
        for chunk in chunks
        if chunk.key in hits and hits[chunk.key].digest == chunk.digest
    }


def _interleaved(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """Both lists in turn, each key once: neither arm may crowd the other out."""
    longest = max(len(one), len(other))
    mixed = (names[i] for i in range(longest) for names in (one, other) if i < len(names))
    return list(dict.fromkeys(mixed))


def _prefer_language(scored: Sequence[Scored], language: str) -> list[tuple[Scored, float]]:
    """Order by score. Of one topic the reader's language comes first; its translation stays, a little behind."""
    best: dict[str, float] = {}
    for one in scored:
        topic = one.chunk.card.topic
        best[topic] = max(best.get(topic, 0.0), one.score)
    own = {one.chunk.card.topic for one in scored if one.chunk.card.language == language}
    ordered: list[tuple[Scored, float]] = []
    for one in scored:
        card = one.chunk.card
        score = one.score
        if card.topic and card.topic in own:
            score = best[card.topic] if card.language == language else best[card.topic] * TRANSLATION
        ordered.append((one, score))
    return sorted(ordered, key=lambda pair: (-pair[1], pair[0].chunk.card.id))
