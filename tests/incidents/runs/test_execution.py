"""Runs: claimed once, stored before shown, always ended, taken up after a restart."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import services
from incidents.analysis.events import EventKind, RunEvent
from incidents.diagnostics.intake import IncidentInput
from incidents.models import AnalysisRun, RunEventRow
from incidents.runs import run_log, tasks
from incidents.runs.execution import execute_run
from tests.incidents.standins import Scripted, silent

pytestmark = pytest.mark.django_db
Status = AnalysisRun.Status


@pytest.fixture
def run(bob) -> AnalysisRun:
    intake = IncidentInput(pasted=("used_memory:1000",))
    incident = services.create_incident(intake=intake, reporter=bob, language="en")
    return services.start_analysis(incident=incident, actor=bob)


def execute(run: AnalysisRun, analyse=None, **kwargs) -> list[str]:
    fresh = AnalysisRun.objects.get(pk=run.pk)
    kinds = [row.kind for row in execute_run(run=fresh, worker="w", analyse=analyse or Scripted(), **kwargs)]
    run.refresh_from_db()
    return kinds


def stored(run: AnalysisRun) -> list[tuple[int, str]]:
    return list(run.events.order_by("sequence").values_list("sequence", "kind"))


def abandon_after(run: AnalysisRun, count: int) -> None:
    """Work as a process does that is killed after so many events: nothing is cleaned up."""
    assert run.claim(worker="dead", at=timezone.now(), until=timezone.now() - timedelta(seconds=1))
    for event, _ in zip(Scripted()(IncidentInput(), incident_id="x", language="en"), range(count), strict=False):
        run_log.store(event, run_id=run.pk, worker="dead", at=timezone.now() - timedelta(minutes=1))


class ExecuteRunTests:
    def test_stores_every_event_in_order_and_ends_with_done(self, run):
        execute(run)

        kinds = [kind for _number, kind in stored(run)]
        assert kinds == ["evidence_read", "finding", "report", "text", "text", "text", "report", "done"]
        assert [number for number, _kind in stored(run)] == list(range(1, 9))
        assert run.status == Status.SUCCEEDED

    def test_stores_before_it_shows(self, run):
        for row in execute_run(run=run, worker="w", analyse=Scripted()):
            assert RunEventRow.objects.filter(pk=row.pk).exists()

    def test_keeps_the_last_report_and_puts_its_verdict_on_the_incident(self, run):
        execute(run)

        run.incident.refresh_from_db()
        assert run.analyst == "stub-model"
        assert (run.incident.severity, run.incident.category) == ("critical", "memory")
        assert run.incident.confidence == 0.9

    def test_yields_nothing_when_another_worker_has_it(self, run):
        run.claim(worker="other", at=timezone.now(), until=timezone.now() + timedelta(minutes=1))

        assert execute(run) == []

    def test_fails_aloud_when_the_analysis_breaks_before_a_report(self, run):
        execute(run, Scripted(fail_at=1))

        assert run.status == Status.FAILED
        assert [kind for _number, kind in stored(run)] == ["evidence_read", "failed", "done"]

    def test_succeeds_with_the_rules_report_when_the_model_breaks(self, run):
        execute(run, Scripted(fail_at=4))

        assert run.status == Status.SUCCEEDED
        assert run.analyst == "rules"
        assert run.events.get(kind="notice").payload["code"] == "incomplete"
        assert [kind for _number, kind in stored(run)][-2:] == ["notice", "done"]

    def test_fails_when_no_report_comes(self, run):
        execute(run, silent)

        assert run.status == Status.FAILED

    def test_makes_hostile_payloads_storable(self, run):
        def hostile(intake, *, incident_id, language):
            yield RunEvent(EventKind.TEXT, {"delta": "\x00\ud800", "number": float("inf")})
            yield from Scripted()(intake, incident_id=incident_id, language=language)

        execute(run, hostile)

        assert run.events.get(sequence=1).payload == {"delta": "\ufffd?", "number": None}


class CancelledRunTests:
    def test_stops_at_the_next_event_and_writes_nothing_after_done(self, run, bob):
        rows = execute_run(run=run, worker="w", analyse=Scripted())
        next(rows)

        services.cancel_run(run=run, actor=bob)

        assert list(rows) == []
        assert [kind for _number, kind in stored(run)] == ["evidence_read", "done"]


class LapsedRunTests:
    def test_goes_on_without_repeating_or_losing_an_event(self, run):
        abandon_after(run, 2)

        execute(run)

        kinds = [kind for _number, kind in stored(run)]
        assert kinds == ["evidence_read", "finding", "notice", "report", "text", "text", "text", "report", "done"]
        assert [number for number, _kind in stored(run)] == list(range(1, 10))
        assert run.status == Status.SUCCEEDED

    def test_is_finished_and_not_repeated_when_its_report_was_stored(self, run):
        abandon_after(run, 4)
        analyse = Scripted()

        execute(run, analyse)

        assert analyse.calls == []
        assert run.events.get(kind="notice").payload["code"] == "cut_off"
        assert run.status == Status.SUCCEEDED
        assert [kind for _number, kind in stored(run)][-2:] == ["notice", "done"]

    def test_is_given_up_after_three_starts(self, run):
        AnalysisRun.objects.filter(pk=run.pk).update(
            status=Status.RUNNING, attempts=3, lease_until=timezone.now() - timedelta(minutes=1)
        )

        execute(run)

        assert run.status == Status.FAILED

    def test_is_taken_over_at_once_from_a_process_that_is_gone(self, run):
        import socket

        now = timezone.now()
        run.claim(worker=f"{socket.gethostname()}:999999999:abc", at=now, until=now + timedelta(minutes=1))

        tasks.take_over_from_the_dead(at=now)

        assert AnalysisRun.objects.waiting(at=now + timedelta(seconds=1)).count() == 1

    def test_shuts_the_old_worker_out(self, run):
        abandon_after(run, 1)
        execute(run)

        with pytest.raises(run_log.LeaseLost):
            run_log.store(RunEvent(EventKind.TEXT, {}), run_id=run.pk, worker="dead", at=timezone.now())


@pytest.mark.django_db(transaction=True)
class RunWorkerTests:
    def test_takes_up_what_waits_and_what_is_queued_later(self, run, bob):
        analyse = Scripted()
        worker = tasks.RunWorker(threads=2, analyse=analyse)
        worker.start()
        try:
            wait_for(lambda: AnalysisRun.objects.get(pk=run.pk).status == Status.SUCCEEDED)
            later = services.start_analysis(incident=run.incident, actor=bob)
            worker.wake()
            wait_for(lambda: AnalysisRun.objects.get(pk=later.pk).status == Status.SUCCEEDED)
        finally:
            worker.stop()

        assert len(analyse.calls) == 2

    def test_gives_up_its_leases_when_it_stops(self, run):
        analyse = Scripted(hold_at=1)
        worker = tasks.RunWorker(threads=1, analyse=analyse)
        worker.start()
        assert analyse.held.wait(5)

        worker.stop(timeout=0.2)

        assert AnalysisRun.objects.waiting(at=timezone.now() + timedelta(seconds=1)).count() == 1
        analyse.go.set()


def wait_for(condition, seconds: float = 5.0) -> None:
    import time

    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
