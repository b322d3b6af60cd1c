"""House rules read from front matter or from the team's own prose."""

from __future__ import annotations

from knowledge_base.house_rules import forbidden_commands, in_force, is_elsewhere, read_house_rule, superseded_ids

PROSE = read_house_rule(
    {
        "id": "pay-rb-7",
        "title": "결제 큐(payq-*) 메모리 대응",
        "category": "memory",
        "notes": (
            "pay-rb-3를 대체한다.\n- payq-*의 `maxmemory-policy`는 바꾸지 않는다.\n"
            "- 승인 후에만 `CONFIG SET maxmemory`를 올린다.\n- FLUSHDB 금지."
        ),
    }
)
STATED = read_house_rule(
    {
        "id": "x-1",
        "title": "Feature store",
        "applies_to": {"governs": ["feat-*"], "forbids": ["CLIENT KILL"], "supersedes": ["x-0"]},
    }
)
OTHER = read_house_rule(
    {"id": "cache-1", "title": "Cache tier (cache-*)", "notes": "Use allkeys-lru. Does not apply to payq-*."}
)


class ReadHouseRuleTests:
    def test_takes_names_prohibitions_and_duties_from_prose(self):
        assert PROSE.governs == ("payq-*",)
        assert PROSE.forbids == ("CONFIG SET maxmemory-policy", "FLUSHDB")
        assert any("승인" in text for text in PROSE.requires)

    def test_prefers_what_the_front_matter_states(self):
        assert STATED.forbids == ("CLIENT KILL",)
        assert STATED.supersedes == ("x-0",)

    def test_does_not_govern_what_a_sentence_excludes(self):
        assert OTHER.governs == ("cache-*",)

    def test_forbids_the_commands_that_do_the_same_harm(self):
        assert "FLUSHALL" in forbidden_commands(PROSE)


class InForceTests:
    def test_applies_to_the_systems_it_names_alone(self):
        assert in_force([PROSE, STATED, OTHER], {"payq-kr-1"}, category="memory") == [PROSE]
        assert is_elsewhere(OTHER, {"payq-kr-1"})

    def test_leaves_a_superseded_document_out(self):
        old = read_house_rule({"id": "pay-rb-3", "title": "payq-* (2023)", "notes": "Switch payq-* to allkeys-lru."})

        assert superseded_ids([PROSE, old]) == {"pay-rb-3": "pay-rb-7"}
        assert in_force([old, PROSE], {"payq-kr-1"}) == [PROSE]


def test_a_family_of_policies_is_no_system():
    rule = read_house_rule({"id": "a", "title": "With `volatile-*` nothing is evicted on session-* nodes"})

    assert rule.governs == ("session-*",)
