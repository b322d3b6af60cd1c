"""Every rule fires on its trouble, is quiet on what only looks like it, and says aloud what it could not see."""

from __future__ import annotations

import pytest

from incidents.diagnostics.rules.engine import NODE_RULES
from incidents.diagnostics.rules.specs import all_rules
from tests.incidents.diagnostics.rules.cases import Case, all_cases, described, examined, told


def each(*kinds: str):
    return pytest.mark.parametrize("case", all_cases(*kinds), ids=lambda case: case.id)


class ARuleTests:
    @each("fires")
    def test_fires_on_its_trouble(self, case: Case):
        found = told(case)

        assert case.table["is"] in [described(finding) for finding in found]
        assert all(finding.evidence for finding in found)

    @each("quiet")
    def test_is_quiet_on_the_healthy_look_alike(self, case: Case):
        allowed = [case.table["is"]] if "is" in case.table else []

        assert [described(finding) for finding in told(case)] == allowed
        assert case.table["why"]

    @each("skipped")
    def test_says_aloud_what_it_could_not_see(self, case: Case):
        examination = examined(case)

        missing = {name for skipped in examination.skipped if skipped.id == case.rule for name in skipped.missing}
        assert case.table["missing"] in missing
        assert case.rule not in {finding.id for finding in examination.findings}

    @each()
    def test_never_breaks(self, case: Case):
        broken = [skipped.id for skipped in examined(case).skipped if "internal error" in skipped.missing]

        assert broken == []


def that_look_at(kind: str) -> list[str]:
    """Rules by their own data, and those of the proven areas that begin with it."""
    proven = {case.rule for case in all_cases()}
    specs = [spec for spec in all_rules().values() if getattr(spec, kind)]
    return [spec.id for spec in specs if spec.id in proven or spec.id not in NODE_RULES]


class ARuleOnTheLogTests:
    @pytest.mark.parametrize("rule_id", that_look_at("log"))
    def test_says_aloud_that_nobody_pasted_a_log(self, rule_id: str):
        examination = examined(Case(rule_id, "skipped", {"info": ["redis_version:7.0.15", "used_memory:10000000"]}))

        assert ("server log",) in [skipped.missing for skipped in examination.skipped if skipped.id == rule_id]


class ARuleOnLatencyEventsTests:
    @pytest.mark.parametrize("rule_id", that_look_at("latency"))
    def test_says_aloud_that_nobody_pasted_them(self, rule_id: str):
        examination = examined(Case(rule_id, "skipped", {"info": ["redis_version:7.0.15", "used_memory:10000000"]}))

        assert ("LATENCY LATEST",) in [skipped.missing for skipped in examination.skipped if skipped.id == rule_id]
