"""False statements that only their words give away, and true ones beside them."""

from __future__ import annotations

import pytest

from incidents.analysis.chat.answer import Statement
from tests.incidents.analysis.chat.labelled import SETS, groups, tally, translations, verifier_of

CITES = ("mem-oom-rejecting-writes",)


def reason(text: str, *, cites: tuple[str, ...] = CITES, case: str = "SC-001", language: str = "en") -> str:
    return verifier_of(case, "", language).statement(Statement(text, cites)).struck


class LabelledStatementTests:
    def test_are_many_and_in_both_languages(self):
        texts = [text for group in groups() for text in [*group["true"], *group["false"]]]

        assert len(texts) >= 200
        assert sum(any("가" <= char <= "힣" for char in text) for text in texts) >= 60

    @pytest.mark.parametrize("name", SETS)
    def test_are_told_apart(self, name):
        result = tally(name)

        assert result.recall >= 0.92, result.passed
        assert result.precision >= 0.97, result.struck
        assert result.false_strikes <= 0.05, result.struck

    def test_of_the_rules_stand_in_the_other_language(self):
        told = [one for one in translations() if "CVE" not in one[1] and "취약" not in one[1]]
        struck = [one for one in told if one[2]]

        assert len(told) >= 200
        assert len(struck) <= 0.08 * len(told), struck


class ReasonTests:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("The disk is full.", "says nothing of this: disk"),
            ("Memory is not full.", "says the opposite: full"),
            ("The replica refuses writes.", "says nothing of this: replica"),
            ("Memory is refused.", ""),
            ("The service runs on cache-eu-west.", "says nothing of this: cache-eu-west"),
            ("Somewhere zebras quietly graze underneath acacias.", "no word in common"),
            ("Because writes were rejected, memory filled up.", "turns cause and effect around"),
            ("There is no sign of a network problem.", ""),
            ("There is no sign that memory is full.", "says the opposite"),
            ("RDB saves might fail as well.", ""),
            ("It might be an attack.", "says nothing of this: attack"),
        ],
    )
    def test_is_given(self, text, why):
        assert why in reason(text)
        assert bool(reason(text)) == bool(why)

    def test_is_given_in_korean(self):
        assert reason("디스크가 가득 찼습니다.", language="ko") == "근거로 든 곳에 없는 내용입니다: 디스크"

    def test_is_not_asked_of_what_to_do(self):
        statement = Statement("Watch the disk as well.", CITES)

        assert verifier_of("SC-001", "", "en").statement(statement, claims=False).stands
