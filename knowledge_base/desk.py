"""The curators' cards on the admin's first page: what waits to be reviewed, renewed or repaired."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from knowledge_base.health import Health, index_health
from knowledge_base.lifecycle.models import WorkingDraft
from knowledge_base.lifecycle.worklist import WorkCounts, work_counts
from knowledge_base.models import KnowledgeDocument
from sre_portal.desk import DeskCard

TONES = {
    Health.OK: "ok",
    Health.CATCHING_UP: "none",
    Health.DEGRADED: "high",
    Health.UNAVAILABLE: "critical",
}


def cards(request: HttpRequest) -> list[DeskCard]:
    if not request.user.has_perm("knowledge_base.change_knowledgedocument"):
        return []
    counts = work_counts()
    return [_index(), _reviews(counts), _suggestions(counts), _drafts(), _due(counts), _contracts(counts)]


def _index() -> DeskCard:
    health = index_health()
    counted = _("%(documents)d documents, %(vectors)d vectors") % {
        "documents": health.documents,
        "vectors": health.vectors,
    }
    return DeskCard(
        title=_("Search index"),
        value=health.label,
        note=health.problem or counted,
        href=_documents("index=open") if health.waiting else _documents(),
        icon="search",
        tone=TONES[health.state],
    )


def _reviews(counts: WorkCounts) -> DeskCard:
    return _waiting(
        counts.in_review,
        title=_("In review"),
        some=_("wait for a reviewer"),
        none=_("nothing waits"),
        href=reverse("admin:knowledge_base_knowledgedocument_worklist"),
        icon="check",
    )


def _drafts() -> DeskCard:
    count = KnowledgeDocument.objects.filter(status=KnowledgeDocument.Status.DRAFT).count()
    count += WorkingDraft.objects.filter(state=WorkingDraft.State.DRAFT).count()
    return DeskCard(title=_("Drafts"), value=str(count), note=_("not searched yet"),
                    href=_documents("status__exact=draft"), icon="file")  # fmt: skip


def _suggestions(counts: WorkCounts) -> DeskCard:
    return _waiting(
        counts.suggestions,
        title=_("Suggested changes"),
        some=_("from the portal wait for an answer"),
        none=_("nothing waits"),
        href=f"{reverse('admin:knowledge_base_suggestion_changelist')}?state__exact=open",
        icon="chat",
    )


def _contracts(counts: WorkCounts) -> DeskCard:
    return _waiting(
        counts.failing,
        title=_("Failing questions"),
        some=_("don't find their document"),
        none=_("every question finds its document"),
        href=reverse("admin:knowledge_base_knowledgedocument_retrieval"),
        icon="search",
    )


def _due(counts: WorkCounts) -> DeskCard:
    return _waiting(
        counts.due,
        title=_("Due for review"),
        some=_("their review date has passed"),
        none=_("nothing is due"),
        href=_documents("review=due"),
        icon="clock",
    )


def _waiting(count: int, *, title: str, some: str, none: str, href: str, icon: str) -> DeskCard:
    """A card that asks for attention as soon as there is one."""
    return DeskCard(
        title=title,
        value=str(count),
        note=some if count else none,
        href=href,
        icon=icon,
        tone="medium" if count else "none",
    )


def _documents(query: str = "") -> str:
    address = reverse("admin:knowledge_base_knowledgedocument_changelist")
    return f"{address}?{query}" if query else address
