"""Who used a document: opened it, found it by a search, cited it in a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, Sum
from django.utils import timezone

from knowledge_base.feedback.models import FeedbackTally
from knowledge_base.lifecycle.models import DocumentCitation, DocumentUse
from knowledge_base.models import KnowledgeDocument

DAYS = 90
SHOWN = 10  # citations


@dataclass(frozen=True, slots=True)
class Usage:
    """Openings of the last 90 days; citations and feedback of all time."""

    opened: int
    found: int
    cited: int
    helped: int
    wrong: int
    citations: tuple[DocumentCitation, ...]


def note_opened(*, document_id: str, from_search: bool, today: date | None = None) -> None:
    """Count one opening. An insert that meets a rival's is an update."""
    day = today or timezone.localdate()
    kind = DocumentUse.Kind.FOUND if from_search else DocumentUse.Kind.OPENED
    counted = DocumentUse.objects.filter(document_id=document_id, day=day, kind=kind)
    if not counted.update(count=F("count") + 1):
        row = DocumentUse(document_id=document_id, day=day, kind=kind)
        DocumentUse.objects.bulk_create([row], ignore_conflicts=True)
        counted.update(count=F("count") + 1)


def note_cited(*, document_ids: Iterable[str], run_id: int, incident: str) -> None:
    """Keep which documents a report cites. The same report twice counts once."""
    known = KnowledgeDocument.objects.filter(pk__in=set(document_ids)).values_list("pk", flat=True)
    rows = [DocumentCitation(document_id=pk, run_id=run_id, incident=incident) for pk in known]
    DocumentCitation.objects.bulk_create(rows, ignore_conflicts=True)


def usage_of(document: KnowledgeDocument, *, today: date | None = None) -> Usage:
    since = (today or timezone.localdate()) - timedelta(days=DAYS)
    rows = DocumentUse.objects.filter(document=document, day__gte=since).values_list("kind").annotate(Sum("count"))
    counts = dict(rows)
    citations = DocumentCitation.objects.filter(document=document)
    tally = FeedbackTally.objects.filter(pk=document.pk).values_list("helped", "wrong").first()
    helped, wrong = tally or (0, 0)
    found = counts.get(DocumentUse.Kind.FOUND, 0)
    return Usage(
        opened=counts.get(DocumentUse.Kind.OPENED, 0) + found,
        found=found,
        cited=citations.count(),
        helped=helped,
        wrong=wrong,
        citations=tuple(citations[:SHOWN]),
    )
