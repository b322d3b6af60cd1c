"""Change what a document says. A published one keeps its text for readers; the change waits as a draft beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from knowledge_base.document_fields import InvalidDocument, clean_fields
from knowledge_base.lifecycle.merging import Merged, merge
from knowledge_base.lifecycle.models import DocumentRevision, WorkingDraft
from knowledge_base.lifecycle.recording import next_numbers, revision_of, signed
from knowledge_base.lifecycle.states import Situation, StepRefused, situation_of
from knowledge_base.models import CONTENT_FIELDS, KnowledgeDocument, content_hash

CARE_FIELDS = ("owner", "review_by")  # about the document, not in it: changed at once, without a revision
Source = DocumentRevision.Source


class EditConflict(StepRefused):
    """Two people changed the same fields. Holds both versions, so that nothing is lost."""

    code = "edit_conflict"

    def __init__(self, merged: Merged, *, theirs: DocumentRevision | None, latest: int) -> None:
        self.merged, self.theirs, self.latest = merged, theirs, latest
        super().__init__(_("Somebody else changed the same fields meanwhile."))


@dataclass(frozen=True, slots=True)
class Edited:
    situation: Situation
    changed: bool
    taken_over: tuple[str, ...]  # fields that somebody else changed meanwhile and that were kept


def locked_situation(document: KnowledgeDocument) -> Situation:
    """The document as it is now, held until the transaction ends."""
    return situation_of(KnowledgeDocument.objects.select_for_update().get(pk=document.pk))


@transaction.atomic
def edit_document(
    *,
    document: KnowledgeDocument,
    fields: Mapping[str, Any],
    by: Any,
    reason: str = "",
    base: int | None = None,
    overrule: int | None = None,
    source: str = Source.EDITED,
) -> Edited:
    """Change fields of the text that is worked on. `base` is the revision that the person saw; `overrule` the one whose
    rival changes of the same fields the person has read and replaces.

    Raises InvalidDocument, EditConflict, or StepRefused while the text is in review or archived.
    """
    cleaned = clean_fields(fields, partial=True)
    require_content(cleaned)
    now = locked_situation(document)
    if now.is_locked:
        raise StepRefused(
            _("The document is “%(state)s” and can't be edited.") % {"state": now.state_label.lower()}
        )  # fmt: skip
    merged = merged_with_latest(now, cleaned, base)
    if merged.conflicts and overrule != now.latest:
        raise EditConflict(merged, theirs=_revision(now, now.latest), latest=now.latest)
    with signed(by=by, reason=reason, source=source):
        care_for(now.document, cleaned)
        changed = content_hash(merged.content) != content_hash(now.content)
        if changed:
            _store(now, merged.content)
    return Edited(situation_of(now.document), changed, merged.taken_over)


def require_content(cleaned: Mapping[str, Any]) -> None:
    for name in ("title", "category"):
        if name in cleaned and not cleaned[name]:
            raise InvalidDocument({name: [_("This field is needed.")]})


def merged_with_latest(now: Situation, fields: Mapping[str, Any], base: int | None) -> Merged:
    """The person's fields brought together with what others saved since the revision that the person saw."""
    seen = now.content if base in (None, now.latest) else _content(now, base)
    mine = {**seen, **{name: fields[name] for name in CONTENT_FIELDS if name in fields}}
    return merge(base=seen, theirs=now.content, mine=mine)


def _content(now: Situation, number: int | None) -> dict[str, Any]:
    revision = _revision(now, number)
    return dict(revision.content) if revision else now.content


def _revision(now: Situation, number: int | None) -> DocumentRevision | None:
    rows = DocumentRevision.objects.select_related("author")
    return rows.filter(document=now.document, number=number or 0).first()


def care_for(document: KnowledgeDocument, fields: Mapping[str, Any]) -> None:
    """Set owner and review date, which readers of the text need not wait for."""
    changed = {name: fields[name] for name in CARE_FIELDS if name in fields and getattr(document, name) != fields[name]}
    if changed:
        for name, value in changed.items():
            setattr(document, name, value)
        document.save(update_fields=[*changed, "updated_at"])


def _store(now: Situation, content: Mapping[str, Any]) -> None:
    if now.document.is_published:
        keep_draft(now, content)
        return
    put_content(now.document, content)
    now.document.save()


def put_content(document: KnowledgeDocument, content: Mapping[str, Any]) -> None:
    for name in CONTENT_FIELDS:
        if name in content:
            setattr(document, name, content[name])


def keep_draft(now: Situation, content: Mapping[str, Any], *, state: str = WorkingDraft.State.DRAFT) -> WorkingDraft:
    """Store content as the newest revision, beside what is published."""
    revision = _new_revision(now.document, content)
    values = {"revision": revision, "state": state}
    if now.draft is None:
        values["base_number"] = now.document.revision
    draft, _created = WorkingDraft.objects.update_or_create(document=now.document, defaults=values)
    return draft


def _new_revision(document: KnowledgeDocument, content: Mapping[str, Any]) -> DocumentRevision:
    candidate = KnowledgeDocument(pk=document.pk, status=KnowledgeDocument.Status.DRAFT)
    put_content(candidate, content)
    candidate.revision, candidate.content_hash = next_numbers([document.pk])[document.pk], content_hash(dict(content))
    revision = revision_of(candidate, at=timezone.now())
    revision.save()
    return revision


@transaction.atomic
def roll_back(*, document: KnowledgeDocument, number: int, by: Any, reason: str = "") -> Edited:
    """Take up an earlier text again, as the newest revision. Raises StepRefused."""
    earlier = DocumentRevision.objects.filter(document=document, number=number).first()
    if earlier is None:
        raise StepRefused(_("There is no revision %(number)d.") % {"number": number})
    why = _("Back to revision %(number)d") % {"number": number}
    return edit_document(
        document=document, fields=earlier.content, by=by, reason=f"{why}. {reason}".strip(), source=Source.ROLLED_BACK
    )
