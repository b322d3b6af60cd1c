"""Packs: a ZIP with a manifest and one Markdown file per document, which another portal imports as it was."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any

import yaml
from django.utils import timezone

from knowledge_base.document_fields import InvalidDocument, clean_fields
from knowledge_base.document_format import UnreadableDocument, read_markdown, write_markdown
from knowledge_base.models import KnowledgeDocument

FORMAT = 1
MANIFEST = "manifest.json"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a ZIP's clock; the same documents make the same pack, byte for byte


def write_pack(documents: Iterable[KnowledgeDocument], file: IO[bytes], *, at: datetime | None = None) -> int:
    """Write a pack and return how many documents are in it. One document at a time is in memory."""
    listed: list[dict[str, Any]] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as pack:
        for document in documents:
            name = f"{document.kind}/{document.pk}.md"
            _add(pack, name, as_markdown(fields_of(document)))
            listed.append(
                {"id": document.pk, "file": name, "content_hash": document.content_hash, "status": document.status}
            )
        _add(pack, MANIFEST, _manifest(listed, at or timezone.now()))
    return len(listed)


def fields_of(document: KnowledgeDocument) -> dict[str, Any]:
    """What a file of the pack says of a document."""
    return {
        "id": document.pk,
        **document.content(),
        "status": document.status,
        "owner": document.owner,
        "review_by": document.review_by,
    }


def as_markdown(fields: dict[str, Any]) -> str:
    """The file of a document, to read where that loses nothing.

    A text that Markdown would change (a list within a step, a heading within a symptom) stands in the front matter.
    """
    fields = {name: value for name, value in fields.items() if value}
    text = write_markdown(fields)
    if _says_the_same(text, fields):
        return text
    block = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=1_000)
    return f"---\n{block}---\n"


def _says_the_same(text: str, fields: dict[str, Any]) -> bool:
    try:
        return clean_fields(read_markdown(text)) == clean_fields(fields)
    except (InvalidDocument, UnreadableDocument):
        return False


def _manifest(listed: list[dict[str, Any]], at: datetime) -> str:
    about = {
        "format": FORMAT,
        "made_by": "Redis AI SRE Assistant",
        "made_at": at.isoformat(timespec="seconds"),
        "documents": len(listed),
        "files": listed,
    }
    return json.dumps(about, ensure_ascii=False, indent=1)


def _add(pack: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    pack.writestr(entry, text)
