"""Which step leads from where to where, and who may take it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from knowledge_base.lifecycle.models import DocumentRevision, DocumentTransition, WorkingDraft
from knowledge_base.models import KnowledgeDocument

Step = DocumentTransition.Step
Status = KnowledgeDocument.Status

# The state that is being worked on: of the draft beside the published text where there is one, or of the document.
FROM: dict[str, tuple[str, ...]] = {
    Step.SUBMIT: (Status.DRAFT,),
    Step.WITHDRAW: (Status.IN_REVIEW,),
    Step.SEND_BACK: (Status.IN_REVIEW,),
    Step.PUBLISH: (Status.DRAFT, Status.IN_REVIEW),
    Step.UNPUBLISH: (Status.PUBLISHED,),
    Step.ARCHIVE: (Status.DRAFT, Status.IN_REVIEW, Status.PUBLISHED),
    Step.RESTORE: (Status.ARCHIVED,),
    Step.DISCARD: (Status.DRAFT, Status.IN_REVIEW),
}
NEEDS_REASON = (Step.SEND_BACK, Step.UNPUBLISH, Step.ARCHIVE)
EDIT, PUBLISH = "knowledge_base.change_knowledgedocument", "knowledge_base.publish_knowledgedocument"
PERMISSION: dict[str, str] = {
    Step.SUBMIT: EDIT, Step.WITHDRAW: EDIT, Step.DISCARD: EDIT, Step.RESTORE: EDIT, Step.SEND_BACK: PUBLISH,
    Step.PUBLISH: PUBLISH, Step.UNPUBLISH: PUBLISH, Step.ARCHIVE: PUBLISH,
}  # fmt: skip


class StepRefused(Exception):
    """The step can't be taken. Says why in a sentence for the person who tried."""

    code = "step_refused"


class NotPermitted(StepRefused):
    code = "not_permitted"


class ReviewNeeded(StepRefused):
    """Somebody else than the author must publish."""

    code = "review_needed"


@dataclass(frozen=True)
class Situation:
    """A document and, where it is being reworked, the draft beside the published text."""

    document: KnowledgeDocument
    draft: WorkingDraft | None

    @property
    def state(self) -> str:
        return str(self.draft.state if self.draft else self.document.status)

    @property
    def state_label(self) -> str:
        return str(Status(self.state).label)

    @property
    def is_locked(self) -> bool:
        """Whether the text must not be edited now: somebody is reviewing it, or it has been put away."""
        return self.state in (Status.IN_REVIEW, Status.ARCHIVED)

    @property
    def latest(self) -> int:
        """The revision that is worked on."""
        return self.draft.revision.number if self.draft else self.document.revision

    @property
    def content(self) -> dict[str, Any]:
        return dict(self.draft.revision.content) if self.draft else self.document.content()

    @cached_property
    def author_id(self) -> int | None:
        """Who wrote the text that is worked on."""
        if self.draft:
            return self.draft.revision.author_id
        rows = DocumentRevision.objects.filter(document=self.document, number=self.document.revision)
        return rows.values_list("author_id", flat=True).first()

    def steps_for(self, user: Any) -> list[str]:
        """The steps that a person may take now, in the order of their buttons."""
        return [step for step in FROM if self._is_open(step) and user.has_perm(PERMISSION[step])]

    def _is_open(self, step: str) -> bool:
        if step in (Step.UNPUBLISH, Step.ARCHIVE, Step.RESTORE):
            return self.document.status in FROM[step]
        if step == Step.DISCARD:
            return self.draft is not None
        return self.state in FROM[step]

    def require(self, step: str, *, by: Any, reason: str = "") -> None:
        """Raises StepRefused with the first thing that stands in the way. `by` None is the portal itself."""
        if not self._is_open(step):
            raise StepRefused(
                _("This can't be done now: the document is “%(state)s”.") % {"state": self.state_label.lower()}
            )
        if by is not None and not by.has_perm(PERMISSION[step]):
            raise NotPermitted(_("You are not allowed to do this."))
        if step in NEEDS_REASON and by is not None and not reason.strip():
            raise StepRefused(_("Give a reason: others will read it in the history."))
        if step == Step.PUBLISH:
            require_reviewer(by=by, author_id=self.author_id)


def situation_of(document: KnowledgeDocument) -> Situation:
    draft = WorkingDraft.objects.select_related("revision", "document").filter(document=document).first()
    return Situation(document, draft)


def require_reviewer(*, by: Any, author_id: int | None) -> None:
    """Raises ReviewNeeded when the author would publish alone though a second person is asked for."""
    if by is not None and by.pk == author_id and review_is_needed():
        raise ReviewNeeded(_("You wrote this text, so somebody else has to publish it."))


def review_is_needed() -> bool:
    """Whether texts are published by another person than their author (KNOWLEDGE_REVIEW)."""
    if settings.KNOWLEDGE_REVIEW == "auto":
        return bool(User.objects.with_perm(PUBLISH)[1:2])
    return bool(settings.KNOWLEDGE_REVIEW == "four-eyes")
