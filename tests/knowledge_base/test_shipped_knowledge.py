"""What is shipped is whole: every topic in both languages, saying the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from knowledge_base.shipped import shipped_documents

SHARED = ("kind", "category", "severity", "applies_to", "related_metrics", "preconditions", "sources")


@cache
def topics() -> Mapping[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for fields in shipped_documents():
        found[fields["topic"]][fields["language"]] = fields
    return found


def test_all_topics_and_cases_are_there_in_both_languages():
    kinds = [pair["ko"]["kind"] for pair in topics().values() if set(pair) == {"ko", "en"}]

    assert len(kinds) == len(topics())
    assert kinds.count("case") >= 12
    assert len(kinds) - kinds.count("case") == 46


@pytest.mark.parametrize("topic", sorted(topics()))
def test_a_translation_gives_the_same_steps_commands_and_risks(topic):
    korean, english = topics()[topic]["ko"], topics()[topic]["en"]

    for name in ("diagnosis_steps", "solutions"):
        told = [[(step["command"], step.get("risk")) for step in fields[name]] for fields in (korean, english)]
        assert told[0] == told[1], name
    assert {name: korean.get(name) for name in SHARED} == {name: english.get(name) for name in SHARED}
