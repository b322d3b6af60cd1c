"""The catalogue holds together: names lead somewhere, words exist twice, commands run, rules are proven."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from incidents.diagnostics.causes.hypotheses import all_hypotheses
from incidents.diagnostics.commands import Target, check
from incidents.diagnostics.findings import Risk
from incidents.diagnostics.parsers.log_catalogue import load_patterns
from incidents.diagnostics.rules.engine import DOSSIER_RULES, NODE_RULES
from incidents.diagnostics.rules.expressions import names_in
from incidents.diagnostics.rules.specs import FOLDER, TIERS, BrokenCatalogue, RuleSpec, all_rules, left_out, read_rule
from tests.incidents.diagnostics.rules.cases import all_cases, areas

RULES = list(all_rules().values())
RISKS = list(Risk)
SIGNALS = Path(__file__).parents[5] / "shared" / "signals.md"  # kept beside the repository where it is developed
# Servers of which at least one must know a command: most rules speak of all, some of younger ones only.
REDIS_7 = Target("redis", (7, 0, 15))
YOUNGER = (Target("redis", (8, 2, 0)), Target("valkey", (9, 0, 0)))


def ids_of(area: str) -> list[str]:
    return list(tomllib.loads((FOLDER / f"{area}.toml").read_text(encoding="utf-8")))


def each_rule():
    return pytest.mark.parametrize("spec", RULES, ids=lambda spec: spec.id)


# Rules on several nodes are proven by tests of their own: test_replication.py, test_cluster.py and their like.
OF_ONE_NODE = [area for area in areas() if area not in ("replication", "sentinel", "cluster")]
PROVEN = [(area, rule_id) for area in OF_ONE_NODE for rule_id in ids_of(area)]


class TheExamplesTests:
    @pytest.mark.parametrize(("area", "rule_id"), PROVEN, ids=lambda value: value)
    def test_hold_the_three_cases_of_every_rule(self, area: str, rule_id: str):
        kinds = {case.kind for case in all_cases() if case.rule == rule_id}
        spec = all_rules()[rule_id]

        if spec.log or spec.latency:
            kinds.add("skipped")  # test_examples proves it for all of these at once
        assert kinds >= {"fires", "quiet", "skipped"}

    def test_are_of_rules_that_exist(self):
        assert {case.rule for case in all_cases()} <= set(all_rules())


class NamesTests:
    def test_of_log_events_exist(self):
        events = set(load_patterns())
        wanted = {event for spec in RULES if spec.log for event in (*spec.log.opens, *spec.log.closes)}

        assert wanted - events == set()

    def test_of_log_events_in_code_exist(self):
        events = set(load_patterns())
        calls = re.compile(r"(?:events|said|count|last|first)\(([^()]*)\)")
        sources = [file.read_text(encoding="utf-8") for file in FOLDER.parent.glob("*.py")]
        named = {
            name
            for source in sources
            for call in calls.findall(source)
            for name in re.findall(r'"([a-z0-9-]+-[a-z0-9-]+)"', call)
        }

        assert named - events == set()

    def test_of_rules_and_hypotheses_exist(self):
        known = {*all_rules(), *all_hypotheses()}
        named = {name for spec in RULES for name in spec.explains}
        for hypothesis in all_hypotheses().values():
            named |= {*(hypothesis.findings or {}), *(hypothesis.against or {}), *hypothesis.explains}

        assert named - known == set()

    def test_of_weighed_findings_are_rules(self):
        weighed = {n for h in all_hypotheses().values() for n in (*(h.findings or {}), *(h.against or {}))}

        assert weighed - set(all_rules()) == set()

    def test_of_functions_have_a_table(self):
        assert {*NODE_RULES, *DOSSIER_RULES} - set(all_rules()) == set()

    def test_of_signals_are_judged_or_left_out_with_a_reason(self):
        if not SIGNALS.exists():
            pytest.skip("the list of signals is not beside the repository")
        signals = re.findall(r"^### `([\w-]+)`", SIGNALS.read_text(encoding="utf-8"), re.MULTILINE)

        assert set(signals) - set(all_rules()) - set(left_out()) == set()

    def test_are_judged_or_left_out_never_both(self):
        assert set(left_out()) & set(all_rules()) == set()


class ARuleTests:
    @each_rule()
    def test_can_be_decided(self, spec: RuleSpec):
        is_generic = spec.log or spec.when or spec.value or spec.counter or spec.latency
        has_function = spec.id in (DOSSIER_RULES if spec.scope == "incident" else NODE_RULES)

        assert has_function or (is_generic and spec.scope == "node")

    @each_rule()
    def test_speaks_korean_and_english(self, spec: RuleSpec):
        texts = [spec.title, spec.means, *spec.summary.values(), *(action.text for action in spec.actions)]

        assert all(text.ko and text.en for text in texts)
        assert re.search("[가-힣]", spec.title.ko + spec.means.ko)
        assert not re.search("[가-힣]", "".join(text.en for text in texts))

    @each_rule()
    def test_names_the_same_values_in_both_languages(self, spec: RuleSpec):
        placeholder = re.compile(r"\{(\w+)")

        for text in spec.summary.values():
            assert set(placeholder.findall(text.ko)) == set(placeholder.findall(text.en))

    @each_rule()
    def test_tells_where_it_comes_from_and_what_to_do(self, spec: RuleSpec):
        assert spec.source
        assert spec.actions

    @each_rule()
    def test_has_the_thresholds_that_its_conditions_name(self, spec: RuleSpec):
        named = set(re.findall(r"\bt\.(\w+)", f"{spec.when} {spec.unless} {spec.value}"))

        assert named <= set(spec.thresholds)
        for condition in (spec.when, spec.unless, spec.value):
            assert not condition or names_in(condition) is not None

    @each_rule()
    def test_grows_more_severe_with_the_value(self, spec: RuleSpec):
        tiers = [spec.thresholds[name] for name in reversed(TIERS) if name in spec.thresholds]

        assert tiers == sorted(tiers, reverse=spec.descending)

    @pytest.mark.parametrize(("area", "rule_id"), PROVEN, ids=lambda value: value)
    def test_says_what_healthy_state_looks_like_it(self, area: str, rule_id: str):
        guard = all_rules()[rule_id].guard

        assert guard.ko
        assert guard.en


class AnActionTests:
    @each_rule()
    def test_runs_on_the_servers_that_its_rule_speaks_of(self, spec: RuleSpec):
        for action in spec.actions:
            for command in filter(None, (action.command, action.undo, action.verify)):
                assert any(check(command, target=target).ok for target in (REDIS_7, *YOUNGER)), command

    @pytest.mark.parametrize(("area", "rule_id"), PROVEN, ids=lambda value: value)
    def test_runs_on_redis_7(self, area: str, rule_id: str):
        for action in all_rules()[rule_id].actions:
            for command in filter(None, (action.command, action.undo, action.verify)):
                assert check(command, target=REDIS_7).ok, command

    @pytest.mark.parametrize(("area", "rule_id"), PROVEN, ids=lambda value: value)
    def test_states_its_risk(self, area: str, rule_id: str):
        for action in all_rules()[rule_id].actions:
            found = check(action.command, target=REDIS_7).risk if action.command else Risk.READ_ONLY

            assert RISKS.index(action.risk) >= RISKS.index(found), action.command

    @pytest.mark.parametrize(("area", "rule_id"), PROVEN, ids=lambda value: value)
    def test_looks_before_it_touches(self, area: str, rule_id: str):
        assert all_rules()[rule_id].actions[0].risk is Risk.READ_ONLY

    @each_rule()
    def test_that_loses_data_is_never_first(self, spec: RuleSpec):
        assert spec.actions[0].risk is not Risk.LOSES_DATA


class ABrokenTableTests:
    WHOLE = {
        "category": "memory",
        "title": {"ko": "제목", "en": "Title"},
        "summary": {"ko": "요약", "en": "Summary"},
        "means": {"ko": "뜻", "en": "Meaning"},
    }

    def test_reads_when_it_is_whole(self):
        assert read_rule("x", self.WHOLE).title.en == "Title"

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"colour": "red"}, "colour"),
            ({"category": "weather"}, "weather"),
            ({"title": {"ko": "제목"}}, "en"),
            ({"severity": "bad"}, "bad"),
            ({"unit": "furlong"}, "furlong"),
            ({"log": {"open": ["x"]}}, "open"),
        ],
    )
    def test_names_the_rule_and_what_is_wrong(self, change: dict, told: str):
        with pytest.raises(BrokenCatalogue, match=f"x: .*{told}"):
            read_rule("x", self.WHOLE | change)
