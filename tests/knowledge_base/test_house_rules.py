"""House rules read from front matter or from the team's own prose."""

from __future__ import annotations

from datetime import date

import pytest

from incidents.analysis.house_rules import is_forbidden
from incidents.runs.citing import published_house_documents
from knowledge_base.document_fields import clean_fields
from knowledge_base.house_rules import forbidden_commands, in_force, is_elsewhere, read_house_rule, superseded_ids
from knowledge_base.house_scope import System
from knowledge_base.models import KnowledgeDocument
from knowledge_base.shipped import shipped_documents

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


class WaysOfForbiddingTests:
    @pytest.mark.parametrize(
        ("sentence", "command"),
        [
            ("ord-* 인스턴스에서는 FLUSHALL을 금합니다.", "FLUSHALL"),
            ("ord-*에서 `maxmemory-policy` 변경은 불가합니다.", "CONFIG SET maxmemory-policy"),
            ("ord-*에서 KEYS 명령은 엄금.", "KEYS"),
            ("ord-*에서는 MONITOR를 실행하지 마십시오.", "MONITOR"),
            ("ord-*에서 CLIENT KILL은 허용되지 않는다.", "CLIENT KILL"),
            ("예외 없이 ord-*의 `appendonly-no`는 금지.", "CONFIG SET appendonly-no"),
            ("On ord-* you may not run DEBUG SLEEP.", "DEBUG SLEEP"),
            ("FLUSHDB is off limits on ord-*.", "FLUSHDB"),
            ("Under no circumstances change `min-replicas-to-write` on ord-*.", "CONFIG SET min-replicas-to-write"),
            ("SHUTDOWN is not permitted on ord-* hosts.", "SHUTDOWN"),
            ("No MONITOR on ord-*.", "MONITOR"),
            ("Without exception, never use SAVE on ord-*.", "SAVE"),
        ],
    )
    def test_are_understood_in_both_languages(self, sentence, command):
        rule = read_house_rule({"id": "r", "title": "Order cache", "notes": sentence})

        assert rule.governs == ("ord-*",)
        assert command in rule.forbids

    @pytest.mark.parametrize(
        "sentence",
        [
            "ord-*에서는 당직 승인 없이 CONFIG SET maxmemory를 하지 않는다.",
            "On ord-* never run CLUSTER FAILOVER without approval of the duty lead.",
            "ord-*: do not use SHUTDOWN before a ticket is open.",
        ],
    )
    def test_with_a_condition_are_duties(self, sentence):
        rule = read_house_rule({"id": "r", "title": "Order cache", "notes": sentence})

        assert rule.forbids == ()
        assert rule.requires

    def test_can_be_stated_in_the_front_matter_of_an_import(self):
        stated = {"governs": ["ord-*"], "forbids": ["FLUSHALL"], "supersedes": ["r-0"], "superseded_by": ""}

        fields = clean_fields({"id": "r", "title": "Order cache", "category": "memory", "applies_to": stated})

        assert read_house_rule(fields).forbids == ("FLUSHALL",)


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


def test_no_shipped_document_is_mistaken_for_a_house_rule():
    rules = [read_house_rule(document) for document in shipped_documents()]

    assert [rule.document_id for rule in rules if rule.governs or rule.labels or rule.valid_until] == []
    assert superseded_ids(rules) == {}


class ScopeTests:
    def test_of_labels_must_be_known_unless_the_system_is_named(self):
        gold = read_house_rule(
            {"id": "g", "title": "Gold", "applies_to": {"labels": ["tier=gold"], "forbids": ["DEL"]}}
        )

        assert gold.applies_to(System(frozenset({"a-1"}), {"Tier": "Gold"}))
        assert not gold.applies_to(System(frozenset({"a-1"}), {"tier": "silver"}))
        assert not gold.applies_to(System(frozenset({"a-1"})))

    def test_of_an_environment_is_told_by_a_name_too(self):
        rule = read_house_rule({"id": "s", "title": "cart-*", "notes": "Staging only: FLUSHALL is fine on cart-*."})

        assert rule.applies_to({"cart-stg-1"})
        assert is_elsewhere(rule, {"cart-prd-1"})

    def test_ends_with_the_last_day(self):
        rule = read_house_rule({"id": "e", "title": "cart-*", "notes": "유효 기한: 2026-03-31. cart-*에서 DEL 금지."})

        assert in_force([rule], System(frozenset({"cart-1"}), on=date(2026, 3, 31))) == [rule]
        assert in_force([rule], System(frozenset({"cart-1"}), on=date(2026, 4, 1))) == []

    def test_holds_for_a_ban_whatever_the_fault(self):
        assert in_force([STATED], {"feat-1"}, category="cluster") == [STATED]


@pytest.mark.django_db
def test_what_is_stated_in_the_front_matter_alone_is_found_among_published_documents():
    stated = {"governs": ["feature"], "forbids": ["FLUSHALL"]}
    KnowledgeDocument.objects.create(
        id="f-1", title="Features", category="memory", status="published", applies_to=stated
    )
    KnowledgeDocument.objects.create(id="f-2", title="Nothing of the kind", category="memory", status="published")

    assert [document["id"] for document in published_house_documents()] == ["f-1"]


@pytest.mark.parametrize(
    ("command", "forbidden"),
    [
        ("redis-cli KEYS '*'", True),
        ("redis-cli -h db-1 -p 6379 keys '*'", True),
        ("redis-cli --scan --pattern 'KEYS:*' | xargs redis-cli UNLINK", False),
        ("redis-cli ACL SETUSER app -keys", False),
    ],
)
def test_a_word_in_a_line_is_not_yet_the_command(command, forbidden):
    assert is_forbidden(command, ("KEYS",)) is forbidden
