from __future__ import annotations

import pytest

from knowledge_base.contracts.services import check_contracts
from knowledge_base.lifecycle import editing, steps
from knowledge_base.lifecycle.models import DocumentTransition
from knowledge_base.models import IndexTask, StoredChunk
from tests.knowledge_base.conftest import settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]

QUORUM = "sentinel cannot reach quorum and no failover happens"
AOF = {"status": "draft", "title": "AOF fsync stalls", "symptoms": ["disk is busy during fsync"]}


@pytest.fixture
def library(make_document):
    """A few documents with contracts, indexed with vectors."""
    make_document("oom", questions=["writes are refused with an OOM error"])
    make_document(
        "quorum", title="Sentinel has no quorum", category="replication", symptoms=["no failover happens"],
        root_causes=["too few sentinels are reachable"], diagnosis_steps=[], questions=[QUORUM],
    )  # fmt: skip
    settle()


@pytest.mark.usefixtures("library")
class CheckTests:
    def test_a_text_that_keeps_its_promise_passes(self, make_document):
        document = make_document("aof", **AOF)
        content = {**document.content(), "questions": ["AOF fsync stalls the server"]}

        report = check_contracts(document=document, content=content)

        assert [one.after for one in report.own] == [1]
        assert not report.is_regression

    def test_a_question_about_something_else_is_a_broken_promise(self, make_document):
        document = make_document("aof", **AOF)
        crowd = [make_document(f"crowd{n}", title=QUORUM, symptoms=[QUORUM], questions=[]) for n in range(6)]
        settle()
        content = {**document.content(), "questions": [QUORUM], "symptoms": ["x " * 900]}

        report = check_contracts(document=document, content=content)

        assert len(crowd) == 6
        assert [one.contract.document_id for one in report.lost if one.own] == ["aof"]
        assert report.is_regression

    def test_shows_whose_questions_a_text_would_take_over(self, make_document):
        for n in range(4):
            make_document(f"crowd{n}", title=QUORUM, symptoms=[QUORUM], questions=[])
        document = make_document("thief", status="draft", title=QUORUM, symptoms=[QUORUM, QUORUM])
        settle()

        report = check_contracts(document=document, content=document.content())

        (row,) = [one for one in report.others if one.contract.document_id == "quorum"]
        assert (row.before, row.after) == (5, 6)
        assert row.is_lost
        assert {name: after.recall_5 for name, _before, after, _n in report.rows}["others"] < 1

    def test_writes_nothing(self, make_document):
        document = make_document("aof", status="draft", questions=["AOF fsync stalls the server"])
        settle()
        before = (StoredChunk.objects.count(), IndexTask.objects.filter(state="pending").count())

        check_contracts(document=document, content=document.content())

        assert (StoredChunk.objects.count(), IndexTask.objects.filter(state="pending").count()) == before

    def test_ends_when_its_time_is_over_and_says_so(self, make_document):
        document = make_document("aof", status="draft", questions=[f"question {n}" for n in range(9)])

        report = check_contracts(document=document, content=document.content(), seconds=0.0)

        assert report.own == ()
        assert report.unasked >= 9

    def test_agrees_with_the_index_once_it_is_published(self, make_document, carol):
        """What the overlay foretells is what a search then says."""
        from knowledge_base import retrieval

        document = make_document("aof", **AOF)
        question = "fsync makes the disk busy"
        content = {**document.content(), "questions": [question]}
        editing.edit_document(document=document, fields={"questions": [question]}, by=carol)
        (foretold,) = check_contracts(document=document, content=content).own

        steps.publish(document=document, by=carol)
        settle()

        found = [passage.document_id for passage in retrieval.search(question).passages]
        assert found.index("aof") + 1 == foretold.after


@pytest.mark.usefixtures("library")
class PublishingTests:
    @pytest.fixture
    def thief(self, make_document):
        for n in range(4):
            make_document(f"crowd{n}", title=QUORUM, symptoms=[QUORUM], questions=[])
        document = make_document("thief", status="draft", title=QUORUM, symptoms=[QUORUM, QUORUM], notes="x")
        settle()
        return document

    def test_is_refused_when_the_search_would_get_worse(self, thief, carol):
        with pytest.raises(steps.ContractsBroken):
            steps.publish(document=thief, by=carol)

        thief.refresh_from_db()
        assert thief.status == "draft"

    def test_goes_on_with_a_written_reason_which_is_kept(self, thief, carol):
        steps.publish(document=thief, by=carol, override="The old one goes next week.")

        row = DocumentTransition.objects.get(step="publish")
        assert row.override == "The old one goes next week."
        assert row.contracts["regression"] is True
        assert row.contracts["lost"][0]["document"] == "quorum"
