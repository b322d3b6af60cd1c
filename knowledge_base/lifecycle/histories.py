"""The history of a document as its readers see it: revisions and steps on one line of time, and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from knowledge_base.lifecycle.diffs import FieldDiff, diff_contents
from knowledge_base.lifecycle.models import DocumentRevision, DocumentTransition
from knowledge_base.models import KnowledgeDocument

LONGEST = 200  # entries of each kind on one page
LABELS = {
    "kind": _("Kind"), "language": _("Language"), "topic": _("Topic"), "category": _("Category"),
    "severity": _("Severity"), "title": _("Title"), "symptoms": _("Symptoms"), "root_causes": _("Root causes"),
    "diagnosis_steps": _("Diagnosis steps"), "solutions": _("Solutions"), "prevention": _("Prevention"),
    "related_metrics": _("Related metrics"), "tags": _("Tags"), "applies_to": _("Applies to"),
    "preconditions": _("Preconditions"), "questions": _("Questions it answers"), "sources": _("Sources"),
    "notes": _("Notes"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabelledDiff:
    label: str
    diff: FieldDiff


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: a revision, or a step."""

    at: datetime
    number: int
    who: str
    reason: str
    revision: DocumentRevision | None = None
    transition: DocumentTransition | None = None


def timeline(document: KnowledgeDocument, *, published_only: bool = False) -> list[Entry]:
    """Newest first. Readers who may not edit see what was published, and nothing of drafts."""
    revisions = DocumentRevision.objects.filter(document=document).select_related("author").defer("content")
    steps = DocumentTransition.objects.filter(document=document).select_related("actor")
    if published_only:
        revisions = revisions.exclude(published_at=None)
        steps = steps.none()
    entries = [
        Entry(one.created_at, one.number, _name(one.author), one.reason, revision=one)
        for one in revisions.order_by("-number")[:LONGEST]
    ]
    entries += [
        Entry(one.created_at, one.revision, _name(one.actor), one.reason, transition=one) for one in steps[:LONGEST]
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.transition is not None), reverse=True)


def _name(user: Any) -> str:
    return (user.get_full_name() or user.get_username()) if user is not None else ""


def labelled(diffs: Sequence[FieldDiff]) -> list[LabelledDiff]:
    return [LabelledDiff(str(LABELS.get(diff.name, diff.name)), diff) for diff in diffs]


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[LabelledDiff]:
    """What changed from one content to another, field by field."""
    return labelled(diff_contents(before, after))


def compare_revisions(older: DocumentRevision, newer: DocumentRevision) -> list[LabelledDiff]:
    return compare(older.content, newer.content)
