"""Verdicts on single lines, and the floors on the shared sample of labelled lines."""

import json
from pathlib import Path

import pytest

from incidents.diagnostics.parsers.server_log import classify_line

SAMPLE = Path(__file__).resolve().parents[5] / "shared" / "cases" / "log_lines.jsonl"


def verdict(line: str) -> tuple[str, str]:
    judged = classify_line(line)
    return judged.category, judged.severity


class ClassifyLineTests:
    @pytest.mark.parametrize(
        "line",
        [
            "1:M 22 Nov 2026 12:00:05.123 * DB saved on disk",
            "1:M 22 Nov 2026 12:00:05.123 * Ready to accept connections",
            "1:M 22 Nov 2026 12:00:05.123 # Server initialized",
            "1:M 22 Nov 2026 12:00:05.123 * AOF write error looks solved. The server can write again.",
            "1:M 22 Nov 2026 12:00:05.123 * Reticulated 14 splines in 3 ms",
            "1:M 22 Nov 2026 12:00:05.123 . some debugging",
            "",
        ],
    )
    def test_is_quiet_about_routine(self, line):
        assert verdict(line) == ("none", "none")

    def test_names_the_signal(self):
        assert classify_line("(error) OOM command not allowed when used memory > 'maxmemory'.").signal == (
            "mem-oom-rejecting-writes"
        )

    @pytest.mark.parametrize(
        ("line", "category"),
        [
            ("1:M 22 Nov 2026 12:00:05.123 # Failed to frobnicate the AOF sidecar: Input/output error", "persistence"),
            ("1:S 22 Nov 2026 12:00:05.123 # Can't renegotiate the replica stream", "replication"),
            ("1:M 22 Nov 2026 12:00:05.123 # Unable to merge slot 17 of the shard", "cluster"),
            ("1:M 22 Nov 2026 12:00:05.123 # Failed to rotate the TLS certificate", "security"),
            ("1:M 22 Nov 2026 12:00:05.123 # Cannot open the thingamajig", "availability"),
        ],
    )
    def test_judges_unknown_failures_by_their_words(self, line, category):
        assert verdict(line) == (category, "high")

    def test_takes_an_unknown_refusal_of_one_command_for_small(self):
        assert verdict("(error) ERR Cannot flip the bit of a cloud") == ("availability", "low")

    def test_judges_the_first_line_of_a_message_with_line_breaks(self):
        assert verdict("\n\n*** FATAL CONFIG FILE ERROR (Redis 7.2.6) ***\nReading …") == ("availability", "critical")


@pytest.mark.skipif(not SAMPLE.exists(), reason="the shared sample is not on this machine")
class SharedSampleTests:
    @pytest.fixture
    def lines(self):
        return [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]

    def test_category_stays_above_its_floor(self, lines):
        scored = [line for line in lines if line["category"] != "other"]
        right = [
            line
            for line in scored
            if classify_line(line["example"]).category in (line["category"], *line.get("category_also_ok", ()))
        ]

        assert len(right) / len(scored) >= 0.97

    def test_severity_stays_above_its_floor(self, lines):
        right = [
            line
            for line in lines
            if classify_line(line["example"]).severity in (line["severity"], *line.get("severity_also_ok", ()))
        ]

        assert len(right) / len(lines) >= 0.93

    def test_routine_stays_quiet(self, lines):
        routine = [line for line in lines if line["category"] == "none"]
        quiet = [line for line in routine if verdict(line["example"]) == ("none", "none")]

        assert len(quiet) / len(routine) >= 0.97
