"""The curators' cards on the admin's first page: what waits to be reviewed, renewed or repaired."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from knowledge_base.health import Health, index_health
from knowledge_base.models import KnowledgeDocument
from knowledge_base.queries import due_for_review
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
    return [_index(), _reviews(), _drafts(), _due()]


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


def _reviews() -> DeskCard:
    count = KnowledgeDocument.objects.filter(status=KnowledgeDocument.Status.IN_REVIEW).count()
    return DeskCard(
        title=_("In review"),
        value=str(count),
        note=_("wait for a reviewer") if count else _("nothing waits"),
        href=_documents("status__exact=in_review"),
        icon="check",
        tone="medium" if count else "none",
    )


def _drafts() -> DeskCard:
    count = KnowledgeDocument.objects.filter(status=KnowledgeDocument.Status.DRAFT).count()
    return DeskCard(title=_("Drafts"), value=str(count), note=_("not searched yet"),
                    href=_documents("status__exact=draft"), icon="file")  # fmt: skip


def _due() -> DeskCard:
    count = due_for_review(KnowledgeDocument.objects.all()).count()
    return DeskCard(
        title=_("Due for review"),
        value=str(count),
        note=_("their review date has passed") if count else _("nothing is due"),
        href=_documents("review=due"),
        icon="clock",
        tone="medium" if count else "none",
    )


def _documents(query: str = "") -> str:
    address = reverse("admin:knowledge_base_knowledgedocument_changelist")
    return f"{address}?{query}" if query else address
