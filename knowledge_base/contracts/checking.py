"""Ask the questions that documents promise to be found by, as the index is and as it would be. No Django models.

A document's own questions are its contract. Those of its neighbours are asked too, because a new text may take their
place. A time limit bounds it all; the report says how many questions were left unasked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from knowledge_base.contracts.overlay import prepared, with_candidate
from knowledge_base.embedders.base import EmbedderUnavailable
from knowledge_base.knowledge import Knowledge
from knowledge_base.passages import DocumentCard, IndexedChunk, Passage
from knowledge_base.retriever import LONGEST_QUERY
from knowledge_base.tokens import terms_of

logger = logging.getLogger(__name__)

TOP = 5  # a document must stand among so many
DEPTH = 10
OWN_QUESTIONS = 60
NEIGHBOURS = 25  # documents whose questions are asked too
OTHER_QUESTIONS = 100
LEAST_SHARED = 0.25  # of a question's terms; a text that shares fewer of them stands behind its document anyway
SECONDS = 6.0
MRR_TOLERANCE = 0.02  # a fall of the mean reciprocal rank beyond this is a regression


@dataclass(frozen=True, slots=True)
class Contract:
    """One question and the document that it must find."""

    document_id: str
    topic: str
    question: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a contract's document stood, from 1; None where it was not found."""

    contract: Contract
    before: int | None
    after: int | None
    own: bool
    is_new: bool = False  # a question that the published text did not have
    instead: str = ""  # the document that comes first afterwards

    @property
    def is_lost(self) -> bool:
        return _held(self.before) and not _held(self.after)

    @property
    def is_broken(self) -> bool:
        """A promise that the text makes itself and does not keep."""
        return self.own and self.is_new and not _held(self.after)


@dataclass(frozen=True, slots=True)
class Figures:
    recall_1: float
    recall_5: float
    mrr: float


@dataclass(frozen=True, slots=True)
class ContractReport:
    own: tuple[Outcome, ...]
    others: tuple[Outcome, ...]
    unasked: int
    seconds: float
    vector_available: bool = True

    @classmethod
    def unchecked(cls) -> ContractReport:
        """What stands where nobody asked: a release or a command publishes on its own account."""
        return cls((), (), 0, 0.0)

    @property
    def lost(self) -> tuple[Outcome, ...]:
        return tuple(one for one in (*self.own, *self.others) if one.is_lost or one.is_broken)

    @property
    def worse_ranked(self) -> bool:
        known = [one for one in (*self.own, *self.others) if not one.is_new]
        before, after = figures(one.before for one in known), figures(one.after for one in known)
        return bool(before and after and after.mrr < before.mrr - MRR_TOLERANCE)

    @property
    def is_regression(self) -> bool:
        return bool(self.lost) or self.worse_ranked

    @property
    def rows(self) -> list[tuple[str, Figures | None, Figures | None, int]]:
        """Before and after for this document and for its neighbours, with the number of questions."""
        return [
            (name, figures(one.before for one in group), figures(one.after for one in group), len(group))
            for name, group in (("own", self.own), ("others", self.others))
            if group
        ]

    def as_json(self) -> dict[str, Any]:
        """What is kept with the step that was taken on its grounds."""
        return {
            "rows": [
                {"group": name, "questions": count, "before": _json(before), "after": _json(after)}
                for name, before, after, count in self.rows
            ],
            "lost": [
                {"document": one.contract.document_id, "question": one.contract.question[:300],
                 "before": one.before, "after": one.after}
                for one in self.lost[:50]
            ],
            "unasked": self.unasked,
            "regression": self.is_regression,
        }  # fmt: skip


def _held(place: int | None) -> bool:
    return place is not None and place <= TOP


def figures(places: Iterable[int | None]) -> Figures | None:
    found = list(places)
    if not found:
        return None
    return Figures(
        recall_1=round(sum(place == 1 for place in found) / len(found), 4),
        recall_5=round(sum(_held(place) for place in found) / len(found), 4),
        mrr=round(sum(1.0 / place for place in found if place) / len(found), 4),
    )


def _json(values: Figures | None) -> dict[str, float] | None:
    if values is None:
        return None
    return {"recall_1": values.recall_1, "recall_5": values.recall_5, "mrr": values.mrr}


def place_of(contract: Contract, passages: Sequence[Passage]) -> int | None:
    """The document's place. It and its translations count as one place, so neither crowds out the other."""
    topics: list[str] = []
    for passage in passages:
        name = passage.topic or passage.document_id
        if name not in topics:
            topics.append(name)
        if passage.document_id == contract.document_id:
            return topics.index(name) + 1
    return None


@dataclass(frozen=True)
class Check:
    """A check of one candidate text against the live knowledge."""

    live: Knowledge
    card: DocumentCard
    chunks: Sequence[IndexedChunk]
    questions: Sequence[str]
    published_questions: frozenset[str]
    contracts_of: Callable[[Sequence[str]], list[Contract]]  # of other published documents
    seconds: float = SECONDS
    clock: Callable[[], float] = monotonic

    def run(self) -> ContractReport:
        started = self.clock()
        own = [Contract(self.card.id, self.card.topic, text) for text in self.questions[:OWN_QUESTIONS]]
        live, after = self._both([one.question for one in own])
        outcomes, unasked = self._ask(own, live, after, started)
        others = self._neighbours(own, after, started)
        live, after = self._both([one.question for one in others])
        displaced, left = self._ask(others, live, after, started)
        return ContractReport(
            own=tuple(outcomes),
            others=tuple(displaced),
            unasked=unasked + left + max(0, len(self.questions) - OWN_QUESTIONS),
            seconds=round(self.clock() - started, 2),
            vector_available=live.retriever.dense is not None,
        )

    def _both(self, questions: Sequence[str]) -> tuple[Knowledge, Knowledge]:
        """The live index and the one to come. Where no vectors can be made, both answer from the full text."""
        try:
            live = prepared(self.live, [as_asked(text) for text in questions])
            return live, with_candidate(live, self.card.id, self.chunks)
        except EmbedderUnavailable as exc:
            logger.warning("contracts are checked without vectors: %s", exc)
            blind = without_vectors(self.live, str(exc))
            return blind, with_candidate(blind, self.card.id, self.chunks)

    def _ask(
        self, contracts: Sequence[Contract], live: Knowledge, after: Knowledge, started: float
    ) -> tuple[list[Outcome], int]:
        outcomes: list[Outcome] = []
        for number, contract in enumerate(contracts):
            if self.clock() - started > self.seconds:
                return outcomes, len(contracts) - number
            outcomes.append(self._outcome(contract, live, after))
        return outcomes, 0

    def _outcome(self, contract: Contract, live: Knowledge, after: Knowledge) -> Outcome:
        found = after.search(contract.question, limit=DEPTH).passages
        place = place_of(contract, found)
        own = contract.document_id == self.card.id
        is_new = own and contract.question not in self.published_questions
        if not own and _held(place) and self.card.id not in [one.document_id for one in found[:place]]:
            before = place  # the candidate stands behind it, so it changed nothing for this question
        else:
            before = place_of(contract, live.search(contract.question, limit=DEPTH).passages)
        instead = found[0].document_id if found and place != 1 else ""
        return Outcome(contract, before, place, own, is_new, instead)

    def _neighbours(self, own: Sequence[Contract], after: Knowledge, started: float) -> list[Contract]:
        """The contracts of those documents that come up beside the candidate."""
        probes = [self.card.title, *(one.question for one in own)]
        probes += [item.text for chunk in self.chunks[:1] for item in chunk.chunk.items[:6]]
        seen: dict[str, int] = {}
        for probe in probes:
            if self.clock() - started > self.seconds / 2:
                break
            for passage in after.search(probe, limit=DEPTH, threshold=0.2).passages:
                if passage.document_id != self.card.id and not self._is_translation(passage):
                    seen[passage.document_id] = seen.get(passage.document_id, 0) + 1
        nearest = sorted(seen, key=lambda pk: (-seen[pk], pk))[:NEIGHBOURS]
        return self._endangered(self.contracts_of(nearest))

    def _endangered(self, contracts: Sequence[Contract]) -> list[Contract]:
        """The questions whose words stand in the candidate, those that share most first. It can't displace others."""
        own = {term for chunk in self.chunks for term in (*chunk.candidate.head, *chunk.candidate.counts)}
        shares = {one: _share(terms_of(one.question), own) for one in contracts}
        near = [one for one in contracts if shares[one] >= LEAST_SHARED]
        return sorted(near, key=lambda one: -shares[one])[:OTHER_QUESTIONS]

    def _is_translation(self, passage: Passage) -> bool:
        return bool(passage.topic) and passage.topic == self.card.topic


def _share(terms: Iterable[str], known: Collection[str]) -> float:
    wanted = set(terms)
    return sum(term in known for term in wanted) / len(wanted) if wanted else 0.0


def as_asked(question: str) -> str:
    """The form in which the retriever embeds a question."""
    return " ".join(question.split())[:LONGEST_QUERY]


def without_vectors(live: Knowledge, problem: str) -> Knowledge:
    return replace(live, retriever=replace(live.retriever, dense=None, problem=problem))
