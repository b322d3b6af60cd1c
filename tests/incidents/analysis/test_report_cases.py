"""One sentence must be enough: floors over reports in prose, tuned on one half and measured on the other."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from incidents.analysis.evaluation import Summary, read_input, score, summarise
from incidents.analysis.pipeline import analyze, result_of

FILE = Path(__file__).parent / "report_cases.jsonl"
HALVES = ("tuning", "held-out")


def cases(half):
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return [case for case in map(json.loads, lines) if case["half"] == half]


@cache
def measured(half: str, language: str) -> Summary:
    rows = []
    for case in cases(half):
        result = result_of(analyze(read_input(case), incident_id=case["slug"], language=language))
        rows.append({"result": result, "scores": score(case["expected"], result), "elapsed_ms": 0.0})
    return summarise(rows)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("half", HALVES)
class AReportInProseTests:
    def test_finds_the_category(self, half, language):
        assert measured(half, language).category >= 0.93

    def test_finds_the_severity(self, half, language):
        assert measured(half, language).severity >= 0.90

    def test_names_mechanism_and_remedy(self, half, language):
        assert measured(half, language).cause >= 0.85

    def test_takes_a_question_for_a_question(self, half, language):
        assert measured(half, language).false_alarms <= 1

    def test_is_as_sure_as_it_is_right(self, half, language):
        assert measured(half, language).ece <= 0.08
