"""What rules and causes say: every value that their words ask for is there, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidents.analysis.evaluation import read_cases
from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics import text
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput
from incidents.diagnostics.text import Text
from tests.incidents.diagnostics.rules.cases import all_cases

CAPTURES = (
    Path(__file__).parents[5] / "shared" / "cases" / "captures"
)  # kept beside the repository where it is developed


@pytest.fixture
def unfilled(monkeypatch) -> list[str]:
    """Names that a template asked for in vain; a reader sees "?" in their place."""
    names: list[str] = []
    fill = text._Lenient.get_value

    def noting(self, key, args, kwargs):
        if isinstance(key, str) and key not in kwargs and not key.endswith("_text"):
            names.append(key)
        return fill(self, key, args, kwargs)

    monkeypatch.setattr(text._Lenient, "get_value", noting)
    return names


def reported(intake: IncidentInput) -> None:
    diagnosis = diagnose(intake)
    for language in ("ko", "en"):
        write_report(diagnosis, incident_id="x", language=language)


class AReportTests:
    @pytest.mark.parametrize("case", all_cases("fires", "quiet"), ids=lambda case: case.id)
    def test_of_an_example_lacks_no_value(self, case, unfilled):
        reported(case.intake)

        assert unfilled == []

    def test_of_a_capture_lacks_no_value(self, unfilled):
        if not CAPTURES.exists():
            pytest.skip("the captures are not beside the repository")
        for case in read_cases(CAPTURES):
            reported(case.intake)

            assert unfilled == [], case.slug


class OptionalWordsTests:
    TEMPLATE = Text.same("full[[ at {share:pct}]][[ (policy {policy})]]")

    def test_are_said_where_their_values_are_known(self):
        assert self.TEMPLATE.format(share=0.97, policy="noeviction").en == "full at 97 % (policy noeviction)"

    @pytest.mark.parametrize("nothing", [None, ""])
    def test_are_left_out_where_they_are_not(self, nothing):
        assert self.TEMPLATE.format(share=0.97, policy=nothing).en == "full at 97 %"
        assert self.TEMPLATE.format().en == "full"
