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
from knowledge_base.importing.verdicts import ImportReport, Row, Sourced, Verdict
from knowledge_base.indexer import start_background_indexer, stop_background_indexer, wake_indexer
from knowledge_base.linting import LintNote, lint_document
from knowledge_base.models import IndexTask, KnowledgeDocument
from knowledge_base.shipped import load_shipped_glossary, load_shipped_knowledge

__all__ = [
    "DocumentChanged",
    "DocumentExists",
    "ImportReport",
    "InvalidDocument",
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


def create_document(*, fields: Mapping[str, Any], by: Person = None) -> KnowledgeDocument:
    """Add a document. Raises InvalidDocument, or DocumentExists when the identifier is taken."""
    cleaned = clean_fields(fields)
    document = KnowledgeDocument(**cleaned, author=_author(by))
    try:
        with transaction.atomic():
            document.save(force_insert=True)
    except IntegrityError:
        if not KnowledgeDocument.objects.filter(pk=document.pk).exists():
            raise
        raise DocumentExists(_("There is a document %(id)s already.") % {"id": document.pk}) from None
    return document


def update_document(
    *, document: KnowledgeDocument, fields: Mapping[str, Any], expected_revision: int | None = None, by: Person = None
) -> KnowledgeDocument:
    """Change the named fields. Raises InvalidDocument, or DocumentChanged if `expected_revision` has passed."""
    cleaned = clean_fields(fields, partial=True)
    if cleaned.pop("id", document.pk) != document.pk:
        raise InvalidDocument({"id": [_("The identifier of a document stays.")]})
    for name in ("title", "category"):
        if name in cleaned and not cleaned[name]:
            raise InvalidDocument({name: [_("This field is needed.")]})
    with transaction.atomic():
        current = KnowledgeDocument.objects.select_for_update().get(pk=document.pk)
        if expected_revision is not None and current.revision != expected_revision:
            raise DocumentChanged(_("Somebody else has saved this document since you read it."))
        for name, value in cleaned.items():
            setattr(current, name, value)
        current.save()
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


def publish_documents(*, documents: Iterable[KnowledgeDocument]) -> int:
    return _set_status(documents, Status.PUBLISHED)


def unpublish_documents(*, documents: Iterable[KnowledgeDocument]) -> int:
    """Take documents out of every search; they stay as drafts."""
    return _set_status(documents, Status.DRAFT)


def archive_documents(*, documents: Iterable[KnowledgeDocument]) -> int:
    return _set_status(documents, Status.ARCHIVED)


def _set_status(documents: Iterable[KnowledgeDocument], status: str) -> int:
    """Return how many documents changed."""
    changed = [document for document in documents if document.status != status]
    with transaction.atomic():
        for document in changed:
            document.status = status
            document.save(update_fields=["status", "updated_at"])
    return len(changed)


def reindex_documents(*, document_ids: Iterable[str]) -> None:
    """Have documents compared with the index again."""
    IndexTask.objects.enqueue(document_ids)
    transaction.on_commit(wake_indexer)


def bulk_import(
    *, rows: Iterable[Row | Sourced], all_or_nothing: bool = False, dry_run: bool = False, by: Person = None
) -> ImportReport:
    """Create or update many documents and say row by row what happened. The same rows twice change nothing."""
    report = import_rows(rows, all_or_nothing=all_or_nothing, dry_run=dry_run, author=_author(by))
    transaction.on_commit(wake_indexer)
    return report


def retire_imported(document_ids: list[str], removal: str) -> int:
    """Take documents whose files are gone out of search ("draft", "archive"), or "keep" them. Return how many went."""
    return folders.retire(document_ids, removal)


def write_pack(*, documents: Iterable[KnowledgeDocument], file: IO[bytes]) -> int:
    """Write documents as a ZIP that another portal imports. Return how many."""
    return packs.write_pack(documents, file)


def _author(by: Person) -> Any:
    return by if by is not None and by.is_authenticated else None
