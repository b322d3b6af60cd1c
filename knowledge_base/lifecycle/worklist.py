"""What waits for curators: reviews, due dates, suggestions, contracts that fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from knowledge_base.contracts.models import FailingContract
from knowledge_base.lifecycle.models import Suggestion, WorkingDraft
from knowledge_base.models import KnowledgeDocument
from knowledge_base.queries import due_for_review

SHOWN = 20
IN_REVIEW = KnowledgeDocument.Status.IN_REVIEW


@dataclass(frozen=True, slots=True)
class WorkCounts:
    in_review: int
    due: int
    suggestions: int
    failing: int

    @property
    def total(self) -> int:
        return self.in_review + self.due + self.suggestions + self.failing


@dataclass(frozen=True)
class Worklist:
    """The first rows of each list, and how many there are."""

    counts: WorkCounts
    in_review: list[KnowledgeDocument]
    due: list[KnowledgeDocument]
    suggestions: list[Suggestion]
    failing: list[FailingContract]
    drafts: list[KnowledgeDocument]  # begun by the person who looks


def work_counts() -> WorkCounts:
    return WorkCounts(
        in_review=KnowledgeDocument.objects.filter(status=IN_REVIEW).count()
        + WorkingDraft.objects.filter(state=IN_REVIEW).count(),
        due=due_for_review(KnowledgeDocument.objects.all()).count(),
        suggestions=open_suggestions().count(),
        failing=FailingContract.objects.count(),
    )


def worklist(user: Any) -> Worklist:
    return Worklist(
        counts=work_counts(),
        in_review=list(documents_in_review()[:SHOWN]),
        due=list(due_for_review(KnowledgeDocument.objects.all())[:SHOWN]),
        suggestions=list(open_suggestions()[:SHOWN]),
        failing=list(FailingContract.objects.select_related("document")[:SHOWN]),
        drafts=list(drafts_of(user)[:SHOWN]),
    )


def documents_in_review() -> QuerySet[KnowledgeDocument]:
    """Looked up by identifier: an OR over the join would read every document."""
    beside = WorkingDraft.objects.filter(state=IN_REVIEW).values_list("document_id", flat=True)
    whole = KnowledgeDocument.objects.filter(status=IN_REVIEW).values_list("pk", flat=True)
    waiting = [*beside[:SHOWN], *whole[:SHOWN]]
    rows = KnowledgeDocument.objects.filter(pk__in=waiting)
    return rows.select_related("working_draft__revision__author", "author")


def drafts_of(user: Any) -> QuerySet[KnowledgeDocument]:
    own = KnowledgeDocument.objects.filter(status=KnowledgeDocument.Status.DRAFT, author=user)
    beside = WorkingDraft.objects.filter(state=WorkingDraft.State.DRAFT, revision__author=user)
    ids = [*own.values_list("pk", flat=True)[:SHOWN], *beside.values_list("document_id", flat=True)[:SHOWN]]
    return KnowledgeDocument.objects.filter(pk__in=ids).order_by("-updated_at")


def open_suggestions() -> QuerySet[Suggestion]:
    return Suggestion.objects.filter(state=Suggestion.State.OPEN).select_related("document", "author")
