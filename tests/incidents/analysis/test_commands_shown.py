"""An evaluation lists every command that a report shows, with the truth gate's verdict for the report's server."""

from __future__ import annotations

from typing import Any

from incidents.analysis.evaluation import commands_shown, summarise


def report(*commands: str, **facts: str) -> dict[str, Any]:
    steps = [{"command": command, "undo": "", "verify": ""} for command in commands]
    return {"immediate_actions": steps, "facts": {"product": "redis", "version": "7.0.15", **facts}}


class TestCommandsShown:
    def test_are_accepted_where_they_exist(self):
        (shown,) = commands_shown(report("redis-cli LATENCY HISTOGRAM"))

        assert (shown["ok"], shown["risk"], shown["reasons"]) == (True, "read-only", [])

    def test_are_refused_on_a_version_without_them(self):
        (shown,) = commands_shown(report("redis-cli LATENCY HISTOGRAM", version="6.2.0"))

        assert not shown["ok"]
        assert "7.0" in shown["reasons"][0]

    def test_are_refused_on_a_service_that_forbids_them(self):
        (shown,) = commands_shown(report("redis-cli CONFIG SET maxmemory 4gb", managed="elasticache"))

        assert not shown["ok"]

    def test_hold_undo_and_check_each_once(self):
        result = report("redis-cli CONFIG SET timeout 300")
        result["immediate_actions"][0] |= {"undo": "redis-cli CONFIG SET timeout 0", "verify": "redis-cli INFO clients"}
        result["missing_evidence"] = [{"command": "redis-cli INFO clients", "undo": "", "verify": ""}]

        assert len(commands_shown(result)) == 3

    def test_are_counted_in_the_summary(self):
        scores = {"confidence": 1.0, "false_claims": [], **dict.fromkeys(("category", "severity", "cause"), True)}
        scores |= {"cause_in_verdict": True, "incident": True}
        commands = commands_shown(report("redis-cli PING", "redis-cli FROBNICATE"))
        row = {"scores": scores, "elapsed_ms": 1.0, "result": {"incident_detected": True}, "commands": commands}

        summary = summarise([row])

        assert (summary.commands_shown, summary.commands_refused) == (2, 1)
