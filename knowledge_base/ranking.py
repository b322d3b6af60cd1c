"""Score documents against a question. Pure, and the same over every database and embedder.

A question is a list of aspects, each with a weight: rare words and Redis concepts weigh much, common words little, a
word that no document knows weighs something and can't be matched. The score of a document is the share of that weight
it accounts for, with nearness of the vectors added. So a question about something else stays low by itself: most of
its weight finds no match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from knowledge_base.glossary import Weight
from knowledge_base.lexical.base import Frequencies
from knowledge_base.passages import IndexedChunk, Item, Passage, Why
from knowledge_base.terms import Aspect
from knowledge_base.tokens import terms_of

SYNONYM = 0.75  # worth of a concept that both name, against the very word
SATURATION = 0.6  # a term that stands often counts more, up to a limit
# Shares in a document's score: its best chunk, its title with its tags, and the nearness of its vectors.
# Found on 150 questions; between neighbouring values the order hardly changes.
CHUNK, HEAD, DENSE = 0.45, 0.23, 0.32
# What the question itself says about its subject.
OTHER_SYSTEM = 0.3  # it names another system and not Redis
NO_OPERATIONS = 0.5  # no word of it belongs to operations
LEAST_SIZE = 300  # chunks
STRETCH = 1.8  # spreads the raw scores over 0–1, so that 0.35 parts answers from chance

KIND_WEIGHT = {
    Weight.CONCEPT: 1.25,
    Weight.GENERAL: 0.55,
    Weight.PRODUCT: 0.15,
    Weight.SYSTEM: 2.5,  # what the question is about, if it names it
    None: 1.0,
}
UNKNOWN_LATIN, UNKNOWN_HANGUL = 0.55, 0.25  # share of the highest weight for a word that no document has


@dataclass(frozen=True, slots=True)
class WeightedAspect:
    aspect: Aspect
    mass: float
    term_weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its aspects weighed against the collection."""

    text: str
    aspects: tuple[WeightedAspect, ...]
    frequencies: Frequencies

    @property
    def mass(self) -> float:
        return sum(weighted.mass for weighted in self.aspects)

    @property
    def subject(self) -> float:
        """How far the question is about our subject at all, by its own words."""
        kinds = {weighted.aspect.weight for weighted in self.aspects}
        if Weight.SYSTEM in kinds and Weight.PRODUCT not in kinds:
            return OTHER_SYSTEM
        return 1.0 if kinds - {None} else NO_OPERATIONS

    @property
    def candidate_weights(self) -> dict[str, float]:
        """Weights of the terms that candidates are searched by, the most telling ones first."""
        weights: dict[str, float] = {}
        for weighted in self.aspects:
            for term, weight in weighted.term_weights.items():
                weights[term] = max(weights.get(term, 0.0), weight)
        return dict(sorted(weights.items(), key=lambda item: -item[1]))


def vocabulary(aspects: Iterable[Aspect]) -> list[str]:
    return list(dict.fromkeys(term for aspect in aspects for term in (*aspect.terms, *aspect.tokens)))


def weigh(text: str, aspects: Sequence[Aspect], frequencies: Frequencies) -> Question:
    return Question(text, tuple(_weighted(aspect, frequencies) for aspect in aspects), frequencies)


def _weighted(aspect: Aspect, frequencies: Frequencies) -> WeightedAspect:
    known = {term: _idf(term, frequencies) for term in (*aspect.terms, *aspect.tokens) if frequencies.counts.get(term)}
    kind = KIND_WEIGHT[aspect.weight]
    highest = log(1.0 + _size(frequencies) / 0.5)
    if known:
        of_concept = [known[token] for token in aspect.tokens if token in known]
        of_terms = [known[term] for term in aspect.terms if term in known]
        # Of a phrase or a run of bigrams the mean counts, so that a long word doesn't outweigh a short one.
        mass = max(of_concept) if of_concept else sum(of_terms) / len(of_terms)
        if not of_concept:
            mass *= (len(of_terms) / len(aspect.terms)) ** 0.5
    else:
        latin = aspect.written.isascii()
        mass = highest * (UNKNOWN_LATIN if latin or aspect.weight is Weight.SYSTEM else UNKNOWN_HANGUL)
    return WeightedAspect(aspect, mass * kind, {term: weight * kind for term, weight in known.items()})


def _idf(term: str, frequencies: Frequencies) -> float:
    count = frequencies.counts[term]
    return log(1.0 + (_size(frequencies) - count + 0.5) / (count + 0.5))


def _size(frequencies: Frequencies) -> int:
    """In a collection of a few documents every word is common; count as if it were of a modest size."""
    return max(frequencies.total, LEAST_SIZE)


@dataclass(frozen=True, slots=True)
class Scored:
    """A document's best chunk with the document's score."""

    chunk: IndexedChunk
    score: float
    lexical: float
    similarity: float | None
    matched: tuple[Aspect, ...]


def score_document(
    question: Question,
    chunks: Sequence[IndexedChunk],
    similarities: Mapping[str, float],
    *,
    semantic_range: tuple[float, float],
    dense: bool,
) -> Scored:
    """Score one document by all its chunks. `similarities` holds the cosines of those that vector search returned."""
    total = question.mass or 1.0
    matches = [[_match(weighted, chunk.counts) for weighted in question.aspects] for chunk in chunks]
    covered = [sum(m * w.mass for m, w in zip(row, question.aspects, strict=True)) / total for row in matches]
    head = sum(_in_head(weighted, chunks[0].head) * weighted.mass for weighted in question.aspects) / total
    nearness = [_nearness(similarities.get(chunk.key), semantic_range) for chunk in chunks]
    best = max(range(len(chunks)), key=lambda i: (CHUNK * covered[i] + DENSE * nearness[i], -i))
    lexical = (CHUNK * max(covered) + HEAD * head) / (CHUNK + HEAD)
    score = (1.0 - DENSE) * lexical + DENSE * max(nearness) if dense else lexical
    matched = tuple(w.aspect for w, m in zip(question.aspects, matches[best], strict=True) if m > 0)
    found = [similarities[chunk.key] for chunk in chunks if chunk.key in similarities]
    return Scored(chunks[best], stretched(score * question.subject), lexical, max(found) if found else None, matched)


def _match(weighted: WeightedAspect, counts: Mapping[str, int]) -> float:
    """How much of one aspect a chunk accounts for, 0–1."""
    weights = weighted.term_weights
    literal = sum(weights.get(term, 0.0) * _saturated(counts.get(term, 0)) for term in weighted.aspect.terms)
    possible = sum(weights.get(term, 0.0) for term in weighted.aspect.terms)
    word = literal / possible if possible else 0.0
    if not weighted.aspect.tokens:
        return word
    concept = max(_saturated(counts.get(token, 0)) for token in weighted.aspect.tokens)
    return max(SYNONYM * concept, SYNONYM * concept + (1 - SYNONYM) * word, 0.9 * word)


def _saturated(count: int) -> float:
    return count / (count + SATURATION) if count else 0.0


def _in_head(weighted: WeightedAspect, head: frozenset[str]) -> float:
    """How much of one aspect stands in the title or the tags, 0–1."""
    aspect, weights = weighted.aspect, weighted.term_weights
    possible = sum(weights.get(term, 0.0) for term in aspect.terms)
    word = sum(weights.get(term, 0.0) for term in aspect.terms if term in head) / possible if possible else 0.0
    if any(token in head for token in aspect.tokens):
        return SYNONYM + (1 - SYNONYM) * word
    return word


def stretched(raw: float) -> float:
    """The score that is shown: 0–1, and monotone in the raw one."""
    return float(1.0 - (1.0 - min(1.0, max(0.0, raw))) ** STRETCH)


def _nearness(similarity: float | None, semantic_range: tuple[float, float]) -> float:
    if similarity is None:
        return 0.0
    low, high = semantic_range
    return min(1.0, max(0.0, (similarity - low) / (high - low)))


def passage_of(question: Question, scored: Scored, score: float) -> Passage:
    item = best_item(question, scored.chunk)
    card = scored.chunk.card
    why = Why(
        words=tuple(aspect.written for aspect in scored.matched),
        concepts=tuple(dict.fromkeys(name for aspect in scored.matched for name in aspect.concepts)),
        coverage=round(scored.lexical, 4),
        similarity=None if scored.similarity is None else round(scored.similarity, 4),
    )
    return Passage(
        document_id=card.id, revision=card.revision, title=card.title, kind=card.kind, category=card.category,
        severity=card.severity, language=card.language, topic=card.topic, tags=card.tags, part=item.place,
        text=scored.chunk.chunk.text, excerpt=item.text, score=round(score, 4), why=why,
        preconditions=card.preconditions, applies_to=card.applies_to,
    )  # fmt: skip


def best_item(question: Question, chunk: IndexedChunk) -> Item:
    """The line of a chunk that says most about the question; the first one when none does."""
    weights = question.candidate_weights

    def worth(item: Item) -> float:
        return sum(weights.get(term, 0.0) for term in set(terms_of(item.text)))

    return max(chunk.chunk.items, key=worth)
