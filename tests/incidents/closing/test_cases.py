"""A closed incident becomes a draft of a case: masked, once, and left alone when a curator has touched it."""

from __future__ import annotations

import pytest

from incidents.closing import services
from incidents.closing.models import IncidentCase
from incidents.closing.services import Answers
from incidents.models import AnalysisRun
from knowledge_base import services as knowledge
from knowledge_base.models import KnowledgeDocument

SECRET = "tr0ub4dor-and-3-more"
LEAKY = """Writes fail on redis-7.prod.example.com (10.20.30.40), reported by kim.minsu@example.com.
requirepass tr0ub4dor-and-3-more"""


def close(incident, actor, **answers):
    answers = {"resolution": "Raised maxmemory to 2 GB", "diagnosis_right": "yes", **answers}
    return services.close_incident(incident=incident, answers=Answers(**answers), actor=actor)


def case_of(incident) -> KnowledgeDocument:
    return IncidentCase.objects.get(incident=incident).document


class DraftTests:
    def test_says_what_was_seen_what_it_was_and_what_fixed_it(self, analysed, bob):
        incident = analysed()

        close(incident, bob, verified="SET answers OK", prevention="Alert at 80 %")

        case = case_of(incident)
        assert (case.kind, case.status, case.origin, case.language) == ("case", "draft", "incident", "en")
        assert (case.category, case.author) == ("memory", bob)
        assert "Writes fail with OOM" in case.symptoms
        assert any("maxmemory_policy" in line or "used_memory" in line for line in case.symptoms)
        assert case.solutions[0]["text"] == "Raised maxmemory to 2 GB"
        assert case.solutions[0]["verify"] == "SET answers OK"
        assert case.prevention == ["Alert at 80 %"]
        assert "mem-maxmemory-pressure" in case.preconditions
        assert incident.public_id in case.sources[0]

    def test_is_written_in_the_language_of_the_incident(self, analysed, bob):
        incident = analysed("쓰기가 OOM으로 실패합니다", language="ko")

        close(incident, bob, resolution="maxmemory를 2GB로 올림")

        case = case_of(incident)
        assert case.language == "ko"
        assert case.sources == [f"장애 {incident.public_id}"]
        assert "장애" in case.notes

    def test_shows_a_reviewer_no_secret_address_host_or_person(self, analysed, bob):
        incident = analysed(LEAKY)

        close(
            incident, bob, resolution=f"Logged in to 10.20.30.40 with {SECRET} and raised maxmemory",
            verified="kim.minsu@example.com confirms that redis-7.prod.example.com takes writes",
        )  # fmt: skip

        text = str(case_of(incident).content())
        for leak in (SECRET, "10.20.30.40", "redis-7.prod", "kim.minsu"):
            assert leak not in text
        assert IncidentCase.objects.get(incident=incident).masked["ip"] >= 1

    def test_names_the_true_cause_where_the_diagnosis_was_wrong(self, analysed, bob):
        incident = analysed()

        close(incident, bob, diagnosis_right="no", actual_words="A job wrote without TTL", actual_category="memory")

        case = case_of(incident)
        assert case.title.startswith("A job wrote without TTL")
        assert case.root_causes[0] == "A job wrote without TTL"
        assert "wrong" in case.root_causes[1]
        assert case.diagnosis_steps == []

    @pytest.mark.parametrize("answers", [{"resolution": ""}])
    def test_is_not_made_without_a_word_on_what_fixed_it(self, analysed, bob, answers):
        incident = analysed()

        close(incident, bob, **answers)

        assert not IncidentCase.objects.exists()

    def test_is_not_made_of_a_healthy_system(self, analysed, bob):
        incident = analysed()
        AnalysisRun.objects.filter(incident=incident).update(result={**incident.latest_run.result, "category": "none"})

        close(incident, bob)

        assert not IncidentCase.objects.exists()


class SecondClosingTests:
    def test_renews_a_draft_that_nobody_has_touched(self, analysed, bob):
        incident = analysed()
        closing = close(incident, bob)
        first = case_of(incident).pk

        close(closing.incident, bob, resolution="Evicted the report cache")

        assert KnowledgeDocument.objects.filter(origin="incident").count() == 1
        assert case_of(incident).pk == first
        assert case_of(incident).solutions[0]["text"] == "Evicted the report cache"

    def test_leaves_a_curated_draft_alone(self, analysed, bob, carol):
        incident = analysed()
        closing = close(incident, bob)
        knowledge.update_document(document=case_of(incident), fields={"title": "Curated"}, by=carol)

        close(closing.incident, bob, resolution="Something else")

        assert case_of(incident).title == "Curated"
        assert case_of(incident).solutions[0]["text"] == "Raised maxmemory to 2 GB"

    def test_does_not_bring_back_what_a_curator_removed(self, analysed, bob):
        incident = analysed()
        closing = close(incident, bob)
        knowledge.delete_document(document=case_of(incident))

        close(closing.incident, bob, resolution="Something else")

        assert not KnowledgeDocument.objects.filter(origin="incident").exists()
