"""Remember where documents came from, to tell what is new, what was changed here and what has gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import F
from django.utils import timezone

from knowledge_base.importing.models import ImportedDocument
from knowledge_base.importing.verdicts import Sourced
from knowledge_base.models import KnowledgeDocument

FIELDS = ("label", "path", "digest", "content_hash", "imported_at")


def remembered_hashes(ids: Sequence[str]) -> dict[str, str]:
    """What documents said after their last import."""
    return dict(ImportedDocument.objects.filter(pk__in=ids).values_list("pk", "content_hash"))


def remember(label: str, documents: Sequence[KnowledgeDocument], origins: Mapping[str, Sourced]) -> None:
    now = timezone.now()
    rows = [
        ImportedDocument(
            document_id=document.pk, label=label[:300], path=origins[document.pk].source[:500],
            digest=origins[document.pk].digest, content_hash=document.content_hash, imported_at=now,
        )
        for document in documents
    ]  # fmt: skip
    ImportedDocument.objects.bulk_create(rows, update_conflicts=True, update_fields=FIELDS, unique_fields=["document"])


def unchanged_files(label: str) -> dict[str, tuple[str, str]]:
    """Files whose documents still say what they said after their import: path → digest, identifier."""
    known = ImportedDocument.objects.filter(label=label[:300], document__content_hash=F("content_hash"))
    rows = known.exclude(digest="").values_list("path", "digest", "document_id")
    return {path: (digest, document_id) for path, digest, document_id in rows}


def identifiers_of(label: str) -> dict[str, str]:
    """The documents that files without an identifier of their own became: path → identifier."""
    rows = ImportedDocument.objects.filter(label=label[:300]).exclude(digest="").values_list("path", "document_id")
    return dict(rows)


def gone_from(label: str, seen: Collection[str]) -> list[str]:
    """Documents of an earlier import from the same place that this one did not bring."""
    known = ImportedDocument.objects.filter(label=label[:300]).exclude(document__status="archived")
    return sorted(set(known.values_list("document_id", flat=True)) - set(seen))
