"""Text of PDF files. The library loads late: most imports hold none."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from knowledge_base.document_format import read_markdown
from knowledge_base.importing.shaping import shape, title_from
from knowledge_base.importing.sources import SourceFile, refused
from knowledge_base.importing.verdicts import Sourced

MOST_PAGES = 300
MOST_TEXT = 400_000
NUMBERED = re.compile(r"^\d+(?:\.\d+)*\.?\s+")  # "2.1 Diagnosis"


def read(file: SourceFile, *, digest: str = "", pk: str = "") -> Iterator[Sourced]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        document = PdfReader(io.BytesIO(file.data))
        if document.is_encrypted:
            yield refused(file.name, _("The PDF is encrypted. Please save it without a password."))
            return
        text = _text(document)
        title = str(getattr(document.metadata, "title", None) or "").strip()
    # A hostile or broken PDF fails in many ways; each is the file's fault.
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OSError):
        yield refused(file.name, _("The PDF can't be read."))
        return
    if not text.strip():
        yield refused(file.name, _("The PDF holds no text, only pictures."))
        return
    fields = read_markdown(with_headings(text))
    named = {"title": title or title_from(file.name)}
    yield shape({**fields, **named}, name=file.name, digest=digest, pk=pk, draft_only=True)


def _text(document: object) -> str:
    pages: list[str] = []
    size = 0
    for page in list(getattr(document, "pages", ()))[:MOST_PAGES]:
        text = page.extract_text() or ""
        size += len(text)
        pages.append(text)
        if size > MOST_TEXT:
            break
    return "\n\n".join(pages)[:MOST_TEXT]


def with_headings(text: str) -> str:
    """Lines that are nothing but the name of a section become headings, so that sections are found."""
    from knowledge_base.document_format import section_named

    lines = []
    for line in text.split("\n"):
        bare = NUMBERED.sub("", line.strip()).rstrip(":").strip()
        lines.append(f"\n## {bare}\n" if bare and section_named(bare) else line.replace("•", "-").rstrip())
    return "\n".join(lines)
