"""The index of incidents follows every change, and finds Korean, stems, unfinished words and evidence."""

from __future__ import annotations

import pytest
from django.db import connection

from incidents import services
from incidents.collaboration import services as collaboration
from incidents.diagnostics.intake import IncidentInput
from incidents.finding.indexing import TERMS, reindex, stale_incidents, terms_text
from incidents.finding.matching import best_matches, number_in, wanted_by
from incidents.finding.models import IncidentText, IncidentTrait
from incidents.models import Incident
from incidents.runs.execution import execute_run
from tests.incidents.standins import Scripted

pytestmark = pytest.mark.django_db


def reported(bob, description="Writes fail", *pasted: str) -> Incident:
    return services.create_incident(
        intake=IncidentInput(description=description, pasted=pasted), reporter=bob, language="en"
    )


class WordTests:
    @pytest.mark.parametrize(
        ("description", "query"),
        [
            ("Replicas are failing over", "failed replica"),
            ("결제 세션을 저장하지 못합니다. 메모리가 가득 찼습니다", "메모리 세션"),
            ("결제 세션을 저장하지 못합니다", "결"),
            ("결제 세션을 저장하지 못합니다", "세션이"),
            ("OOM command not allowed when used memory > 'maxmemory'", "oom maxmem"),
            ("used_memory is high", "used_memory"),
            ("used_memory is high", "usedmem"),
            ("port 6379 refuses", "6379"),
            ("memory is full", "the memory is"),
        ],
    )
    def test_find_what_was_described(self, bob, description, query):
        wanted, _other = reported(bob, description), reported(bob, "Something else entirely")

        assert best_matches(query, limit=5) == [wanted.pk]

    def test_must_all_be_there(self, bob):
        reported(bob, "Replicas lag")

        assert best_matches("replicas explode", limit=5) == []

    def test_find_evidence_and_its_end(self, bob):
        log = "\n".join(["1:M 01 Jan 2026 00:00:00.000 * filler line"] * 2_000) + "\nzanzibar was here"
        incident = reported(bob, "Slow", log)

        assert best_matches("zanzibar", limit=5) == [incident.pk]

    def test_follow_added_evidence(self, bob):
        incident = reported(bob, "Slow", "first text")
        services.add_evidence(incident=incident, intake=IncidentInput(pasted=("cardamom",)), actor=bob)

        assert best_matches("cardamom", limit=5) == best_matches("first", limit=5) == [incident.pk]

    def test_rank_the_title_above_evidence(self, bob):
        in_title = reported(bob, "cardamom is missing")
        reported(bob, "Slow", "and somewhere cardamom")

        assert best_matches("cardamom", limit=1) == [in_title.pk]

    def test_are_bounded(self):
        assert len(terms_text(f"word{n}" for n in range(TERMS * 2)).split()) == TERMS

    @pytest.mark.parametrize("query", ["", " ", '" OR 1', "a*b:c", "NEAR(", "'; --", "(((", "-", "ㅁ", "x" * 5000])
    def test_of_any_shape_break_nothing(self, bob, query):
        reported(bob)

        best_matches(query, limit=5)
        assert not wanted_by(query).is_empty or best_matches(query, limit=5) == []

    def test_name_a_number(self):
        assert [number_in(text) for text in ("INC-000012", "inc-12", "#12", "12", "12a")] == [12, 12, 12, 12, None]


class ChangeTests:
    def test_edited_details_are_found_and_old_ones_forgotten(self, bob):
        incident = reported(bob, "pumpernickel")
        services.edit_details(incident=incident, actor=bob, title="cinnamon", description="cinnamon")

        assert best_matches("cinnamon", limit=5) == [incident.pk]
        assert best_matches("pumpernickel", limit=5) == []

    def test_what_fixed_it_is_found(self, bob):
        incident = reported(bob)
        services.change_status(incident=incident, status="resolved", actor=bob, resolution="raised nutmeg to 12 GB")

        assert best_matches("nutmeg", limit=5) == [incident.pk]

    def test_comments_are_found(self, bob):
        incident = reported(bob)
        comment = collaboration.add_comment(incident=incident, author=bob, text="saffron helps")

        assert best_matches("saffron", limit=5) == [incident.pk]
        reindex(incident.pk)
        assert best_matches("saffron", limit=5) == [incident.pk]
        collaboration.delete_comment(comment=comment, actor=bob)
        assert best_matches("saffron", limit=5) == []

    def test_a_deleted_incident_is_forgotten(self, bob):
        reported(bob, "pumpernickel").delete()

        assert best_matches("pumpernickel", limit=5) == []

    def test_a_report_leaves_traits_and_its_time(self, bob):
        incident = reported(
            bob, "Writes fail", "# Memory\nused_memory:1000\nmaxmemory:1000\nmaxmemory_policy:noeviction"
        )
        run = services.start_analysis(incident=incident, actor=bob)
        list(execute_run(run=run, worker="w"))

        incident.refresh_from_db()
        assert incident.diagnosed_at is not None
        assert IncidentTrait.objects.filter(incident=incident, kind="finding", name="mem-maxmemory-pressure").exists()
        assert IncidentTrait.objects.filter(incident=incident, kind="cause").exists()
        assert IncidentText.objects.get(incident=incident).report

    def test_a_second_report_replaces_the_first_ones_traits(self, bob):
        incident = reported(bob)
        for _ in range(2):
            list(execute_run(run=services.start_analysis(incident=incident, actor=bob), worker="w", analyse=Scripted()))

        names = list(IncidentTrait.objects.values_list("kind", "name"))
        assert len(names) == len(set(names))


class ReconcilingTests:
    def test_finds_nothing_to_do_after_ordinary_work(self, bob):
        incident = reported(bob, "Writes fail", "some text")
        list(execute_run(run=services.start_analysis(incident=incident, actor=bob), worker="w", analyse=Scripted()))
        services.assign(incident=incident, assignee=bob, actor=bob)

        assert stale_incidents() in ([], [incident.pk])  # a wordless save may count as one to look at
        reindex(incident.pk)
        assert stale_incidents() == []

    def test_mends_what_was_written_past_the_portal(self, bob):
        incident = reported(bob, "Writes fail", "some cardamom")
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM incidents_incidenttext")

        assert stale_incidents() == [incident.pk]
        reindex(incident.pk)
        assert stale_incidents() == []
        assert best_matches("cardamom", limit=5) == [incident.pk]
