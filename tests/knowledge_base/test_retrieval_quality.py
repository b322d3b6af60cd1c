"""Floors under what was measured. `own_queries.jsonl` was tuned on; `held_out_queries.jsonl` was written before the
tuning and never looked into: a change that needs its wording to pass is no improvement."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from knowledge_base.evaluation import Answer, across_languages, ask, by_language, read_questions, summary_of
from knowledge_base.knowledge import Knowledge
from knowledge_base.shipped import knowledge_in_memory

HERE = Path(__file__).parent
SETS = ("own_queries.jsonl", "held_out_queries.jsonl")


@cache
def knowledge() -> Knowledge:
    return knowledge_in_memory()


@cache
def answers(name: str, *, across: bool = False) -> list[Answer]:
    questions = list(read_questions((HERE / name).read_text(encoding="utf-8").splitlines()))
    return list((across_languages if across else ask)(knowledge(), questions))


@pytest.mark.parametrize("name", SETS)
class ShippedKnowledgeTests:
    def test_is_found_by_questions_in_operators_words(self, name):
        found = summary_of(answers(name))

        assert found["recall@1"] >= 0.88
        assert found["recall@5"] >= 0.95
        assert found["mrr"] >= 0.90

    def test_is_silent_on_other_subjects(self, name):
        found = summary_of(answers(name))

        assert found["off_topic_answered"] <= 0.05 * found["off_topic"]

    def test_is_found_in_either_language(self, name):
        found = by_language(answers(name))

        assert found["ko"]["recall@5"] >= 0.94
        assert found["en"]["recall@5"] >= 0.95

    def test_is_found_by_questions_in_the_other_language(self, name):
        found = summary_of(answers(name, across=True))

        assert found["recall@5"] >= 0.90


class EverydayKoreanTests:
    """64 Korean questions and 30 of other subjects, written without looking at a document, spelt as people type.

    At first contact: recall@1 0.766, recall@5 0.828, 2 of 30 answered. The glossary was then widened with these
    questions in view, so this floor guards against a loss and says nothing about questions yet unseen.
    """

    def test_is_understood(self):
        found = summary_of(answers("everyday_queries.jsonl"))

        assert found["recall@1"] >= 0.93
        assert found["recall@5"] >= 0.97
        assert found["off_topic_answered"] <= 2


class UnseenKoreanTests:
    """28 questions and 12 of other subjects, written after the glossary was widened and never tuned on.

    Measured once: recall@1 and recall@5 0.821 (0.714 with the glossary before), 1 of 12 answered. The questions that
    fail are left unread, so that the figure goes on meaning something.
    """

    def test_is_answered_as_often_as_when_it_was_written(self):
        found = summary_of(answers("unseen_korean_queries.jsonl"))

        assert found["recall@1"] >= 0.78
        assert found["recall@5"] >= 0.80
        assert found["off_topic_answered"] <= 1
