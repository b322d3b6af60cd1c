"""What the indexes see of a chunk, and what they see of a question. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from knowledge_base.glossary import Glossary, Weight, concept_token, is_concept_token
from knowledge_base.passages import Chunk, DocumentCard, IndexedChunk, IndexTerms
from knowledge_base.tokens import Word, terms_of, words_of


def index_terms(card: DocumentCard, chunk: Chunk, questions: Iterable[str], glossary: Glossary) -> IndexTerms:
    """The terms of a chunk. The questions a document answers count as text of its first chunk."""
    head = "\n".join((card.title, " ".join(card.tags), card.topic))
    body = chunk.text if chunk.position else "\n".join((*questions, chunk.text))
    return IndexTerms(head=tuple(_terms_and_concepts(head, glossary)), body=tuple(_terms_and_concepts(body, glossary)))


def _terms_and_concepts(text: str, glossary: Glossary) -> Iterator[str]:
    yield from terms_of(text)
    yield from _concept_tokens(text, glossary)


def embedded_text(indexed: IndexedChunk) -> str:
    """What a chunk's vector is made of: its title gives every chunk of a document the subject."""
    return f"{indexed.card.title}\n{indexed.chunk.text}"


def with_digest(indexed: IndexedChunk) -> IndexedChunk:
    """The chunk with the digest of all that its vector depends on: its text, and the concepts found in it."""
    concepts = sorted(term for term in indexed.counts if is_concept_token(term))
    text = "\n".join((embedded_text(indexed), *concepts))
    return replace(indexed, digest=hashlib.blake2b(text.encode(), digest_size=16).hexdigest())


def _concept_tokens(text: str, glossary: Glossary) -> Iterator[str]:
    """A token for every mention, with repetitions. Names of other systems have none: they must match literally."""
    for mention in glossary.mentions(list(words_of(text))):
        for name in mention.concepts:
            if glossary.weight_of(name) is not Weight.SYSTEM:
                yield concept_token(name)


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing a question speaks of: a word, or a phrase that the glossary knows."""

    written: str
    terms: tuple[str, ...]
    concepts: tuple[str, ...] = ()
    weight: Weight | None = None  # None for a word that the glossary doesn't know

    @property
    def tokens(self) -> tuple[str, ...]:
        return tuple(concept_token(name) for name in self.concepts)


def aspects_of(query: str, glossary: Glossary) -> list[Aspect]:
    """What a question speaks of, each thing once."""
    words = list(words_of(query))
    found: dict[tuple[str, ...], Aspect] = {}
    for aspect in _aspects(words, glossary):
        key = aspect.concepts or aspect.terms
        known = found.get(key)
        if known is None:
            found[key] = aspect
        elif set(aspect.terms) - set(known.terms):
            merged = tuple(dict.fromkeys((*known.terms, *aspect.terms)))
            found[key] = Aspect(known.written, merged, known.concepts, known.weight)
    return list(found.values())


def _aspects(words: Sequence[Word], glossary: Glossary) -> Iterator[Aspect]:
    taken: set[int] = set()
    for mention in glossary.mentions(words):
        span = [words[index] for index in range(mention.first, mention.last + 1)]
        taken.update(range(mention.first, mention.last + 1))
        terms = tuple(dict.fromkeys(term for word in span if not word.idle for term in word.terms))
        weight = max((glossary.weight_of(name) for name in mention.concepts), key=_strength)
        yield Aspect(" ".join(word.written for word in span), terms, mention.concepts, weight)
    for index, word in enumerate(words):
        if index not in taken and not word.idle and word.terms:
            yield Aspect(word.written, word.terms)


def _strength(weight: Weight) -> int:
    return (Weight.GENERAL, Weight.PRODUCT, Weight.CONCEPT, Weight.SYSTEM).index(weight)
