"""How the index is: for the badge in the admin, the API and whoever watches the portal.

Read from the database alone, so that every process can answer; the owner of the vectors leaves its findings there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from knowledge_base.models import IndexCollection, IndexTask, KnowledgeDocument, StoredChunk
from knowledge_base.rebuilding import LEAST_FOUND
from knowledge_base.vector_index import active_collection

SLOW_SECONDS = 120.0  # a task that waits longer says that nobody works on them


class Health(StrEnum):
    OK = "ok"
    CATCHING_UP = "catching_up"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


LABELS = {
    Health.OK: gettext_lazy("In step"),
    Health.CATCHING_UP: gettext_lazy("Catching up"),
    Health.DEGRADED: gettext_lazy("Degraded"),
    Health.UNAVAILABLE: gettext_lazy("Full text only"),
}


@dataclass(frozen=True, slots=True)
class IndexHealth:
    state: Health
    problem: str  # one sentence, empty when all is well
    documents: int  # published
    chunks: int
    vectors: int  # at the last check
    waiting: int
    failed: int
    oldest_wait_seconds: float
    sample_asked: int
    sample_found: int
    checked_at: datetime | None
    collection: str
    embedder: str
    rebuilding: bool

    @property
    def label(self) -> str:
        return str(LABELS[self.state])


def index_health(*, at: datetime | None = None) -> IndexHealth:
    at = at or timezone.now()
    row = active_collection()
    open_tasks = IndexTask.objects.exclude(state=IndexTask.State.DONE)
    failed = open_tasks.filter(state=IndexTask.State.FAILED)
    oldest = open_tasks.order_by("due_at").values_list("due_at", flat=True).first()
    wait = max(0.0, (at - oldest).total_seconds()) if oldest else 0.0
    building = IndexCollection.objects.filter(state=IndexCollection.State.BUILDING).exists()
    state, problem = _judge(row, waiting=open_tasks.count(), failed=failed.first(), wait=wait, building=building)
    return IndexHealth(
        state=state,
        problem=problem,
        documents=KnowledgeDocument.objects.published().count(),
        chunks=StoredChunk.objects.count(),
        vectors=row.vectors if row else 0,
        waiting=open_tasks.count(),
        failed=failed.count(),
        oldest_wait_seconds=round(wait, 1),
        sample_asked=row.sample_asked if row else 0,
        sample_found=row.sample_found if row else 0,
        checked_at=row.checked_at if row else None,
        collection=row.name if row else "",
        embedder=row.stamp if row else "",
        rebuilding=building,
    )


def _judge(
    row: IndexCollection | None, *, waiting: int, failed: IndexTask | None, wait: float, building: bool
) -> tuple[Health, str]:
    if row is None:
        return Health.UNAVAILABLE, _("The vector index has not been built yet; searches use the full text.")
    if row.sample_asked and row.sample_found < LEAST_FOUND * row.sample_asked:
        return Health.DEGRADED, _("%(found)d of %(asked)d sampled vectors find themselves; a new index is needed.") % {
            "found": row.sample_found,
            "asked": row.sample_asked,
        }
    if failed is not None:
        return Health.DEGRADED, failed.last_error
    if waiting and wait > SLOW_SECONDS:
        return Health.DEGRADED, _("Documents have waited for %(seconds)d seconds; is the serving process running?") % {
            "seconds": wait
        }
    return (Health.CATCHING_UP, "") if waiting or building else (Health.OK, "")
