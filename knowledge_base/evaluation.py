"""Measure retrieval against questions whose right topic is known. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge_base.knowledge import Knowledge
from knowledge_base.passages import Filters, Passage

DEPTH = 10
OTHER_LANGUAGE = {"ko": "en", "en": "ko"}


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the topic that answers it (None: nothing here should), and the language it is in."""

    text: str
    topic: str | None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    question: Question
    passages: tuple[Passage, ...]

    @property
    def rank(self) -> int | None:
        """The place of the first right document, from 1."""
        for place, passage in enumerate(self.passages, start=1):
            if self.question.topic in passage.tags or self.question.topic == passage.topic:
                return place
        return None


def read_questions(lines: Iterable[str]) -> Iterator[Question]:
    """Questions from JSON lines. Raises ValueError that names the line."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            yield Question(str(row["q"]), row.get("topic") or None, str(row.get("lang", "")))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f"Line {number} is no question: it must be an object with q and topic.") from None


def ask(knowledge: Knowledge, questions: Iterable[Question]) -> Iterator[Answer]:
    for question in questions:
        yield Answer(question, knowledge.search(question.text, limit=DEPTH).passages)


def across_languages(knowledge: Knowledge, questions: Iterable[Question]) -> Iterator[Answer]:
    """Ask each Korean question of the English documents alone, and each English one of the Korean."""
    for question in questions:
        if question.topic and question.language in OTHER_LANGUAGE:
            only = Filters(languages=(OTHER_LANGUAGE[question.language],))
            yield Answer(question, knowledge.search(question.text, limit=DEPTH, filters=only).passages)


def summary_of(answers: Sequence[Answer]) -> dict[str, Any]:
    """Recall and MRR of the questions that have an answer, and how many of the others were left unanswered."""
    on = [answer for answer in answers if answer.question.topic]
    off = [answer for answer in answers if not answer.question.topic]
    ranks = [answer.rank for answer in on]
    return {
        "queries": len(answers),
        "recall@1": _share(rank == 1 for rank in ranks),
        "recall@5": _share(rank is not None and rank <= 5 for rank in ranks),
        "mrr": round(sum(1.0 / rank for rank in ranks if rank) / len(ranks), 4) if ranks else None,
        "abstained": _share(not answer.passages for answer in off),
        "off_topic": len(off),
        "off_topic_answered": sum(bool(answer.passages) for answer in off),
    }


def _share(flags: Iterable[bool]) -> float | None:
    found = list(flags)
    return round(sum(found) / len(found), 4) if found else None


def by_language(answers: Sequence[Answer]) -> dict[str, dict[str, Any]]:
    languages = sorted({answer.question.language for answer in answers if answer.question.topic})
    return {
        language: summary_of(
            [answer for answer in answers if answer.question.language == language and answer.question.topic]
        )
        for language in languages
    }


def as_json(answers: Sequence[Answer]) -> dict[str, Any]:
    return {
        "queries": [
            {"q": answer.question.text, "results": [_result(passage) for passage in answer.passages]}
            for answer in answers
        ],
        "summary": {**summary_of(answers), "by_language": by_language(answers)},
    }


def _result(passage: Passage) -> Mapping[str, Any]:
    return {
        "document_id": passage.document_id,
        "title": passage.title,
        "tags": list(passage.tags),
        "score": passage.score,
    }
