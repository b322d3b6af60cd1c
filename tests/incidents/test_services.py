"""Keeping incidents, evidence and people's changes."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User

from incidents import services
from incidents.diagnostics.intake import IncidentInput, UploadedText
from incidents.evidence_rows import intake_of
from incidents.models import AnalysisRun, EvidenceItem, Incident, IncidentChange

pytestmark = pytest.mark.django_db
FULL = IncidentInput(
    timestamp="2026-11-22T11:58:38",
    error_logs=("first line", "second line"),
    metrics={"used_memory": 1000, "ratio": 1.5},
    redis_info="redis_version:7.0.15\nused_memory:1000",
    redis_version="7.0.15",
    deployment_type="standalone",
    description="Writes fail",
    artifacts={"slowlog": [[1, 2, 3]], "memory_doctor": "Sam, I detected a few issues"},
    files=(UploadedText("server.log", "a log line"),),
    pasted=("something else",),
)


def new_incident(reporter: User, intake: IncidentInput = FULL) -> Incident:
    return services.create_incident(intake=intake, reporter=reporter, language="en")


class CreateIncidentTests:
    def test_keeps_every_part_so_that_the_intake_can_be_put_together_again(self, bob):
        incident = new_incident(bob)

        assert intake_of(incident, until=99) == FULL

    def test_takes_its_title_from_the_first_words_there_are(self, bob):
        assert new_incident(bob).title == "Writes fail"
        assert new_incident(bob, IncidentInput(pasted=("\n\n  OOM command not allowed\nmore",))).title.startswith("OOM")

    def test_keeps_the_reported_time_word_for_word_and_as_a_moment(self, bob):
        incident = new_incident(bob)

        assert incident.timestamp == "2026-11-22T11:58:38"
        assert incident.occurred_at is not None

    def test_accepts_a_time_that_is_none(self, bob):
        incident = new_incident(bob, IncidentInput(description="x", timestamp="around three"))

        assert incident.occurred_at is None
        assert incident.timestamp == "around three"

    def test_refuses_an_empty_intake(self, bob):
        with pytest.raises(services.NothingToAnalyse):
            new_incident(bob, IncidentInput(pasted=("  \n",)))

        assert Incident.objects.count() == 0

    def test_makes_hostile_text_storable(self, bob):
        intake = IncidentInput(
            description="nul \x00 and \ud800", pasted=("\x00\x01",), metrics={"bad": float("nan"), "k\x00": "v\x00"}
        )

        incident = new_incident(bob, intake)

        assert "\x00" not in incident.description
        assert incident.evidence.count() == 2

    def test_notes_who_reported_it(self, bob):
        change = new_incident(bob).changes.get()

        assert (change.kind, change.actor) == (IncidentChange.Kind.REPORTED, bob)


class AddEvidenceTests:
    def test_continues_the_numbers(self, bob):
        incident = new_incident(bob)
        last = incident.evidence.last()

        rows = services.add_evidence(incident=incident, intake=IncidentInput(pasted=("more",)), actor=bob)

        assert [row.sequence for row in rows] == [last.sequence + 1]

    def test_refuses_nothing(self, bob):
        with pytest.raises(services.NothingToAnalyse):
            services.add_evidence(incident=new_incident(bob), intake=IncidentInput(), actor=bob)

    def test_makes_an_earlier_sample_of_the_first_info_when_a_second_comes(self, bob):
        incident = new_incident(bob)

        services.add_evidence(incident=incident, intake=IncidentInput(redis_info="used_memory:2000"), actor=bob)

        intake = intake_of(incident, until=99)
        assert intake.redis_info == "used_memory:2000"
        assert intake.artifacts["redis_info_earlier"] == FULL.redis_info

    def test_leaves_an_earlier_run_with_the_evidence_it_had(self, bob):
        incident = new_incident(bob, IncidentInput(pasted=("first",)))
        run = services.start_analysis(incident=incident, actor=bob)

        services.add_evidence(incident=incident, intake=IncidentInput(pasted=("second",)), actor=bob)

        assert intake_of(incident, until=run.evidence_until).pasted == ("first",)


class StartAnalysisTests:
    def test_queues_a_run_over_all_evidence(self, bob):
        incident = new_incident(bob)

        run = services.start_analysis(incident=incident, actor=bob)

        assert run.status == AnalysisRun.Status.QUEUED
        assert run.evidence_until == EvidenceItem.objects.filter(incident=incident).count()

    def test_answers_a_second_click_with_the_run_that_is_there(self, bob):
        incident = new_incident(bob)
        run = services.start_analysis(incident=incident, actor=bob)

        with pytest.raises(services.AnalysisAlreadyRunning) as caught:
            services.start_analysis(incident=incident, actor=bob)

        assert caught.value.run == run
        assert incident.runs.count() == 1


class CancelRunTests:
    def test_ends_a_queued_run_and_says_so_in_its_log(self, bob):
        run = services.start_analysis(incident=new_incident(bob), actor=bob)

        assert services.cancel_run(run=run, actor=bob)

        run.refresh_from_db()
        assert run.status == AnalysisRun.Status.CANCELLED
        assert [event.payload for event in run.events.all()] == [{"status": "cancelled"}]

    def test_does_nothing_to_a_run_that_has_ended(self, bob):
        run = services.start_analysis(incident=new_incident(bob), actor=bob)
        services.cancel_run(run=run, actor=bob)

        assert not services.cancel_run(run=run, actor=bob)
        assert run.events.count() == 1


class ChangeStatusTests:
    def test_keeps_what_fixed_it_and_when(self, bob):
        incident = services.change_status(
            incident=new_incident(bob), status="resolved", resolution="Raised maxmemory", diagnosis_right="yes",
            actor=bob,
        )  # fmt: skip

        assert incident.resolved_at is not None
        assert (incident.resolution, incident.diagnosis_right) == ("Raised maxmemory", "yes")

    def test_takes_the_time_back_when_it_is_reopened(self, bob):
        incident = services.change_status(incident=new_incident(bob), status="resolved", actor=bob)

        incident = services.change_status(incident=incident, status="investigating", actor=bob)

        assert incident.resolved_at is None

    def test_notes_the_change_once(self, bob):
        incident = new_incident(bob)
        services.change_status(incident=incident, status="mitigated", actor=bob)
        services.change_status(incident=incident, status="mitigated", actor=bob)

        changes = incident.changes.filter(kind="status").values_list("before", "after")

        assert list(changes) == [("open", "mitigated")]


class VisibleToTests:
    def test_shows_incidents_to_people_with_a_role_only(self, alice, bob, carol, mallory):
        new_incident(bob)

        seen = [Incident.objects.visible_to(user).count() for user in (alice, bob, carol, mallory, AnonymousUser())]

        assert seen == [1, 1, 1, 0, 0]


class TitleTests:
    def test_names_what_was_pasted_when_nothing_was_said(self, bob):
        intake = IncidentInput(pasted=("# Memory\nused_memory:1000\nmaxmemory:1000\n",))

        assert services.create_incident(intake=intake, reporter=bob, language="en").title == "INFO"

    def test_counts_the_files_of_a_bundle(self, bob):
        files = tuple(UploadedText(f"node-{number}.info", "used_memory:1") for number in range(3))

        incident = services.create_incident(intake=IncidentInput(files=files), reporter=bob, language="en")

        assert incident.title == "node-0.info and 2 more"
