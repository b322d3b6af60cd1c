"""Every rule. A rule takes a draft and what is known of the others, and yields notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from knowledge_base.linting.draft import Draft
from knowledge_base.linting.notes import LintNote
from knowledge_base.linting.rules import commands, completeness, contradictions, duplicates, reading, references, scope
from knowledge_base.linting.surroundings import Surroundings

Rule = Callable[[Draft, Surroundings], Iterator[LintNote]]

RULES: tuple[Rule, ...] = (
    completeness.check_fields,
    completeness.check_steps,
    completeness.check_risk_order,
    scope.check_versions,
    scope.check_targets,
    commands.check_existence,
    commands.check_danger,
    references.check_references,
    references.check_translation,
    references.check_review_date,
    duplicates.check_duplicates,
    contradictions.check_contradictions,
    contradictions.check_values,
    reading.check_sentences,
    reading.check_walls,
)
