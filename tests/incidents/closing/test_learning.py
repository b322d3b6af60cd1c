"""What one incident taught is there for the next one, with a way back to where it came from."""

from __future__ import annotations

import pytest
from django.test import Client

from incidents.closing.models import IncidentCase
from incidents.closing.services import Answers, close_incident
from knowledge_base import services as knowledge
from knowledge_base.feedback.services import give_feedback
from knowledge_base.models import KnowledgeDocument
from tests.conftest import make_person

FIXED = Answers(resolution="Raised maxmemory to 2 GB", verified="SET answers OK", diagnosis_right="yes")


@pytest.fixture
def learned(analysed, bob):
    """A closed incident with its case published."""
    incident = analysed("Checkout writes fail with OOM command not allowed")
    close_incident(incident=incident, answers=FIXED, actor=bob)
    document = IncidentCase.objects.get(incident=incident).document
    knowledge.publish_documents(documents=[document])
    return incident


class NextIncidentTests:
    def test_cites_the_case_and_leads_back_to_its_incident(self, learned, analysed, bob):
        again = analysed("Session writes are refused, OOM again")

        cases = again.latest_run.result["related_cases"]

        assert [case["incident"] for case in cases] == [learned.public_id]
        client = Client()
        client.force_login(bob)
        page = client.get(again.get_absolute_url()).content.decode()
        assert f'href="{learned.get_absolute_url()}"' in page
        shown = client.get(f"/knowledge/{cases[0]['id']}/").content.decode()
        assert f'href="{learned.get_absolute_url()}"' in shown

    def test_does_not_cite_a_draft(self, analysed, bob):
        close_incident(incident=analysed("Writes fail, OOM"), answers=FIXED, actor=bob)

        assert analysed("Writes fail, OOM").latest_run.result["related_cases"] == []

    def test_shows_what_feedback_did_to_the_case(self, learned, analysed, bob):
        document = IncidentCase.objects.get(incident=learned).document
        before = analysed("Writes fail, OOM").latest_run.result["related_cases"][0]
        for number in range(5):
            give_feedback(document=document, user=make_person(f"person-{number}"), verdict="helped")

        again = analysed("Writes fail, OOM")

        case = again.latest_run.result["related_cases"][0]
        assert case["opinion"] == {"helped": 5, "wrong": 0, "shift": 0.0385}
        assert case["score"] == pytest.approx(min(1.0, before["score"] + 0.0385), abs=0.002)
        client = Client(headers={"accept-language": "en"})
        client.force_login(bob)
        assert "helped 5 times: +0.04" in client.get(again.get_absolute_url()).content.decode()


@pytest.mark.django_db
class RankingTests:
    @pytest.fixture
    def twins(self):
        """Two documents that fit a question about equally well."""
        shared = {"category": "memory", "language": "en", "status": "published"}
        return [
            KnowledgeDocument.objects.create(
                id=f"kb-{name}", title="maxmemory is reached and writes fail", symptoms=["OOM command not allowed"],
                topic=name, **shared,
            )
            for name in ("a", "b")
        ]  # fmt: skip

    def order(self, question="OOM command not allowed when maxmemory is reached"):
        from knowledge_base import retrieval

        return [passage.document_id for passage in retrieval.search(question, language="en").passages]

    def test_puts_what_helped_before_its_equal(self, twins, bob):
        assert self.order() == ["kb-a", "kb-b"]

        give_feedback(document=twins[1], user=bob, verdict="helped")

        assert self.order() == ["kb-b", "kb-a"]

    def test_tells_why_in_the_search(self, twins, bob):
        give_feedback(document=twins[0], user=bob, verdict="wrong", why="Outdated")
        client = Client(headers={"accept-language": "en"})
        client.force_login(bob)

        page = client.get("/knowledge/?q=OOM command not allowed when maxmemory is reached").content.decode()

        assert "wrong once: −0.01" in page

    def test_answers_no_question_that_it_would_not_have_answered(self, twins):
        for number in range(20):
            give_feedback(document=twins[0], user=make_person(f"person-{number}"), verdict="helped")

        assert self.order("How do I bake bread?") == []

    def test_hides_no_answer_however_many_complain(self, twins):
        for number in range(20):
            give_feedback(document=twins[0], user=make_person(f"person-{number}"), verdict="wrong", why="no")

        assert set(self.order()) == {"kb-a", "kb-b"}

    def test_opens_no_gate_of_the_analysis(self):
        from knowledge_base.admission import STRONG, judge
        from knowledge_base.feedback.weighing import Opinion
        from knowledge_base.passages import Passage, Why

        why = Why(opinion=Opinion(9, 0, 0.05), fit=STRONG - 0.01)
        passage = Passage(
            document_id="kb-x", revision=1, title="", kind="runbook", category="memory", severity="low", language="en",
            topic="", tags=(), part="notes[0]", text="", excerpt="", score=STRONG + 0.04, why=why,
        )  # fmt: skip

        assert judge(passage, finding_ids={"mem-x"}) is None
