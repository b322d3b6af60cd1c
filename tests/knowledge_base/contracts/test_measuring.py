from __future__ import annotations

import pytest
from django.core.management import call_command

from knowledge_base.contracts.charts import draw
from knowledge_base.contracts.checking import Contract
from knowledge_base.contracts.measuring import (
    measure_if_requested,
    measure_retrieval,
    off_topic_questions,
    request_measurement,
    sample,
)
from knowledge_base.contracts.models import FailingContract, RetrievalMeasurement
from knowledge_base.lifecycle import steps
from tests.knowledge_base.conftest import settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]


class MeasuringTests:
    def test_stores_figures_for_all_and_by_language(self, make_document):
        make_document("oom", questions=["writes are refused with an OOM error", "메모리가 가득 차 쓰기가 거부된다"])
        settle()

        row = measure_retrieval()

        assert (row.questions, row.recall_1, row.mrr, row.abstention) == (2, 1.0, 1.0, 1.0)
        assert set(row.by_language) == {"ko", "en"}
        assert row.embedder.startswith("hashed")

    def test_lists_what_fails_now_and_forgets_what_no_longer_does(self, make_document):
        document = make_document("oom", questions=["which bus goes to the airport"], symptoms=["x " * 1_000])
        measure_retrieval()
        assert list(FailingContract.objects.values_list("document_id", "place")) == [("oom", None)]

        document.questions = ["OOM command not allowed"]
        document.save()
        measure_retrieval()

        assert not FailingContract.objects.exists()

    def test_publishing_asks_for_one_and_the_owner_of_the_vectors_answers(self, make_document, carol):
        document = make_document("oom", status="draft", questions=["OOM command not allowed"])
        settle()
        RetrievalMeasurement.objects.all().delete()

        steps.publish(document=document, by=carol)
        settle()

        row = RetrievalMeasurement.objects.get()
        assert (row.trigger, row.about, row.questions) == ("publish", "oom", 1)

    def test_gives_way_to_more_urgent_work(self, make_document):
        make_document("oom", questions=["OOM command not allowed"])
        request_measurement("curator")

        assert measure_if_requested(busy=lambda: True) is False
        assert RetrievalMeasurement.objects.get().taken_at is None
        assert measure_if_requested() is True

    def test_the_command_says_the_figures(self, make_document, capsys):
        make_document("oom", questions=["OOM command not allowed"])

        call_command("measure_retrieval", "--all")

        assert "recall@1 1.000" in capsys.readouterr().out


class SampleTests:
    def test_is_the_same_each_time_and_spread_over_all(self):
        every = [Contract(f"d{n}", "", "q") for n in range(1_000)]

        chosen = sample(every, 10)

        assert [one.document_id for one in chosen] == [f"d{n}" for n in range(0, 1_000, 100)]

    def test_off_topic_questions_come_in_both_languages(self):
        questions = off_topic_questions()

        assert any(question.isascii() for question in questions)
        assert any("가" <= letter <= "힣" for question in questions for letter in question)


class ChartTests:
    def test_labels_that_end_together_are_parted(self):
        chart = draw([("a", "x", [0.95, 0.99]), ("b", "y", [0.95, 0.99])], ["1", "2"])

        assert chart is not None
        heights = sorted(line.label_y for line in chart.lines)
        assert heights[1] - heights[0] >= 14

    def test_nothing_measured_draws_nothing(self):
        assert draw([("a", "x", [None])], ["1"]) is None
