"""Lint documents against the others in the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from django.utils import timezone

from knowledge_base.linting.data import thresholds
from knowledge_base.linting.draft import Draft
from knowledge_base.linting.neighbours import draft_of, neighbours_of
from knowledge_base.linting.notes import Level, LintNote, errors_of
from knowledge_base.linting.rules import RULES
from knowledge_base.linting.rules.references import referred_ids
from knowledge_base.linting.surroundings import Surroundings
from knowledge_base.models import KnowledgeDocument

LEVELS = tuple(Level)


def lint_document(document: KnowledgeDocument | Mapping[str, Any], *, today: date | None = None) -> list[LintNote]:
    """What is wrong or weak in a document, saved or not: errors first, then as it reads.

    Takes a document, or its fields as `clean_fields` gives them.
    """
    draft = draft_of(document) if isinstance(document, KnowledgeDocument) else Draft(document)
    return lint_draft(draft, _surroundings(draft, today or timezone.localdate()))


def lint_documents(
    documents: Iterable[KnowledgeDocument], *, today: date | None = None
) -> Iterator[tuple[KnowledgeDocument, list[LintNote]]]:
    """Each document with its notes, one at a time."""
    for document in documents:
        yield document, lint_document(document, today=today)


def lint_alone(fields: Mapping[str, Any]) -> list[LintNote]:
    """The errors that a document has in itself, without a look at others: fast enough for thousands. Pure."""
    return errors_of(lint_draft(Draft(fields), Surroundings(today=date.min)))


def lint_draft(draft: Draft, around: Surroundings) -> list[LintNote]:
    """Run every rule. Pure."""
    counts: Counter[str] = Counter()
    kept = []
    for note in (note for rule in RULES for note in rule(draft, around)):
        counts[note.rule] += 1
        if counts[note.rule] <= thresholds().notes_per_rule:
            kept.append(note)
    return sorted(kept, key=lambda note: LEVELS.index(note.level))


def _surroundings(draft: Draft, today: date) -> Surroundings:
    neighbours = neighbours_of(draft)
    same = [other for other in neighbours if draft.topic and other.topic == draft.topic]
    return Surroundings(
        today=today,
        translations=frozenset(other.language for other in same),
        missing_ids=_missing(referred_ids(draft)),
        neighbours=neighbours,
    )


def _missing(ids: list[str]) -> frozenset[str]:
    known = KnowledgeDocument.objects.filter(pk__in=ids).values_list("pk", flat=True)
    return frozenset(ids) - frozenset(known) if ids else frozenset()
