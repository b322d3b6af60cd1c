"""Closing, reopening, follow-up tasks, and what a closing keeps of the report."""

from __future__ import annotations

from datetime import date

import pytest

from incidents.closing import services
from incidents.closing.services import Answers, Task
from incidents.models import Incident

FIXED = Answers(resolution="Raised maxmemory to 2 GB", verified="SET works again", diagnosis_right="yes")


def close(incident, actor, answers=FIXED):
    return services.close_incident(incident=incident, answers=answers, actor=actor)


class CloseIncidentTests:
    def test_resolves_it_and_keeps_what_the_report_had_said(self, analysed, bob):
        incident = analysed()

        closing = close(incident, bob)

        incident.refresh_from_db()
        assert (incident.status, incident.diagnosis_right) == ("resolved", "yes")
        assert closing.said_category == "memory"
        assert closing.said_cause
        assert closing.said_confidence == closing.shown_confidence == incident.confidence
        assert closing.closed_by == bob

    def test_completes_the_closing_when_it_is_closed_twice(self, analysed, bob, carol):
        incident = analysed()
        first = close(incident, bob)
        incident.refresh_from_db()

        second = close(incident, carol, Answers(resolution="Raised it to 4 GB", diagnosis_right="partly"))

        assert second.pk == first.pk
        assert (second.resolution, second.diagnosis_right, second.closed_by) == ("Raised it to 4 GB", "partly", bob)

    def test_takes_the_category_from_the_cause_that_it_was(self, analysed, bob):
        answers = Answers(resolution="x", diagnosis_right="no", actual_cause=some_cause("connection"))

        closing = close(analysed(), bob, answers)

        assert closing.actual_category == "connection"

    @pytest.mark.parametrize(
        "answers",
        [
            Answers(diagnosis_right="yes", actual_words="Something else"),
            Answers(diagnosis_right="no", actual_cause="no-such-cause"),
            Answers(diagnosis_right="no", actual_category="weather"),
        ],
    )
    def test_refuses_a_cause_that_contradicts_or_does_not_exist(self, analysed, bob, answers):
        incident = analysed()

        with pytest.raises(services.NothingWrongToName):
            close(incident, bob, answers)

        incident.refresh_from_db()
        assert incident.status == "open"

    def test_notes_follow_up_tasks_once(self, analysed, bob):
        incident = analysed()
        tasks = [Task("Alert at 80 %", owner=bob, due=date(2026, 12, 24)), Task("  "), Task("Alert  at 80 %")]

        close(incident, bob, Answers(resolution="x", tasks=tasks))
        close(Incident.objects.get(pk=incident.pk), bob, Answers(resolution="x", tasks=tasks))

        assert [(one.text, one.owner) for one in incident.follow_ups.all()] == [("Alert at 80 %", bob)]

    def test_works_for_an_incident_that_was_never_analysed(self, bob):
        incident = Incident.objects.create(title="Only a word")

        closing = close(incident, bob)

        assert (closing.said_category, closing.said_confidence) == ("", None)


class ReopenTests:
    def test_ends_the_closing_and_keeps_it(self, analysed, bob):
        incident = analysed()
        closing = close(incident, bob)

        services.reopen_incident(incident=closing.incident, reason="It came back", actor=bob)

        closing.refresh_from_db()
        incident.refresh_from_db()
        assert (incident.status, incident.resolved_at) == ("investigating", None)
        assert (closing.reopen_reason, closing.reopened_by) == ("It came back", bob)
        assert services.standing_closing(incident) is None

    def test_leads_to_a_second_closing(self, analysed, bob):
        incident = analysed()
        closing = close(incident, bob)
        incident = services.reopen_incident(incident=closing.incident, reason="It came back", actor=bob)

        again = close(incident, bob, Answers(resolution="Found the leak", diagnosis_right="no"))

        assert again.pk != closing.pk
        assert incident.closings.count() == 2

    def test_is_noticed_when_only_the_status_was_changed(self, analysed, bob):
        closing = close(analysed(), bob)

        services.set_status(incident=closing.incident, status="investigating", actor=bob)

        closing.refresh_from_db()
        assert closing.reopened_at is not None

    def test_is_refused_for_an_open_incident(self, analysed, bob):
        with pytest.raises(services.NotResolved):
            services.reopen_incident(incident=analysed(), reason="", actor=bob)


class SetStatusTests:
    def test_keeps_what_the_form_had_said_when_a_menu_resolves_again(self, analysed, bob):
        closing = close(analysed(), bob)

        services.set_status(incident=closing.incident, status="resolved", actor=bob, resolution="Raised it to 3 GB")

        closing.refresh_from_db()
        assert (closing.resolution, closing.verified) == ("Raised it to 3 GB", "SET works again")


class FollowUpTests:
    def test_can_be_ticked_and_unticked(self, analysed, bob):
        incident = analysed()
        [task] = services.add_follow_ups(incident=incident, tasks=[Task("Write an alert")], actor=bob)

        services.tick_follow_up(follow_up=task, done=True, actor=bob)
        assert (task.done_by, task.done_at is not None) == (bob, True)

        services.tick_follow_up(follow_up=task, done=False, actor=bob)
        assert (task.done_by, task.done_at) == (None, None)


def some_cause(category: str) -> str:
    from incidents.diagnostics.causes.hypotheses import all_hypotheses

    return next(one.id for one in all_hypotheses().values() if one.category.value == category)
