"""What is known of each line of a text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from incidents import services
from incidents.analysis.report import QuotedEvidence
from incidents.diagnostics.intake import IncidentInput
from incidents.log_viewer.filtering import LogFilter, rows_of
from incidents.log_viewer.minimap import draw_minimap
from incidents.log_viewer.reading import LogIndex, Mark, index_of, lines_of, marks_of
from incidents.log_viewer.window import window_of
from tests.incidents.standins import FINDING, report

LOG = """2417:M 02 Mar 2026 04:00:00.100 * Ready to accept connections
2417:M 02 Mar 2026 04:00:05.000 # Connection with replica 10.0.0.9:6379 lost.
    a line without a header
2417:M 02 Mar 2026 04:01:00.000 * 100 changes in 60 seconds. Saving...
2417:M 02 Mar 2026 04:02:00.000 # Connection with replica 10.0.0.9:6379 lost.
"""


@pytest.fixture
def item(bob):
    incident = services.create_incident(intake=IncidentInput(pasted=(LOG,)), reporter=bob, language="en")
    return incident.evidence.get()


@pytest.fixture
def finished_run(item, bob):
    def finish(*quotes: QuotedEvidence):
        run = services.start_analysis(incident=item.incident, actor=bob)
        run.result = replace(report(), findings=[replace(FINDING, evidence=list(quotes))]).as_json()
        run.save()
        return run

    return finish


class IndexTests:
    def test_knows_severity_and_time_of_every_line(self, item):
        index = index_of(item)

        assert [rank > 0 for rank in index.ranks] == [False, True, False, False, True, False]
        assert index.times[1] - index.times[0] == pytest.approx(4.9)

    def test_gives_a_line_without_a_time_that_of_the_one_above(self, item):
        index = index_of(item)

        assert index.times[2] == index.times[1]

    def test_does_not_take_a_later_text_for_one_that_was_deleted(self, item, bob):
        lines_of(item)
        item.incident.delete()

        other = services.create_incident(intake=IncidentInput(pasted=("x",)), reporter=bob, language="en")

        assert lines_of(other.evidence.get()) == ["x"]


class MarkTests:
    def test_stand_where_the_report_says(self, item, finished_run):
        lost = LOG.split("\n")[4]

        marks = marks_of(item, finished_run(QuotedEvidence(lost, line=5), QuotedEvidence("elsewhere", line=1)))

        assert marks == [Mark(5, FINDING.id, FINDING.title, "critical")]

    def test_are_found_by_their_words_when_the_number_is_of_a_piece(self, item, finished_run):
        marks = marks_of(item, finished_run(QuotedEvidence("a line without a header", line=1)))

        assert [mark.line for mark in marks] == [3]

    def test_are_none_without_a_report(self, item):
        assert marks_of(item, None) == []


class FilterTests:
    @pytest.mark.parametrize(
        ("query", "lines"),
        [
            ({}, [1, 2, 3, 4, 5, 6]),
            ({"q": "REPLICA"}, [2, 5]),
            ({"level": "low"}, [2, 5]),
            ({"level": "critical"}, []),
            ({"level": "nonsense"}, [1, 2, 3, 4, 5, 6]),
            ({"since": "2026-03-02 04:01"}, [4, 5, 6]),
            ({"since": "2026-03-02T04:00:05", "until": "2026-03-02 04:01:30", "q": "replica"}, [2]),
        ],
    )
    def test_finds_by_words_severity_and_time(self, item, query, lines):
        assert list(rows_of(item, LogFilter.of(query))) == lines

    def test_names_a_time_that_it_cannot_read(self):
        assert LogFilter.of({"since": "noon"}).unread == "noon"
        assert LogFilter.of({"since": "2026-03-02 04:01"}).unread == ""


class WindowTests:
    def test_begins_above_the_line_that_was_asked_for(self, bob):
        text = "\n".join(f"line {number}" for number in range(1, 1001))
        incident = services.create_incident(intake=IncidentInput(pasted=(text,)), reporter=bob, language="en")

        window = window_of(incident.evidence.get(), LogFilter(), [], line="500")

        assert window.first < 500 < window.last
        assert (window.earlier is not None, window.later is not None, window.total) == (True, True, 1000)

    def test_shows_what_was_looked_for(self, item):
        window = window_of(item, LogFilter(q="replica"), [])

        assert ("replica", True) in window.rows[0].parts
        assert "".join(text for text, _ in window.rows[0].parts) == LOG.split("\n")[1]

    def test_takes_nonsense_for_the_beginning_or_the_end(self, item):
        assert window_of(item, LogFilter(), [], line="x").first == 1
        assert window_of(item, LogFilter(), [], start="99999").last == 6


class MinimapTests:
    def test_shows_the_worst_of_each_stretch_and_every_finding(self):
        index = LogIndex(bytes([0] * 500 + [2, 4] + [0] * 498), [])

        drawing = draw_minimap(index, [Mark(1000, "a", "A", "high")])

        assert [stretch.severity for stretch in drawing.stretches] == ["critical"]
        assert drawing.stretches[0].y == 500
        assert drawing.counts == (("critical", 1), ("medium", 1))
        assert drawing.marks[0][0] > 990
