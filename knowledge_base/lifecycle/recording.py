"""Every change of content becomes a revision, whatever path it takes: a save, a bulk write, an import, a release.

Who changed it and why comes from the `signed` block around the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.utils import timezone

from knowledge_base.lifecycle.models import DocumentRevision
from knowledge_base.models import KnowledgeDocument

BATCH = 500


@dataclass(frozen=True, slots=True)
class Signature:
    """Who stands for a change, and why it was made."""

    author_id: int | None = None
    reason: str = ""
    source: str = DocumentRevision.Source.EDITED


UNSIGNED = Signature()
_signature: ContextVar[Signature | None] = ContextVar("signature_of_revisions", default=None)


@contextmanager
def signed(*, by: Any = None, reason: str = "", source: str = DocumentRevision.Source.EDITED) -> Iterator[None]:
    """Sign the revisions that are made inside the block."""
    author_id = by.pk if by is not None and by.is_authenticated else None
    token = _signature.set(Signature(author_id, reason[:500], source))
    try:
        yield
    finally:
        _signature.reset(token)


def next_numbers(document_ids: Sequence[str]) -> dict[str, int]:
    """The number of each document's next revision. A draft beside the published text has taken one already."""
    numbers: dict[str, int] = {}
    for start in range(0, len(document_ids), BATCH):
        some = document_ids[start : start + BATCH]
        rows = DocumentRevision.objects.filter(document_id__in=some).order_by()
        numbers.update(rows.values_list("document_id").annotate(last=Max("number")))
    return {pk: numbers.get(pk, 0) + 1 for pk in document_ids}


def record_revisions(documents: Iterable[KnowledgeDocument]) -> None:
    """Store what documents say now as the revisions they are numbered as."""
    now = timezone.now()
    rows = [revision_of(document, at=now) for document in documents]
    DocumentRevision.objects.bulk_create(rows, batch_size=BATCH)


def revision_of(document: KnowledgeDocument, *, at: Any) -> DocumentRevision:
    signature = _signature.get() or UNSIGNED
    return DocumentRevision(
        document_id=document.pk,
        number=document.revision,
        content=document.content(),
        content_hash=document.content_hash,
        author_id=signature.author_id,
        source=signature.source,
        reason=signature.reason,
        created_at=at,
        published_at=at if document.is_published else None,
    )
