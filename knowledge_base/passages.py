"""The values that retrieval speaks in: a card of a document, its chunks, and the passages that answer a question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from knowledge_base.feedback.weighing import Opinion


@dataclass(frozen=True, slots=True)
class DocumentCard:
    """What ranking and admission need to know of a document, without its text."""

    id: str
    revision: int
    title: str
    kind: str
    category: str
    severity: str
    language: str
    topic: str = ""
    tags: tuple[str, ...] = ()
    applies_to: Mapping[str, Any] = field(default_factory=dict)
    preconditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a document: the field it stands in, its number there (from 0) and its text."""

    part: str
    index: int
    text: str

    @property
    def place(self) -> str:
        return f"{self.part}[{self.index}]"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of items that is indexed as one. `position` counts the chunks of a document."""

    position: int
    items: tuple[Item, ...]

    @property
    def text(self) -> str:
        return "\n".join(item.text for item in self.items)


@dataclass(frozen=True, slots=True)
class IndexTerms:
    """A chunk as the indexes see it: stemmed words, bigrams and concepts, of the title and of the text.

    Separated by blanks, with repetitions.
    """

    head: str
    body: str


@dataclass(frozen=True)
class Candidate:
    """What scoring needs to know of a chunk; its text is read for those that are shown."""

    card: DocumentCard
    position: int
    terms: IndexTerms
    digest: str = ""  # of what is embedded

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How often each term and concept stands in the text."""
        return Counter(self.terms.body.split())

    @cached_property
    def head(self) -> frozenset[str]:
        return frozenset(self.terms.head.split())

    @property
    def key(self) -> str:
        """The chunk's name in every index. The same place of a later revision has the same name."""
        return chunk_key(self.card.id, self.position)


@dataclass(frozen=True)
class IndexedChunk:
    """A chunk with everything that the indexes hold of it."""

    card: DocumentCard
    chunk: Chunk
    terms: IndexTerms
    digest: str

    @cached_property
    def candidate(self) -> Candidate:
        return Candidate(self.card, self.chunk.position, self.terms, self.digest)

    @property
    def key(self) -> str:
        return chunk_key(self.card.id, self.chunk.position)


def chunk_key(document_id: str, position: int) -> str:
    return f"{document_id}#{position}"


def document_of(key: str) -> str:
    """The document that a chunk's key belongs to."""
    return key.rpartition("#")[0]


@dataclass(frozen=True, slots=True)
class Why:
    """Why a passage was chosen, in terms a person can check."""

    words: tuple[str, ...] = ()  # words of the question that stand in the passage
    concepts: tuple[str, ...] = ()  # glossary concepts that both speak of
    coverage: float = 0.0  # share of the question's weight that the passage accounts for, 0–1
    similarity: float | None = None  # cosine of the vectors; None when vector search did not take part
    opinion: Opinion | None = None  # what people say of the document, where that moved it
    fit: float | None = None  # the score before that; None when nothing moved it


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that answers a question, with its place and its score."""

    document_id: str
    revision: int
    title: str
    kind: str
    category: str
    severity: str
    language: str
    topic: str
    tags: tuple[str, ...]
    part: str  # "solutions[2]": the field and the number of the line that fits best
    text: str  # the whole chunk
    excerpt: str  # the line that fits best
    score: float  # 0–1, the same scale with every embedder
    why: Why
    preconditions: tuple[str, ...] = ()
    applies_to: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fit(self) -> float:
        """How well it fits by itself: what gates go by, which no feedback may open."""
        return self.score if self.why.fit is None else self.why.fit


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is narrowed to. An empty field narrows nothing."""

    categories: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()  # any of them
    product: str = ""
    version: str = ""
    topology: str = ""

    def admits(self, card: DocumentCard) -> bool:
        plain = (
            (self.categories, card.category),
            (self.kinds, card.kind),
            (self.languages, card.language),
            (self.severities, card.severity),
        )
        if any(wanted and value not in wanted for wanted, value in plain):
            return False
        if self.tags and not set(self.tags) & set(card.tags):
            return False
        return self._applies(card.applies_to)

    def _applies(self, applies_to: Mapping[str, Any]) -> bool:
        for wanted, key in ((self.product, "products"), (self.topology, "topologies")):
            listed = applies_to.get(key) or ()
            if wanted and listed and wanted not in listed:
                return False
        versions = str(applies_to.get("versions") or "")
        return not self.version or version_fits(self.version, versions)


def version_fits(version: str, ranges: str) -> bool:
    """Say whether "7.2.4" lies within ">=5.0,<8". An empty or unreadable range fits everything."""
    number = _version(version)
    if not number:
        return True
    return all(_meets(number, bound.strip()) for bound in ranges.replace(" ", ",").split(",") if bound.strip())


def _meets(number: tuple[int, ...], bound: str) -> bool:
    operator = bound.rstrip("0123456789.x*")
    limit = _version(bound[len(operator) :])
    if not limit:
        return True
    same = number[: len(limit)]
    match operator:
        case ">=":
            return same >= limit
        case ">":
            return same > limit
        case "<=":
            return same <= limit
        case "<":
            return same < limit
        case "==" | "=" | "":
            return same == limit
    return True


def _version(text: str) -> tuple[int, ...]:
    parts = []
    for part in text.strip().lstrip("v").split("."):
        if not part.isdigit():
            break
        parts.append(int(part))
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to a question. No passages and `abstained` means: nothing here is about that."""

    query: str
    passages: tuple[Passage, ...]
    vector_available: bool
    abstained: bool
    problem: str = ""  # why vector search did not take part
    embedder: str = ""

    def document_ids(self) -> Sequence[str]:
        return [passage.document_id for passage in self.passages]
