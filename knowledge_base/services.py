"""What can be done with knowledge. Admin, API, commands and signals each make one call into this module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from knowledge_base.document_fields import InvalidDocument, clean_fields
from knowledge_base.importing import folders, packs
from knowledge_base.importing.rows import import_rows
from knowledge_base.importing.verdicts import AS_STATED, ImportReport, Policy, Row, Sourced, Verdict
from knowledge_base.indexer import start_background_indexer, stop_background_indexer, wake_indexer
from knowledge_base.lifecycle import steps
from knowledge_base.lifecycle.direct import change_directly
from knowledge_base.lifecycle.editing import require_content
from knowledge_base.lifecycle.recording import signed
from knowledge_base.lifecycle.states import PUBLISH, ReviewNeeded, Step, StepRefused, review_is_needed
from knowledge_base.linting import LintNote, lint_document
from knowledge_base.models import IndexTask, KnowledgeDocument
from knowledge_base.shipped import load_shipped_glossary, load_shipped_knowledge

__all__ = [
    "DocumentChanged",
    "DocumentExists",
    "ImportReport",
    "InvalidDocument",
    "StepRefused",
    "Verdict",
    "archive_documents",
    "bulk_import",
    "complete_fields",
    "create_document",
    "delete_document",
    "lint_document",
    "lint_fields",
    "load_shipped_glossary",
    "load_shipped_knowledge",
    "publish_documents",
    "reindex_documents",
    "retire_imported",
    "start_background_indexer",
    "stop_background_indexer",
    "unpublish_documents",
    "update_document",
    "wake_indexer",
    "write_pack",
]

Status = KnowledgeDocument.Status
Person = AbstractBaseUser | AnonymousUser | None


class DocumentExists(Exception):
    """A document with this identifier is there already."""


class DocumentChanged(Exception):
    """Somebody else saved the document since it was read."""


def create_document(
    *, fields: Mapping[str, Any], by: Person = None, reason: str = "", override: str = ""
) -> KnowledgeDocument:
    """Add a document. Without a status it is published; if it may not be, it waits and `held_back` says why.

    Raises InvalidDocument, DocumentExists when the identifier is taken, or StepRefused when a status can't be had.
    """
    cleaned = clean_fields(fields)
    status = cleaned.pop("status", "")
    begun = status if status not in ("", Status.PUBLISHED) else Status.DRAFT
    document = KnowledgeDocument(**cleaned, status=begun, author=_author(by))
    with transaction.atomic(), signed(by=by, reason=reason):
        _insert(document)
        if status == Status.PUBLISHED:
            steps.publish(document=document, by=by, reason=reason, override=override)
        elif not status:
            document.held_back = _publish_if_possible(document, by=by, reason=reason, override=override)
        document.refresh_from_db()
    return document


def _publish_if_possible(document: KnowledgeDocument, *, by: Person, reason: str, override: str) -> str:
    """Publish a new document, or have it reviewed. Return why it was not published."""
    try:
        with transaction.atomic():
            steps.publish(document=document, by=by, reason=reason, override=override)
    except ReviewNeeded as exc:
        steps.submit(document=document, by=by, reason=reason)
        return str(exc)
    except StepRefused as exc:
        return str(exc)
    return ""


def _insert(document: KnowledgeDocument) -> None:
    try:
        with transaction.atomic():
            document.save(force_insert=True)
    except IntegrityError:
        if not KnowledgeDocument.objects.filter(pk=document.pk).exists():
            raise
        raise DocumentExists(_("There is a document %(id)s already.") % {"id": document.pk}) from None


def update_document(
    *,
    document: KnowledgeDocument,
    fields: Mapping[str, Any],
    expected_revision: int | None = None,
    by: Person = None,
    reason: str = "",
    override: str = "",
) -> KnowledgeDocument:
    """Change the named fields at once, and take the steps to the named status.

    What is published and needs another person's eyes becomes a draft in review; readers keep the present text.
    Raises InvalidDocument, StepRefused, or DocumentChanged if `expected_revision` has passed.
    """
    cleaned = clean_fields(fields, partial=True)
    if cleaned.pop("id", document.pk) != document.pk:
        raise InvalidDocument({"id": [_("The identifier of a document stays.")]})
    require_content(cleaned)
    with transaction.atomic():
        current = KnowledgeDocument.objects.select_for_update().get(pk=document.pk)
        if expected_revision is not None and current.revision != expected_revision:
            raise DocumentChanged(_("Somebody else has saved this document since you read it."))
        change_directly(document=current, fields=cleaned, by=by, reason=reason, override=override)
        current.refresh_from_db()
    return current


def complete_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a whole document: what is left out is empty. Raises InvalidDocument."""
    blank = KnowledgeDocument(**clean_fields(fields))
    kept = {name: fields[name] for name in ("status", "owner", "review_by") if name in fields}
    return {"id": blank.pk, **blank.content(), **kept}


def lint_fields(*, fields: Mapping[str, Any]) -> list[LintNote]:
    """What the linter says of a document that was sent. Raises InvalidDocument when it is none."""
    return lint_document(complete_fields(fields))


def delete_document(*, document: KnowledgeDocument) -> None:
    document.delete()


def publish_documents(*, documents: Iterable[KnowledgeDocument], by: Person = None, reason: str = "") -> int:
    """Publish those that may be; see `lifecycle.steps.take_step` for why others may not. Return how many."""
    return steps.take_step(Step.PUBLISH, documents=documents, by=by, reason=reason)[0]


def unpublish_documents(*, documents: Iterable[KnowledgeDocument], by: Person = None, reason: str = "") -> int:
    """Take documents out of every search; they stay as drafts."""
    return steps.take_step(Step.UNPUBLISH, documents=documents, by=by, reason=reason)[0]


def archive_documents(*, documents: Iterable[KnowledgeDocument], by: Person = None, reason: str = "") -> int:
    return steps.take_step(Step.ARCHIVE, documents=documents, by=by, reason=reason)[0]


def reindex_documents(*, document_ids: Iterable[str]) -> None:
    """Have documents compared with the index again."""
    IndexTask.objects.enqueue(document_ids)
    transaction.on_commit(wake_indexer)


def bulk_import(
    *, rows: Iterable[Row | Sourced], all_or_nothing: bool = False, dry_run: bool = False, by: Person = None
) -> ImportReport:
    """Create or update many documents and say row by row what happened. The same rows twice change nothing."""
    report = import_rows(
        rows, all_or_nothing=all_or_nothing, dry_run=dry_run, author=_author(by), policy=_import_policy(by)
    )
    transaction.on_commit(wake_indexer)
    return report


def _import_policy(by: Person) -> Policy:
    """Where a second person has to look, new documents become drafts, and published ones are not touched."""
    if by is None or (by.has_perm(PUBLISH) and not review_is_needed()):  # type: ignore[union-attr]
        return AS_STATED
    return Policy(status=Status.PUBLISHED, may_publish=False)


def retire_imported(document_ids: list[str], removal: str) -> int:
    """Take documents whose files are gone out of search ("draft", "archive"), or "keep" them. Return how many went."""
    return folders.retire(document_ids, removal)


def write_pack(*, documents: Iterable[KnowledgeDocument], file: IO[bytes]) -> int:
    """Write documents as a ZIP that another portal imports. Return how many."""
    return packs.write_pack(documents, file)


def _author(by: Person) -> Any:
    return by if by is not None and by.is_authenticated else None
