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
from knowledge_base.passages import Candidate, Chunk, Item, Passage, Why
from knowledge_base.terms import Aspect
from knowledge_base.tokens import terms_of

SYNONYM = 0.75  # worth of a concept that both name, against the very word
SATURATION = 0.6  # a term that stands often counts more, up to a limit
# Shares in a document's score: its best chunk, its title with its tags, and the nearness of its vectors.
# Found on 150 questions; between neighbouring values the order hardly changes.
CHUNK, HEAD, DENSE = 0.45, 0.23, 0.32
# What the question itself says about its subject.
OTHER_SYSTEM = 0.3  # it names another system and not Redis
OF_OPERATIONS = {0: 0.5, 1: 0.75}  # it has so few words of operations, and does not name Redis
BESIDE = 0.2  # weight of another system's name where Redis is named, too
LEAST_SIZE = 300  # chunks
STRETCH = 1.8  # spreads the raw scores over 0–1, so that 0.35 parts answers from chance

KIND_WEIGHT = {
    Weight.CONCEPT: 1.25,
    Weight.GENERAL: 0.55,
    Weight.PRODUCT: 0.15,
    Weight.SYSTEM: 2.5,  # what the question is about, if it names it
    None: 1.0,
}
HANGUL_WORD, HANGUL_VERB = 0.7, 0.35  # of Korean words outside the glossary
UNKNOWN_LATIN, UNKNOWN_HANGUL = 0.55, 0.25  # share of the highest weight for a word that no document has


@dataclass(frozen=True, slots=True)
class WeightedAspect:
    aspect: Aspect
    mass: float  # what it weighs in the question
    weights: tuple[tuple[str, float], ...]  # of its words, those that no document has with 0
    possible: float  # the sum of them
    tokens: tuple[tuple[str, float], ...]  # of its concepts


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its aspects weighed against the collection."""

    text: str
    aspects: tuple[WeightedAspect, ...]
    frequencies: Frequencies
    mass: float
    subject: float  # how far it is about our subject at all, by its own words
    weights: Mapping[str, float]  # of the terms that candidates are searched by, the most telling ones first


def vocabulary(aspects: Iterable[Aspect]) -> list[str]:
    return list(dict.fromkeys(term for aspect in aspects for term in (*aspect.terms, *aspect.tokens)))


def weigh(text: str, aspects: Sequence[Aspect], frequencies: Frequencies) -> Question:
    named = any(aspect.names_product for aspect in aspects)
    weighted = tuple(_weighted(aspect, frequencies, named=named) for aspect in aspects)
    return Question(
        text, weighted, frequencies,
        mass=sum(one.mass for one in weighted) or 1.0,
        subject=_subject(aspects, named=named),
        weights=_term_weights(weighted),
    )  # fmt: skip


def _subject(aspects: Sequence[Aspect], *, named: bool) -> float:
    if named:
        return 1.0
    if any(aspect.weight is Weight.SYSTEM for aspect in aspects):
        return OTHER_SYSTEM
    return OF_OPERATIONS.get(sum(aspect.weight is not None for aspect in aspects), 1.0)


def _term_weights(aspects: Iterable[WeightedAspect]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for one in aspects:
        for term, weight in (*one.weights, *one.tokens):
            if weight > weights.get(term, 0.0):
                weights[term] = weight
    return dict(sorted(weights.items(), key=lambda item: -item[1]))


def _weighted(aspect: Aspect, frequencies: Frequencies, *, named: bool) -> WeightedAspect:
    kind = _kind(aspect, named=named)
    words = tuple((term, _idf(term, frequencies) * kind) for term in aspect.terms)
    tokens = tuple((term, weight) for term in aspect.tokens if (weight := _idf(term, frequencies) * kind))
    return WeightedAspect(
        aspect, _mass(aspect, words, tokens, frequencies, kind) * kind, words, sum(w for _, w in words), tokens
    )


def _kind(aspect: Aspect, *, named: bool) -> float:
    if named and aspect.weight is Weight.SYSTEM:
        return BESIDE
    if aspect.weight is None and not aspect.written.isascii():
        return HANGUL_VERB if aspect.verbal else HANGUL_WORD
    return KIND_WEIGHT[aspect.weight]


def _mass(
    aspect: Aspect,
    words: Sequence[tuple[str, float]],
    tokens: Sequence[tuple[str, float]],
    frequencies: Frequencies,
    kind: float,
) -> float:
    """What an aspect weighs before its kind is counted in."""
    if tokens:
        return max(weight for _, weight in tokens) / kind
    known = [weight / kind for _, weight in words if weight]
    if known:
        # Of a phrase or a run of bigrams the mean counts, so that a long word doesn't outweigh a short one.
        return sum(known) / len(known) * float((len(known) / len(words)) ** 0.5)
    named = aspect.written.isascii() or aspect.weight is Weight.SYSTEM
    return log(1.0 + _size(frequencies) / 0.5) * (UNKNOWN_LATIN if named else UNKNOWN_HANGUL)


def _idf(term: str, frequencies: Frequencies) -> float:
    """How telling a term is; 0 for one that no document has."""
    count = frequencies.counts.get(term)
    return log(1.0 + (_size(frequencies) - count + 0.5) / (count + 0.5)) if count else 0.0


def _size(frequencies: Frequencies) -> int:
    """In a collection of a few documents every word is common; count as if it were of a modest size."""
    return max(frequencies.total, LEAST_SIZE)


@dataclass(frozen=True, slots=True)
class Scored:
    """A document's best chunk with the document's score."""

    chunk: Candidate
    score: float
    lexical: float
    similarity: float | None
    matched: tuple[Aspect, ...]


def score_document(
    question: Question,
    chunks: Sequence[Candidate],
    similarities: Mapping[str, float],
    *,
    semantic_range: tuple[float, float],
    dense: bool,
) -> Scored:
    """Score one document by its chunks. `similarities` holds the cosines of those that vector search returned."""
    matches = [[_match(one, chunk.counts) for one in question.aspects] for chunk in chunks]
    covered = [sum(m * w.mass for m, w in zip(row, question.aspects, strict=True)) / question.mass for row in matches]
    head = sum(_in_head(one, chunks[0].head) * one.mass for one in question.aspects) / question.mass
    nearness = [_nearness(similarities.get(chunk.key), semantic_range) for chunk in chunks]
    best = max(range(len(chunks)), key=lambda i: (CHUNK * covered[i] + DENSE * nearness[i], -i))
    lexical = (CHUNK * max(covered) + HEAD * head) / (CHUNK + HEAD)
    score = (1.0 - DENSE) * lexical + DENSE * max(nearness) if dense else lexical
    matched = tuple(w.aspect for w, m in zip(question.aspects, matches[best], strict=True) if m > 0)
    found = [similarities[chunk.key] for chunk in chunks if chunk.key in similarities]
    return Scored(chunks[best], stretched(score * question.subject), lexical, max(found) if found else None, matched)


def _match(one: WeightedAspect, counts: Mapping[str, int]) -> float:
    """How much of one aspect a chunk accounts for, 0–1."""
    word = 0.0
    if one.possible:
        word = sum(weight * _saturated(counts[term]) for term, weight in one.weights if term in counts) / one.possible
    concept = max((_saturated(counts[token]) for token, _ in one.tokens if token in counts), default=0.0)
    if not concept:
        return word if not one.aspect.tokens else 0.9 * word
    return max(SYNONYM * concept + (1 - SYNONYM) * word, 0.9 * word)


def _saturated(count: int) -> float:
    return count / (count + SATURATION)


def _in_head(one: WeightedAspect, head: frozenset[str]) -> float:
    """How much of one aspect stands in the title or the tags, 0–1."""
    word = sum(weight for term, weight in one.weights if term in head) / one.possible if one.possible else 0.0
    if any(token in head for token, _ in one.tokens):
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


def passage_of(question: Question, scored: Scored, score: float, chunk: Chunk) -> Passage:
    """The passage that is shown for a document: its best chunk with the line that fits best."""
    item = best_item(question, chunk)
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
        text=chunk.text, excerpt=item.text, score=round(score, 4), why=why,
        preconditions=card.preconditions, applies_to=card.applies_to,
    )  # fmt: skip


def best_item(question: Question, chunk: Chunk) -> Item:
    """The line of a chunk that says most about the question; the first one when none does."""

    def worth(item: Item) -> float:
        return sum(question.weights.get(term, 0.0) for term in set(terms_of(item.text)))

    return max(chunk.items, key=worth)
