"""Faults, and scenes that only look like one, provoked on real servers: what their captures must be taken for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from incidents.analysis.evaluation import read_input, score
from incidents.analysis.pipeline import analyze, result_of

CASES = sorted((Path(__file__).parent / "provoked").glob("*.json"))


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_provoked_case_is_told_as_it_was(file, language):
    case = json.loads(file.read_text(encoding="utf-8"))

    result = result_of(analyze(read_input(case), incident_id=file.stem, language=language))

    scores = score(case["expected"], result)
    assert scores["category"], result["category"]
    assert scores["severity"], result["severity"]
    assert scores["cause"], result["summary"]
    assert scores["incident"], result["summary"]
    assert not scores.get("forbidden"), scores["forbidden"]
    assert scores.get("all_causes", True), result["root_cause_analysis"]


def test_slow_commands_outweigh_a_little_fragmentation_without_a_slowlog():
    case = json.loads(Path("fixtures/scenarios/SC-005-slow-commands.json").read_text(encoding="utf-8"))
    intake = read_input({**case, "slug": "bare", "artifacts": {}})

    result = result_of(analyze(intake, incident_id="bare", language="en"))

    assert result["category"] == "performance"
    assert "KEYS" in result["summary"]
