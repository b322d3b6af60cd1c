"""Ask the questions that documents promise to be found by, as the index is and as it would be. No Django models.

A document's own questions are its contract. Those of its neighbours are asked too, because a new text may take their
place. A time limit bounds it all; the report says how many questions were left unasked.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
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
OWN_SHARE, PROBE_SHARE = 0.45, 0.6  # of that time: until then own questions, then the search for neighbours
PROBES = 6  # lines of the candidate that look for neighbours
PROBE_THRESHOLD = 0.2
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
        found = self._ask(own, live, after, until=started + OWN_SHARE * self.seconds)
        others, unprobed = self._neighbours(found.beside, after, until=started + PROBE_SHARE * self.seconds)
        live, after = self._both([one.question for one in others])
        displaced = self._ask(others, live, after, until=started + self.seconds)
        return ContractReport(
            own=tuple(found.outcomes),
            others=tuple(displaced.outcomes),
            unasked=found.unasked + unprobed + displaced.unasked + max(0, len(self.questions) - OWN_QUESTIONS),
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

    def _ask(self, contracts: Sequence[Contract], live: Knowledge, after: Knowledge, *, until: float) -> _Asked:
        asked = _Asked()
        for number, contract in enumerate(contracts):
            if self.clock() > until:
                asked.unasked = len(contracts) - number
                break
            found = after.search(contract.question, limit=DEPTH).passages
            asked.beside.update(self._others(found))
            asked.outcomes.append(self._outcome(contract, live, found))
        return asked

    def _outcome(self, contract: Contract, live: Knowledge, found: Sequence[Passage]) -> Outcome:
        place = place_of(contract, found)
        own = contract.document_id == self.card.id
        is_new = own and contract.question not in self.published_questions
        if own and not self.published_questions:
            before = None  # nothing of it is published yet
        elif not own and _held(place) and self.card.id not in [one.document_id for one in found[:place]]:
            before = place  # the candidate stands behind it, so it changed nothing for this question
        else:
            before = place_of(contract, live.search(contract.question, limit=DEPTH).passages)
        instead = found[0].document_id if found and place != 1 else ""
        return Outcome(contract, before, place, own, is_new, instead)

    def _neighbours(self, beside: Counter[str], after: Knowledge, *, until: float) -> tuple[list[Contract], int]:
        """The contracts of those documents that come up beside the candidate, and how many probes were left out."""
        probes = [self.card.title, *(item.text for chunk in self.chunks[:1] for item in chunk.chunk.items[:PROBES])]
        unprobed = 0
        for number, probe in enumerate(probes):
            if self.clock() > until:
                unprobed = len(probes) - number
                break
            beside.update(self._others(after.search(probe, limit=DEPTH, threshold=PROBE_THRESHOLD).passages))
        nearest = [pk for pk, _count in beside.most_common(NEIGHBOURS)]
        return self._endangered(self.contracts_of(nearest)), unprobed

    def _others(self, passages: Sequence[Passage]) -> set[str]:
        """Documents that stand beside the candidate, without itself and its translations."""
        return {
            one.document_id
            for one in passages
            if one.document_id != self.card.id and not (one.topic and one.topic == self.card.topic)
        }

    def _endangered(self, contracts: Sequence[Contract]) -> list[Contract]:
        """The questions whose words stand in the candidate, those that share most first. It can't displace others."""
        own = {term for chunk in self.chunks for term in (*chunk.candidate.head, *chunk.candidate.counts)}
        shares = {one: _share(terms_of(one.question), own) for one in contracts}
        near = [one for one in contracts if shares[one] >= LEAST_SHARED]
        return sorted(near, key=lambda one: -shares[one])[:OTHER_QUESTIONS]


@dataclass
class _Asked:
    """What came of a round of questions."""

    outcomes: list[Outcome] = field(default_factory=list)
    beside: Counter[str] = field(default_factory=Counter)  # how often other documents came up
    unasked: int = 0


def _share(terms: Iterable[str], known: Collection[str]) -> float:
    wanted = set(terms)
    return sum(term in known for term in wanted) / len(wanted) if wanted else 0.0


def as_asked(question: str) -> str:
    """The form in which the retriever embeds a question."""
    return " ".join(question.split())[:LONGEST_QUERY]


def without_vectors(live: Knowledge, problem: str) -> Knowledge:
    return replace(live, retriever=replace(live.retriever, dense=None, problem=problem))
