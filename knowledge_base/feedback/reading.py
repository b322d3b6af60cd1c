"""What a page or a program shows of the feedback on one document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from knowledge_base.feedback.models import Feedback, FeedbackTally
from knowledge_base.feedback.services import is_on_for_all
from knowledge_base.models import KnowledgeDocument

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class DocumentFeedback:
    """`shift` is what ranking adds now; 0 where it is switched off. `said` is filled for curators alone."""

    helped: int
    wrong: int
    shift: float
    is_off: bool
    own: Feedback | None
    said: list[Feedback]


def feedback_on(document: KnowledgeDocument, *, user: Any, occasion: str = "") -> DocumentFeedback:
    tally = FeedbackTally.objects.filter(pk=document.pk).first() or FeedbackTally(document=document)
    own = document.feedback.filter(user=user.pk, occasion=occasion, withdrawn_at__isnull=True).first()
    is_off = tally.is_off or not is_on_for_all()
    said = []
    if user.has_perm("knowledge_base.view_feedback"):
        open_ones = document.feedback.counted().exclude(why="").select_related("user")
        said = list(open_ones.order_by("-verdict", "-given_at")[:MOST_SHOWN])
    return DocumentFeedback(tally.helped, tally.wrong, 0.0 if is_off else tally.shift, is_off, own, said)
