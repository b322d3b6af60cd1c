"""Whether what a document refers to is there, its translation is written and its review is not overdue. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from incidents.diagnostics.text import Text
from knowledge_base.linting.draft import Draft
from knowledge_base.linting.notes import LintNote, Place, note
from knowledge_base.linting.surroundings import Surroundings

LANGUAGES = {"ko": Text("한국어", "Korean"), "en": Text("영어", "English")}


def referred_ids(draft: Draft) -> list[str]:
    """The documents that this one says it replaces or is replaced by. In prose only what looks like an identifier."""
    stated = [*(draft.applies_to.get("supersedes") or ()), draft.applies_to.get("superseded_by") or ""]
    rule = draft.house_rule
    in_prose = [name for name in (*rule.supersedes, rule.superseded_by) if "-" in name.strip("-")]
    return list(dict.fromkeys(str(name) for name in (*stated, *in_prose) if name))


def check_references(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    for name in referred_ids(draft):
        if name in around.missing_ids:
            yield note("broken-reference", Place("applies_to"), other=name)


def check_translation(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """Korean and English are equals."""
    for language, name in LANGUAGES.items():
        if language != draft.language and language not in around.translations:
            yield note("missing-translation", Place("topic"), language=name)


def check_review_date(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    due = draft.fields.get("review_by")
    if isinstance(due, date) and due < around.today:
        yield note("review-overdue", Place("review_by"), date=due.isoformat())
