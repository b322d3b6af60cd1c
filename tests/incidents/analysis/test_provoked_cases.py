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
