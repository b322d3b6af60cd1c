"""What readers propose: taken down, answered, and brought into a draft when accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from knowledge_base.document_fields import InvalidDocument, clean_fields
from knowledge_base.lifecycle.editing import edit_document
from knowledge_base.lifecycle.models import DocumentRevision, Suggestion
from knowledge_base.lifecycle.states import StepRefused
from knowledge_base.models import CONTENT_FIELDS, KnowledgeDocument, content_hash

OPEN_PER_PERSON = 50  # so that nobody fills the curators' desk


def suggest_change(
    *, document: KnowledgeDocument, fields: Mapping[str, Any], note: str, by: Any, incident: str = ""
) -> Suggestion:
    """Propose another text. Raises InvalidDocument when it can't be used or changes nothing."""
    cleaned = clean_fields(fields, partial=True)
    if not note.strip():
        raise InvalidDocument({"note": [_("Say why; the curator decides by it.")]})
    if not cleaned.get("title", document.title):
        raise InvalidDocument({"title": [_("This field is needed.")]})
    content = {**document.content(), **{name: cleaned[name] for name in CONTENT_FIELDS if name in cleaned}}
    if content_hash(content) == document.content_hash:
        raise InvalidDocument({"__all__": [_("You have changed nothing yet.")]})
    if Suggestion.objects.filter(author=by, state=Suggestion.State.OPEN).count() >= OPEN_PER_PERSON:
        raise InvalidDocument({"__all__": [_("Many of your suggestions wait for an answer; please wait for those.")]})
    return Suggestion.objects.create(
        document=document, base_number=document.revision, content=content, note=note.strip()[:1_000],
        incident=incident.strip()[:32], author=by,
    )  # fmt: skip


@transaction.atomic
def accept_suggestion(*, suggestion: Suggestion, by: Any, answer: str = "") -> Suggestion:
    """Make the suggestion the newest draft, in its author's name. Raises StepRefused, also for conflicts."""
    waiting = _open(suggestion)
    name = waiting.author.get_username() if waiting.author else "?"
    reason = _("Suggested by %(name)s: %(note)s") % {"name": name, "note": waiting.note}
    edit_document(
        document=waiting.document, fields=waiting.content, by=waiting.author or by, reason=reason,
        base=waiting.base_number, source=DocumentRevision.Source.SUGGESTED,
    )  # fmt: skip
    return _answer(waiting, Suggestion.State.ACCEPTED, by=by, answer=answer)


@transaction.atomic
def decline_suggestion(*, suggestion: Suggestion, by: Any, answer: str) -> Suggestion:
    """Refuse a suggestion with an answer that its author reads. Raises StepRefused without one."""
    if not answer.strip():
        raise StepRefused(_("Write an answer: the person who suggested it will read it."))
    return _answer(_open(suggestion), Suggestion.State.DECLINED, by=by, answer=answer)


def _open(suggestion: Suggestion) -> Suggestion:
    waiting = Suggestion.objects.select_for_update(of=("self",)).select_related("document", "author")
    found = waiting.get(pk=suggestion.pk)
    if found.state != Suggestion.State.OPEN:
        raise StepRefused(_("This suggestion has been answered already."))
    return found


def _answer(suggestion: Suggestion, state: str, *, by: Any, answer: str) -> Suggestion:
    suggestion.state, suggestion.answer = state, answer.strip()[:1_000]
    suggestion.answered_by, suggestion.answered_at = by, timezone.now()
    suggestion.save()
    return suggestion
