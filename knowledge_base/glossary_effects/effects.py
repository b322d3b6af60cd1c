"""The effect of a change of the glossary on the questions that documents promise to answer.

Two indexes are held in memory, one as it is and one as it would be, over the documents that the change can concern. A
large collection is not indexed twice for this; how much was looked at is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings

from knowledge_base.corpus import knowledge_of
from knowledge_base.embedders.registry import configured_stamp, embedder_for
from knowledge_base.glossary import Concept, Glossary
from knowledge_base.glossary_effects.clashes import Clash, clashes_of
from knowledge_base.knowledge import Knowledge
from knowledge_base.models import KnowledgeDocument
from knowledge_base.passages import Filters, Passage, document_of
from knowledge_base.retrieval import lexical_index
from knowledge_base.tokens import terms_of

DOCUMENTS = 120  # held in memory twice
QUESTIONS = 60  # that the words stand in
OTHERS = 20  # further ones, which should not change
DEPTH = 10
OFFLINE = "hashed"  # other embedders would be asked over the network for a mere preview


@dataclass(frozen=True, slots=True)
class QuestionEffect:
    """A question whose result changes. Ranks are those of the document that promises to answer it."""

    question: str
    document_id: str
    before: int | None
    after: int | None
    first_before: str  # title of the first result
    first_after: str

    @property
    def is_better(self) -> bool:
        return _place(self.after) < _place(self.before)

    @property
    def is_worse(self) -> bool:
        return _place(self.after) > _place(self.before)


@dataclass(frozen=True, slots=True)
class Effect:
    changed: tuple[QuestionEffect, ...]  # the worse ones first
    asked: int
    documents: int  # looked at
    published: int  # in all
    clashes: tuple[Clash, ...]
    touched: int  # documents in which the words stand

    @property
    def better(self) -> int:
        return sum(one.is_better for one in self.changed)

    @property
    def worse(self) -> int:
        return sum(one.is_worse for one in self.changed)


def effect_of(*, before: Glossary, after: Glossary, concept: str) -> Effect:
    """What changes when one concept changes, appears or goes. Nothing is stored."""
    words = _words_of(before, after, concept)
    touched = _documents_with(words, before, after, concept)
    documents = _documents(touched)
    asked = _questions(documents, before, after)
    old, new = _knowledge(documents, before), _knowledge(documents, after)
    changed = [found for document, question in asked if (found := _compare(document, question, old, new))]
    changed.sort(key=lambda one: (not one.is_worse, not one.is_better, one.question))
    mine = after.concepts.get(concept)
    return Effect(
        changed=tuple(changed),
        asked=len(asked),
        documents=len(documents),
        published=KnowledgeDocument.objects.published().count(),
        clashes=tuple(clashes_of(mine, after)) if mine else (),
        touched=len(touched),
    )


def with_concept(glossary: Glossary, concept: Concept, *, instead_of: str = "") -> Glossary:
    """The glossary with a concept added or changed; `instead_of` is the name it had."""
    kept = {name: one for name, one in glossary.concepts.items() if name not in (concept.name, instead_of)}
    return Glossary({**kept, concept.name: concept})


def without_concept(glossary: Glossary, name: str) -> Glossary:
    return Glossary({known: one for known, one in glossary.concepts.items() if known != name})


def _words_of(before: Glossary, after: Glossary, concept: str) -> list[str]:
    """The words that come or go; all of them when the weight is what changes."""
    old, new = (set(one.words) if (one := glossary.concepts.get(concept)) else set() for glossary in (before, after))
    return sorted(old ^ new) or sorted(old | new)


def _documents_with(words: Sequence[str], before: Glossary, after: Glossary, concept: str) -> list[str]:
    """Published documents in which the words or the concept stand, best first."""
    index = lexical_index()
    terms = list(dict.fromkeys(term for word in words for term in terms_of(word)))
    tokens = [one.token for glossary in (before, after) if (one := glossary.concepts.get(concept))]
    wanted = list(dict.fromkeys((*tokens, *terms)))[:200]
    known = index.frequencies(wanted)
    weights = {term: 1 / count for term in wanted if (count := known.counts.get(term, 0))}
    if not weights:
        return []
    keys = index.candidates(weights, counts=known.counts, filters=Filters(), limit=DOCUMENTS * 6)
    return list(dict.fromkeys(map(document_of, keys)))


def _documents(touched: Sequence[str]) -> list[KnowledgeDocument]:
    """The documents that the words stand in, and others as their rivals: all there are where they are few."""
    published = KnowledgeDocument.objects.published()
    chosen = list(touched[: DOCUMENTS * 2 // 3])
    room = DOCUMENTS - len(chosen)
    chosen += published.exclude(pk__in=chosen).order_by("topic", "pk").values_list("pk", flat=True)[:room]
    found = published.in_bulk(chosen)
    return [found[pk] for pk in chosen if pk in found]


def _questions(
    documents: Iterable[KnowledgeDocument], before: Glossary, after: Glossary
) -> list[tuple[KnowledgeDocument, str]]:
    """The questions that the two glossaries understand differently, and some that they do not."""
    pairs = [(document, str(question)) for document in documents for question in document.questions]
    concerned = [pair for pair in pairs if before.concepts_in(pair[1]) != after.concepts_in(pair[1])]
    told = set(map(id, concerned))
    others = [pair for pair in pairs if id(pair) not in told]
    step = max(1, len(others) // OTHERS)
    return [*concerned[:QUESTIONS], *others[::step][:OTHERS]]


def _knowledge(documents: Iterable[KnowledgeDocument], glossary: Glossary) -> Knowledge:
    """Knowledge of the documents without their questions, or each would be found by its own letters."""
    stamp = configured_stamp()
    embedder = embedder_for(stamp, glossary) if stamp.startswith(OFFLINE) else None
    return knowledge_of(
        [{"id": document.pk, **document.content(), "questions": []} for document in documents],
        glossary=glossary,
        embedder=embedder,
        top_k=settings.RAG_TOP_K,
        threshold=settings.RAG_SIMILARITY_THRESHOLD,
    )


def _compare(document: KnowledgeDocument, question: str, old: Knowledge, new: Knowledge) -> QuestionEffect | None:
    """None when the right document stays where it was and the first result is the same."""
    before, after = (knowledge.search(question, limit=DEPTH).passages for knowledge in (old, new))
    ranks = _rank(document, before), _rank(document, after)
    firsts = _first(before), _first(after)
    if ranks[0] == ranks[1] and firsts[0] == firsts[1]:
        return None
    titles = [passages[0].title if passages else "" for passages in (before, after)]
    return QuestionEffect(question, document.pk, *ranks, *titles)


def _rank(document: KnowledgeDocument, passages: Sequence[Passage]) -> int | None:
    """The place of the document, or of its translation, from 1."""
    right = {document.pk, document.topic} - {""}
    places = (place for place, one in enumerate(passages, start=1) if {one.document_id, one.topic} & right)
    return next(places, None)


def _first(passages: Sequence[Passage]) -> str:
    return passages[0].document_id if passages else ""


def _place(rank: int | None) -> int:
    return DEPTH + 1 if rank is None else rank
