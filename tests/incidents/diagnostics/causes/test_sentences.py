"""One sentence of a reporter is enough to lead to the right cause, in Korean and in English."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from incidents.diagnostics.causes.hypotheses import all_hypotheses
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput

SENTENCES: dict[str, list[str]] = tomllib.loads(Path(__file__).with_name("sentences.toml").read_text(encoding="utf-8"))
KOREAN = re.compile("[가-힣]")


class TestASentence:
    @pytest.mark.parametrize(
        ("cause", "sentence"), [(cause, sentence) for cause, told in SENTENCES.items() for sentence in told]
    )
    def test_leads_to_its_cause(self, cause: str, sentence: str):
        conclusion = diagnose(IncidentInput(description=sentence)).conclusion

        assert conclusion.root is not None
        assert conclusion.root.id == cause
        assert conclusion.root.hypothesis.category is all_hypotheses()[cause].category

    @pytest.mark.parametrize("cause", SENTENCES)
    def test_is_understood_in_both_languages(self, cause: str):
        languages = {"ko" if KOREAN.search(sentence) else "en" for sentence in SENTENCES[cause]}

        assert languages == {"ko", "en"}


class TestARoutineCheck:
    @pytest.mark.parametrize(
        "sentence",
        [
            "레플리카 정기 점검 자료입니다. 이상이 없는지 확인 부탁드립니다",
            "Routine health check of our redis cluster, is everything ok?",
            "센티널 구성 점검 부탁드립니다",
        ],
    )
    def test_is_no_incident(self, sentence: str):
        assert not diagnose(IncidentInput(description=sentence)).conclusion.incident
