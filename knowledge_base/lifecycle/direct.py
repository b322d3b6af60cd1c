"""Changes by programs: the whole way to the wanted state in one call, by the same steps that people take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from knowledge_base.lifecycle import steps
from knowledge_base.lifecycle.editing import care_for, edit_document, keep_draft, locked_situation, put_content
from knowledge_base.lifecycle.models import WorkingDraft
from knowledge_base.lifecycle.recording import signed
from knowledge_base.lifecycle.states import ReviewNeeded, Situation, Step, StepRefused, require_reviewer
from knowledge_base.models import CONTENT_FIELDS, KnowledgeDocument, content_hash

Status = KnowledgeDocument.Status
# The steps from one status to another.
WAYS: dict[tuple[str, str], tuple[str, ...]] = {
    (Status.DRAFT, Status.IN_REVIEW): (Step.SUBMIT,),
    (Status.DRAFT, Status.PUBLISHED): (Step.PUBLISH,),
    (Status.DRAFT, Status.ARCHIVED): (Step.ARCHIVE,),
    (Status.IN_REVIEW, Status.DRAFT): (Step.WITHDRAW,),
    (Status.IN_REVIEW, Status.PUBLISHED): (Step.PUBLISH,),
    (Status.IN_REVIEW, Status.ARCHIVED): (Step.ARCHIVE,),
    (Status.PUBLISHED, Status.DRAFT): (Step.UNPUBLISH,),
    (Status.PUBLISHED, Status.IN_REVIEW): (Step.UNPUBLISH, Step.SUBMIT),
    (Status.PUBLISHED, Status.ARCHIVED): (Step.ARCHIVE,),
    (Status.ARCHIVED, Status.DRAFT): (Step.RESTORE,),
    (Status.ARCHIVED, Status.IN_REVIEW): (Step.RESTORE, Step.SUBMIT),
    (Status.ARCHIVED, Status.PUBLISHED): (Step.RESTORE, Step.PUBLISH),
}


def change_directly(
    *, document: KnowledgeDocument, fields: Mapping[str, Any], by: Any, reason: str = "", override: str = ""
) -> None:
    """Change a locked document. `fields` are clean. Raises StepRefused; then the caller's transaction must end."""
    reason = reason.strip() or _("Changed over the API")
    target = str(fields.get("status") or document.status)
    care_for(document, fields)
    content = {**document.content(), **{name: fields[name] for name in CONTENT_FIELDS if name in fields}}
    changed = content_hash(content) != document.content_hash
    if changed and document.status == target == Status.PUBLISHED:
        _replace_published(locked_situation(document), content, by=by, reason=reason, override=override)
        return
    if changed:
        _go(document, _editable(document.status, target), by=by, reason=reason)
        edit_document(document=document, fields=content, by=by, reason=reason)
        document.refresh_from_db()
    _go(document, target, by=by, reason=reason, override=override)


def _editable(status: str, target: str) -> str:
    """Where to edit on the way from one status to another. Text in review or in the archive is not touched there."""
    if status == target and status in (Status.IN_REVIEW, Status.ARCHIVED):
        return status
    return Status.DRAFT


def _go(document: KnowledgeDocument, target: str, *, by: Any, reason: str, override: str = "") -> None:
    for step in WAYS.get((document.status, target), ()):
        if step == Step.PUBLISH:
            steps.publish(document=document, by=by, reason=reason, override=override)
        else:
            steps.SERVICES[Step(step)](document=document, by=by, reason=reason)
    document.refresh_from_db()


def _replace_published(now: Situation, content: Mapping[str, Any], *, by: Any, reason: str, override: str) -> None:
    """Give readers another text at once; where its author may not, have it reviewed beside the present one."""
    try:
        require_reviewer(by=by, author_id=by.pk if by is not None else None)
    except ReviewNeeded:
        _have_reviewed(now, content, by=by, reason=reason)
        return
    report = steps.require_publishable(now.document, content, by=by, override=override)
    with signed(by=by, reason=reason):
        put_content(now.document, content)
        now.document.save()
    steps.record_publishing(now.document, by=by, reason=reason, override=override, report=report)


def _have_reviewed(now: Situation, content: Mapping[str, Any], *, by: Any, reason: str) -> None:
    if now.draft is not None:
        raise StepRefused(_("A draft of this document is being worked on already; finish or discard that one first."))
    with signed(by=by, reason=reason):
        keep_draft(now, content, state=WorkingDraft.State.IN_REVIEW)
    steps.record(locked_situation(now.document), Step.SUBMIT, by=by, reason=reason)
