"""The eight scenarios of the mission, from captures of real servers. Select one with `-k SC001`."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidents.analysis.evaluation import Case, read_cases, score
from incidents.analysis.pipeline import analyze, result_of

CASES = read_cases(Path(__file__).parent.parent / "fixtures" / "scenarios")


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("case", CASES, ids=[case.slug[:6].replace("-", "") for case in CASES])
class ScenarioTests:
    def test_is_diagnosed_with_category_severity_and_cause(self, case: Case, language: str):
        result = result_of(analyze(case.intake, incident_id=case.slug, language=language))

        scores = score(case.expected, result)

        assert scores["incident"], result["summary"]
        assert scores["category"], result["category"]
        assert scores["severity"], result["severity"]
        assert scores["cause"], result["root_cause_analysis"]
        assert scores["false_claims"] == []

    def test_says_what_to_do_with_the_evidence_it_rests_on(self, case: Case, language: str):
        result = result_of(analyze(case.intake, incident_id=case.slug, language=language))

        root = next(item for item in result["hypotheses"] if item["is_root_cause"])
        assert root["evidence_for"]
        assert result["immediate_actions"]
        assert result["immediate_actions"][0]["risk"] != "loses-data"


def test_all_eight_scenarios_are_there():
    assert {case.slug[:6] for case in CASES} == {f"SC-00{number}" for number in range(1, 9)}
