"""Measure retrieval over time: ask the published documents' own questions, and some that nothing here answers."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

from django.db import transaction
from django.utils import timezone

from knowledge_base.contracts.checking import DEPTH, TOP, Contract, as_asked, figures, place_of
from knowledge_base.contracts.models import FailingContract, RetrievalMeasurement
from knowledge_base.contracts.overlay import prepared
from knowledge_base.embedders.base import EmbedderUnavailable
from knowledge_base.knowledge import Knowledge
from knowledge_base.models import KnowledgeDocument
from knowledge_base.tokens import language_of

QUESTIONS = 200  # asked by one measurement; of more, every n-th, so that measurements can be compared
BATCH = 20  # questions embedded in one call
KEPT = 500  # measurements

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    contract: Contract
    language: str
    place: int | None
    first: str  # the document that came first


def request_measurement(trigger: str, *, about: str = "") -> None:
    """Have retrieval measured soon, by the process that owns the vectors. Several requests are answered by one."""
    waiting = RetrievalMeasurement.objects.filter(taken_at=None).first()
    if waiting is None:
        RetrievalMeasurement.objects.create(trigger=trigger, about=about)


class GaveWay(Exception):
    """Something more urgent than a measurement has come up."""


def measure_if_requested(*, busy: Callable[[], bool] = lambda: False) -> bool:
    """Answer the oldest request. Return whether it was; a measurement gives way as soon as there is other work."""
    waiting = RetrievalMeasurement.objects.filter(taken_at=None).order_by("pk").first()
    if waiting is None:
        return False

    def give_way(done: int, total: int) -> None:
        if busy():
            raise GaveWay

    try:
        measure_retrieval(row=waiting, progress=give_way)
    except GaveWay:
        return False
    return True


def measure_retrieval(
    *,
    row: RetrievalMeasurement | None = None,
    questions: int | None = QUESTIONS,
    progress: Progress = lambda done, total: None,
) -> RetrievalMeasurement:
    """Ask, and store figures and failing contracts. `questions` None asks them all."""
    from knowledge_base import retrieval  # late: the store of vectors need not be open before

    started = monotonic()
    row = row or RetrievalMeasurement(trigger=RetrievalMeasurement.Trigger.COMMAND)
    knowledge = retrieval.knowledge()
    every = list(all_contracts())
    chosen = sample(every, questions)
    asked = list(_ask(knowledge, chosen, progress))
    silent = [not knowledge.search(text, limit=1).passages for text in off_topic_questions()]
    _fill(row, asked, silent, known=len(every))
    row.embedder = knowledge.retriever.dense.embedder.stamp if knowledge.retriever.dense else ""
    row.seconds = round(monotonic() - started, 2)
    with transaction.atomic():
        row.save()
        _keep_failing(asked, every)
        _forget_old()
    return row


def all_contracts() -> Iterator[Contract]:
    """Every question of every published document."""
    rows = KnowledgeDocument.objects.published().order_by("pk").values_list("pk", "topic", "questions")
    for pk, topic, questions in rows.iterator(chunk_size=500):
        yield from (Contract(pk, topic, text) for one in questions if (text := str(one).strip()))


def sample(contracts: Sequence[Contract], most: int | None) -> list[Contract]:
    """Evenly spread, and the same ones each time."""
    if most is None or len(contracts) <= most:
        return list(contracts)
    return [contracts[n * len(contracts) // most] for n in range(most)]


def _ask(knowledge: Knowledge, contracts: Sequence[Contract], progress: Progress) -> Iterator[Asked]:
    for start in range(0, len(contracts), BATCH):
        some = contracts[start : start + BATCH]
        try:
            ready = prepared(knowledge, [as_asked(one.question) for one in some])
        except EmbedderUnavailable:
            ready = knowledge  # the retriever falls back to the full text by itself
        for one in some:
            found = ready.search(one.question, limit=DEPTH).passages
            first = found[0].document_id if found else ""
            yield Asked(one, language_of(one.question), place_of(one, found), first)
        progress(min(start + BATCH, len(contracts)), len(contracts))


def _fill(row: RetrievalMeasurement, asked: Sequence[Asked], silent: Sequence[bool], *, known: int) -> None:
    whole = figures(one.place for one in asked)
    row.taken_at = timezone.now()
    row.documents = KnowledgeDocument.objects.published().count()
    row.questions, row.questions_known = len(asked), known
    if whole is not None:
        row.recall_1, row.recall_5, row.mrr = whole.recall_1, whole.recall_5, whole.mrr
    row.off_topic = len(silent)
    row.abstention = round(sum(silent) / len(silent), 4) if silent else None
    row.by_language = {language: _of_language(asked, language) for language in sorted({one.language for one in asked})}


def _of_language(asked: Sequence[Asked], language: str) -> dict[str, Any]:
    places = [one.place for one in asked if one.language == language]
    found = figures(places)
    return {"questions": len(places), **({"recall_1": found.recall_1, "recall_5": found.recall_5, "mrr": found.mrr}
                                          if found else {})}  # fmt: skip


def _keep_failing(asked: Sequence[Asked], every: Sequence[Contract]) -> None:
    """Replace what is known of the questions that were asked; of the others that still stand, the last word stays."""
    kept = {(one.document_id, one.question) for one in every}
    kept -= {(one.contract.document_id, one.contract.question) for one in asked}
    known = list(FailingContract.objects.values_list("pk", "document_id", "question"))
    gone = [pk for pk, document, question in known if (document, question) not in kept]
    for start in range(0, len(gone), 500):
        FailingContract.objects.filter(pk__in=gone[start : start + 500]).delete()
    FailingContract.objects.bulk_create(
        FailingContract(document_id=one.contract.document_id, question=one.contract.question, place=one.place,
                        instead=one.first)
        for one in asked
        if one.place is None or one.place > TOP
    )  # fmt: skip


def _forget_old() -> None:
    old = RetrievalMeasurement.objects.exclude(taken_at=None).order_by("-taken_at").values_list("pk", flat=True)
    RetrievalMeasurement.objects.filter(pk__in=list(old[KEPT : KEPT + 100])).delete()


@cache
def off_topic_questions() -> tuple[str, ...]:
    with (Path(__file__).parent / "off_topic.toml").open("rb") as stream:
        listed = tomllib.load(stream)
    return tuple(text for texts in listed.values() for text in texts)
