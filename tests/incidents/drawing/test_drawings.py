"""Geometry of the instruments."""

from __future__ import annotations

from incidents.drawing.drawings import WIDE, draw_culprit, draw_forecast, draw_ledger

LEDGER = {
    "node": "", "used": 90, "rss": 100, "fragmentation": 10, "limit": 120, "host": 0, "fork_headroom": 30, "advice": "",
    "parts": [{"name": "data", "label": "Data", "bytes": 60}, {"name": "clients", "label": "Clients", "bytes": 30}],
}  # fmt: skip


class DrawLedgerTests:
    def test_lays_the_parts_end_to_end_with_fragmentation_last(self):
        drawing = draw_ledger(LEDGER)

        assert [segment.name for segment in drawing.segments] == ["data", "clients", "fragmentation"]
        assert drawing.segments[1].x == drawing.segments[0].width

    def test_marks_the_limit_where_it_stands(self):
        assert draw_ledger(LEDGER).limit_x == WIDE - 2
        assert draw_ledger({**LEDGER, "limit": 50}).limit_x == 500
        assert draw_ledger({**LEDGER, "limit": 0}).limit_x is None


class DrawForecastTests:
    def test_runs_through_both_samples_to_the_limit(self):
        line = {
            "limit": "maxclients",
            "minutes": 1,
            "basis": "",
            "before": 10,
            "after": 20,
            "ceiling": 30,
            "seconds": 60,
        }

        drawing = draw_forecast(line)

        assert drawing.first[0] < drawing.second[0] < drawing.end[0]
        assert drawing.first[1] > drawing.second[1] > drawing.end[1] == drawing.ceiling_y


class DrawCulpritTests:
    def test_draws_one_bar_per_burden(self):
        culprit = {
            "owner": "export", "node": "", "connections": 8, "idle": 0, "buffer_bytes": 1 << 20, "slow_us": 0,
            "commands": {}, "shares": {"buffers": 0.5},
        }  # fmt: skip

        assert draw_culprit(culprit).bars == (("buffers", 50.0),)
