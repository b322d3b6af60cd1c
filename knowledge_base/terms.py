"""What the indexes see of a chunk, and what they see of a question. Pure. A text is taken apart once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from knowledge_base.glossary import Glossary, Mention, Weight, concept_token
from knowledge_base.passages import Chunk, DocumentCard, IndexedChunk, IndexTerms
from knowledge_base.tokens import Word, terms_in, words_of


def indexed_chunks(
    card: DocumentCard, chunks: Iterable[Chunk], questions: Iterable[str], glossary: Glossary
) -> list[IndexedChunk]:
    """The chunks of a document with their terms. The questions it answers count as text of its first chunk."""
    head = terms_and_concepts("\n".join((card.title, " ".join(card.tags), card.topic)), glossary)
    asked = "\n".join(questions)
    return [_indexed(card, chunk, head, asked, glossary) for chunk in chunks]


def _indexed(card: DocumentCard, chunk: Chunk, head: Sequence[str], asked: str, glossary: Glossary) -> IndexedChunk:
    text = chunk.text
    body = terms_and_concepts(text if chunk.position else f"{asked}\n{text}", glossary)
    terms = IndexTerms(" ".join(head), " ".join(body))
    return IndexedChunk(card, chunk, terms, _digest(card.title, text, terms))


def _digest(title: str, text: str, terms: IndexTerms) -> str:
    """Of all that a vector depends on: the text for a model, the words and concepts for the offline embedder."""
    whole = "\n".join((title, text, terms.head, terms.body))
    return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()


def embedded_text(title: str, text: str) -> str:
    """What a model gets to read of a chunk: its title gives every chunk of a document the subject."""
    return f"{title}\n{text}"


def terms_and_concepts(text: str, glossary: Glossary) -> list[str]:
    """Every term and a token for every mention of a concept, with repetitions.

    Names of other systems have no token: they must match literally.
    """
    words = words_of(text)
    concepts = glossary.concepts
    tokens = [
        concept_token(name)
        for mention in glossary.mentions(words)
        for name in _telling(mention, glossary)
        if concepts[name].weight is not Weight.SYSTEM
    ]
    return terms_in(words) + tokens


def _telling(mention: Mention, glossary: Glossary) -> tuple[str, ...]:
    """What a mention is about: a word such as MISCONF names Redis as well, but isn't about Redis at large."""
    if len(mention.concepts) == 1:
        return mention.concepts
    telling = tuple(name for name in mention.concepts if glossary.weight_of(name) is not Weight.PRODUCT)
    return telling or mention.concepts


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing a question speaks of: a word, or a phrase that the glossary knows."""

    written: str
    terms: tuple[str, ...]
    concepts: tuple[str, ...] = ()
    weight: Weight | None = None  # None for a word that the glossary doesn't know
    names_product: bool = False  # only Redis has such a thing
    verbal: bool = False  # a Korean verb that the glossary doesn't know
    tokens: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens", tuple(concept_token(name) for name in self.concepts))


def aspects_of(query: str, glossary: Glossary) -> list[Aspect]:
    """What a question speaks of, each thing once."""
    found: dict[tuple[str, ...], Aspect] = {}
    for aspect in _aspects(words_of(query), glossary):
        key = aspect.concepts or aspect.terms
        known = found.get(key)
        if known is None:
            found[key] = aspect
        elif set(aspect.terms) - set(known.terms):
            merged = tuple(dict.fromkeys((*known.terms, *aspect.terms)))
            found[key] = replace(known, terms=merged)
    return list(found.values())


def _aspects(words: Sequence[Word], glossary: Glossary) -> Iterator[Aspect]:
    taken: set[int] = set()
    for mention in glossary.mentions(words):
        span = [words[index] for index in range(mention.first, mention.last + 1)]
        taken.update(range(mention.first, mention.last + 1))
        terms = tuple(dict.fromkeys(term for word in span if not word.idle for term in word.terms))
        weights = {glossary.weight_of(name) for name in mention.concepts}
        yield Aspect(
            " ".join(word.written for word in span), terms, _telling(mention, glossary),
            max(weights, key=_strength), Weight.PRODUCT in weights,
        )  # fmt: skip
    for index, word in enumerate(words):
        if index not in taken and not word.idle and word.terms:
            yield Aspect(word.written, word.verb or word.terms, verbal=bool(word.verb))


def _strength(weight: Weight) -> int:
    return (Weight.GENERAL, Weight.PRODUCT, Weight.CONCEPT, Weight.SYSTEM).index(weight)
