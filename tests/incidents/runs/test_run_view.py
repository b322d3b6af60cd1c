"""What a page makes of a run's events."""

from __future__ import annotations

from incidents.analysis.events import EventKind
from incidents.runs.comparing import compare
from incidents.runs.fragments import RunFacts, StoredEvent
from incidents.runs.run_view import Words, view_of
from tests.incidents.standins import report


def said(*payloads: dict[str, object]) -> list[Words]:
    events = [StoredEvent(number, EventKind.TEXT, payload) for number, payload in enumerate(payloads, start=1)]
    return view_of(RunFacts(), events).words


class WordsTests:
    def test_join_what_belongs_to_one_statement(self):
        assert said({"delta": "a "}, {"delta": "b"}) == [Words(0, "a b")]

    def test_keep_statements_apart_and_say_which_is_struck(self):
        words = said({"delta": "a", "part": 0}, {"delta": "b", "part": 1}, {"delta": "", "part": 1, "struck": "why"})

        assert words == [Words(0, "a"), Words(1, "b", "why")]


class CompareTests:
    def test_has_nothing_to_say_without_an_earlier_report(self):
        assert compare(None, report()) is None

    def test_says_that_nothing_changed(self):
        assert not compare(report().as_json(), report())

    def test_names_what_came_and_what_went(self):
        before = report().as_json() | {"findings": [], "severity": "low", "confidence_score": 0.2}

        changes = compare(before, report())

        assert changes.severity_before == "low"
        assert changes.confidence_before == 0.2
        assert [finding.id for finding in changes.appeared] == ["mem-maxmemory-pressure"]
        assert [finding.id for finding in compare(report().as_json(), _without_findings()).vanished] == [
            "mem-maxmemory-pressure"
        ]


def _without_findings():
    from dataclasses import replace

    return replace(report(), findings=[])
