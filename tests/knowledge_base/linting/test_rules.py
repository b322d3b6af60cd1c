"""Each rule fires, and stays silent on the sound look-alike. No database."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from knowledge_base.linting.draft import Draft
from knowledge_base.linting.service import lint_draft
from knowledge_base.linting.surroundings import Surroundings

TODAY = date(2026, 6, 1)
STEP = {
    "text": "Raise the limit.", "command": "redis-cli CONFIG SET maxmemory 6gb", "risk": "changes-settings",
    "verify": "Writes work.", "undo": "Set the old value.",
}  # fmt: skip
SOUND: dict[str, Any] = {
    "id": "oom-en", "kind": "runbook", "language": "en", "topic": "oom", "category": "memory",
    "title": "Writes refused",
    "symptoms": ["Writes fail."], "root_causes": ["The limit is reached."], "prevention": ["Alert at 80 %."],
    "questions": ["why do writes fail"], "sources": ["Redis docs: Key eviction"],
    "diagnosis_steps": [{"text": "Compare.", "command": "redis-cli INFO memory", "expect": "Below the limit."}],
    "solutions": [STEP], "applies_to": {"products": ["redis"], "versions": ">=6.0"},
}  # fmt: skip
TRANSLATED = Surroundings(TODAY, frozenset({"ko"}))


def notes_on(around: Surroundings = TRANSLATED, **fields: Any) -> list[tuple[str, str]]:
    return [(note.rule, note.place) for note in lint_draft(Draft({**SOUND, **fields}), around)]


def rules_on(around: Surroundings = TRANSLATED, **fields: Any) -> list[str]:
    return [rule for rule, _ in notes_on(around, **fields)]


def solution(**parts: str) -> dict[str, Any]:
    return {"solutions": [{**STEP, **parts}]}


def diagnosis(command: str, **parts: str) -> dict[str, Any]:
    return {"diagnosis_steps": [{"text": "Look.", "command": command, "expect": "A number.", **parts}]}


def beside(**fields: Any) -> Surroundings:
    return Surroundings(TODAY, frozenset({"ko"}), neighbours=(Draft({**SOUND, "id": "other-en", **fields}),))


def test_a_sound_document_has_no_notes():
    assert notes_on() == []


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        (diagnosis("redis-cli MEMORY DIAGNOSE"), ("dead-command", "diagnosis_steps[0].command")),
        ({"notes": "Then run `CONFIG SET no-such-setting 1`."}, ("dead-command", "notes")),
        ({"notes": "See `CLUSTER MIGRATION STATUS`.", "applies_to": {}}, ("incomplete-command", "notes")),
        (diagnosis("rediscli info memory"), ("unknown-program", "diagnosis_steps[0].command")),
        (diagnosis("redis-cli INFO latencystats"), ("command-outside-versions", "diagnosis_steps[0].command")),
        (diagnosis("redis-cli FLUSHALL"), ("danger-in-diagnosis", "diagnosis_steps[0].command")),
        (diagnosis("redis-cli KEYS '*'"), ("blocking-diagnosis", "diagnosis_steps[0].command")),
        (solution(command="redis-cli FLUSHALL", risk="loses-data"), ("danger-unwarned", "solutions[0].text")),
        (
            solution(text="Warning: all is lost.", command="redis-cli FLUSHALL", risk="loses-data", undo=""),
            ("danger-without-undo", "solutions[0].undo"),
        ),
        (solution(text="Warning.", command="redis-cli FLUSHALL"), ("risk-understated", "solutions[0].risk")),
        (solution(verify=""), ("missing-verification", "solutions[0].verify")),
        (solution(undo=""), ("missing-undo", "solutions[0].undo")),
        (solution(risk=""), ("risk-missing", "solutions[0].risk")),
        ({"solutions": [{**STEP, "risk": "blocks"}, STEP]}, ("risk-order", "solutions[1].risk")),
        (diagnosis("redis-cli INFO memory", expect=""), ("missing-expectation", "diagnosis_steps[0].expect")),
        ({"applies_to": {"versions": "newer than six"}}, ("version-unreadable", "applies_to")),
        ({"applies_to": {"versions": ">=7.0,<6.2"}}, ("version-empty", "applies_to")),
        ({"applies_to": {"products": ["memcached"]}}, ("target-unknown", "applies_to")),
        ({"prevention": []}, ("empty-field", "prevention")),
        ({"review_by": date(2026, 5, 31)}, ("review-overdue", "review_by")),
        ({"symptoms": ["word " * 46]}, ("long-sentence", "symptoms[0]")),
        ({"notes": "Short words here. " * 90}, ("wall-of-text", "notes")),
    ],
)  # fmt: skip
def test_fires_where_the_fault_stands(fields, note):
    assert note in notes_on(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        diagnosis("redis-cli INFO latencystats", text="Look (7.0 and later)."),
        diagnosis("redis-cli KEYS '*'", text="Warning: this blocks; on a small replica."),
        solution(text="Warning: all is lost.", command="redis-cli FLUSHALL", risk="loses-data"),
        solution(risk="read-only", command="redis-cli CONFIG GET maxmemory", undo=""),
        {"kind": "case", "solutions": [{**STEP, "risk": "blocks"}, STEP]},
        {"solutions": [STEP, {**STEP, "risk": "read-only", "command": ""}]},
        {"applies_to": {"versions": ">=6.0,<=6.0"}},
        {"review_by": TODAY},
        {"notes": "After approval use `CONFIG SET maxmemory` in small steps."},
        {"notes": "\n\n".join(["Short words here."] * 90)},
        {"notes": "| a | b |\n|---|---|\n" + "| long cell | other cell |\n" * 90},
    ],
)
def test_stays_silent_on_the_sound_look_alike(fields):
    assert notes_on(**fields) == []


def test_an_empty_document_is_one_error():
    empty = {name: [] for name in ("symptoms", "diagnosis_steps", "solutions", "root_causes", "prevention")}

    assert rules_on(**empty) == ["no-content"]


def test_a_text_without_parts_is_one_note():
    empty = {name: [] for name in ("symptoms", "diagnosis_steps", "solutions", "root_causes", "prevention")}

    assert rules_on(**empty, notes="What we do on Mondays.") == ["only-notes"]


def test_korean_is_measured_in_characters():
    long = "메모리가 한도에 닿으면 쓰기가 거부되고 그러면 주문이 실패하고 " * 6

    assert ("long-sentence", "symptoms[0]") in notes_on(language="ko", symptoms=[long], around=_english())
    assert "long-sentence" not in rules_on(language="ko", symptoms=["메모리가 한도에 닿았습니다."], around=_english())


def _english() -> Surroundings:
    return Surroundings(TODAY, frozenset({"en"}))


class OtherDocumentTests:
    def test_a_missing_translation_is_said(self):
        assert rules_on(Surroundings(TODAY)) == ["missing-translation"]

    def test_an_identifier_that_is_not_there_is_an_error(self):
        around = Surroundings(TODAY, frozenset({"ko"}), missing_ids=frozenset({"oom-2019"}))

        assert ("broken-reference", "applies_to") in notes_on(around, notes="This supersedes oom-2019.")

    def test_nearly_the_same_text_is_a_duplicate(self):
        assert "near-duplicate" in rules_on(beside(title="Another title", topic="oom-2"))

    def test_a_translation_or_a_superseded_document_is_none(self):
        assert rules_on(beside(language="ko")) == []
        assert rules_on(beside(), applies_to={**SOUND["applies_to"], "supersedes": ["other-en"]}) == []

    def test_what_another_document_forbids_is_a_contradiction(self):
        other = beside(prevention=["Never run FLUSHALL."], symptoms=["Something else entirely is seen here."])
        mine = solution(text="Warning: all is lost.", command="redis-cli FLUSHALL", risk="loses-data")

        assert ("contradiction", "solutions[0].command") in notes_on(other, **mine)

    @pytest.mark.parametrize(
        "other",
        [
            beside(language="ko", prevention=["Never run FLUSHALL where queues share the instance."]),
            beside(language="ko", prevention=["Never run FLUSHALL."], applies_to={"products": ["valkey"]}),
            beside(language="ko", prevention=["Never run FLUSHALL."], applies_to={"versions": "<6.0"}),
        ],
    )
    def test_no_contradiction_under_a_condition_or_on_other_systems(self, other):
        mine = solution(text="Warning: all is lost.", command="redis-cli FLUSHALL", risk="loses-data")

        assert "contradiction" not in rules_on(other, **mine)

    def test_a_house_rule_outranks_the_general_text_and_does_not_contradict_it(self):
        house = beside(
            language="ko", applies_to={"governs": ["session-*"], "forbids": ["CONFIG SET maxmemory"]}, topic="house"
        )

        assert rules_on(house) == []

    def test_two_house_rules_for_the_same_systems_contradict(self):
        house = beside(
            language="ko", applies_to={"governs": ["session-*"], "forbids": ["CONFIG SET maxmemory"]}, topic="house"
        )

        assert "contradiction" in rules_on(house, applies_to={"governs": ["session-kr-*"]})

    def test_a_translation_with_another_number_is_found(self):
        other = beside(language="ko", solutions=[{**STEP, "command": "redis-cli CONFIG SET maxmemory 8gb"}])

        assert ("value-differs", "solutions[0].command") in notes_on(other)

    def test_the_same_amount_in_another_unit_is_the_same(self):
        other = beside(language="ko", solutions=[{**STEP, "command": "redis-cli CONFIG SET maxmemory 6442450944"}])

        assert rules_on(other) == []

    def test_a_forbidden_value_forbids_no_other(self):
        other = beside(language="ko", prevention=["Never `maxmemory 0`."])

        assert "contradiction" not in rules_on(other)

    @pytest.mark.parametrize("line", ["FLUSHALL 명령은 금지입니다.", "`FLUSHALL` 사용 금지.", "절대 금지: FLUSHALL."])
    def test_korean_prohibitions_are_understood(self, line):
        mine = solution(text="Warning: all is lost.", command="redis-cli FLUSHALL", risk="loses-data")

        assert "contradiction" in rules_on(beside(language="ko", prevention=[line]), **mine)
