"""Text of DOCX files, with their headings, lists and tables. The library loads late."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from knowledge_base.document_format import read_markdown
from knowledge_base.importing.formats.portable_document import with_headings
from knowledge_base.importing.shaping import shape, title_from
from knowledge_base.importing.sources import SourceFile, refused
from knowledge_base.importing.verdicts import Sourced

LARGEST_PART = 40_000_000  # bytes of XML when unpacked
MOST_TEXT = 400_000


def read(file: SourceFile, *, digest: str = "", pk: str = "") -> Iterator[Sourced]:
    from docx import Document
    from docx.opc.exceptions import OpcError
    from lxml.etree import LxmlError  # type: ignore[import-untyped]

    try:
        if _is_bomb(file.data):
            yield refused(file.name, _("The file grows far too large when unpacked."))
            return
        document = Document(io.BytesIO(file.data))
        text = "\n\n".join(_blocks(document))[:MOST_TEXT]
        title = str(document.core_properties.title or "").strip()
    # A broken or hostile file fails in many ways; each is the file's fault.
    except (OpcError, LxmlError, zipfile.BadZipFile, KeyError, ValueError, AttributeError, RuntimeError, OSError):
        yield refused(file.name, _("The Word file can't be read."))
        return
    if not text.strip():
        yield refused(file.name, _("The Word file holds no text."))
        return
    fields = read_markdown(with_headings(text))
    named = {"title": title or str(fields.get("title") or "") or title_from(file.name)}
    yield shape({**fields, **named}, name=file.name, digest=digest, pk=pk, draft_only=True)


def _is_bomb(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        return any(part.file_size > LARGEST_PART for part in parts.infolist()) or len(parts.infolist()) > 5_000


def _blocks(document: Any) -> Iterator[str]:
    """Paragraphs and tables in the order of the document, as Markdown."""
    number = 0
    for block in document.iter_inner_content():
        if not hasattr(block, "style"):
            continue
        if hasattr(block, "rows"):
            yield _table(block)
            continue
        style = str(getattr(block.style, "name", "") or "").lower()
        number = number + 1 if style.startswith("list number") else 0
        text = block.text.strip()
        if text:
            yield _paragraph(style, text, number)


def _paragraph(style: str, text: str, number: int) -> str:
    if style == "title":
        return f"# {text}"
    if style.startswith("heading"):
        return f"{'#' * min(3, 1 + int(style[-1:] if style[-1:].isdigit() else 1))} {text}"
    if number:
        return f"{number}. {text}"
    return f"- {text}" if style.startswith("list") else text


def _table(table: Any) -> str:
    rows = [[cell.text.replace("\n", " ").replace("|", "/").strip() for cell in row.cells] for row in table.rows]
    if not rows:
        return ""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
