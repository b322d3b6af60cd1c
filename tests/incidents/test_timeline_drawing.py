"""Geometry of the log's timeline."""

from __future__ import annotations

from incidents.analysis.report import QuotedEvidence, ReportedFinding
from incidents.drawing.timeline_drawing import MOST_BARS, WIDE, draw_timeline

PULSE = {
    "seconds": 60,
    "rows": [["2026-03-02T04:00:00", [9, 0, 0, 1, 0]], ["2026-03-02T04:09:00", [1, 0, 0, 0, 0]]],
}


def finding(at: str, *, state: str = "active") -> ReportedFinding:
    return ReportedFinding("a", "memory", "high", state, "A", "", evidence=[QuotedEvidence("x", at=at)])


class DrawTimelineTests:
    def test_gives_each_severity_that_occurs_a_lane_the_worst_on_top(self):
        drawing = draw_timeline(PULSE, [])

        assert [(lane.severity, lane.total) for lane in drawing.lanes] == [("high", 1), ("routine", 10)]
        assert drawing.lanes[0].y < drawing.lanes[1].y

    def test_puts_findings_where_their_evidence_is(self):
        drawing = draw_timeline(PULSE, [finding("2026-03-02T04:05:00")])

        assert drawing.moments[0].x == WIDE / 2

    def test_leaves_out_what_is_over_and_what_lies_outside(self):
        findings = [finding("2026-03-02T04:05:00", state="history"), finding("2026-03-03T04:05:00")]

        assert draw_timeline(PULSE, findings).moments == ()

    def test_joins_bars_when_there_are_too_many(self):
        rows = [[f"2026-03-02T{hour:02}:{minute:02}:00", [1, 0, 0, 0, 0]] for hour in range(24) for minute in range(60)]

        (lane,) = draw_timeline({"seconds": 60, "rows": rows}, []).lanes

        assert len(lane.bars) <= MOST_BARS
        assert lane.total == 1440

    def test_draws_nothing_without_times(self):
        assert draw_timeline(None, []) is None
        assert draw_timeline({"seconds": 1, "rows": PULSE["rows"][:1]}, []) is None
