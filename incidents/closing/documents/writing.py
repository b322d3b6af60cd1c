"""Write a document as Markdown or as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from incidents.closing.documents import markup
from incidents.closing.documents.building import Document
from incidents.closing.documents.figures import clock
from incidents.closing.documents.markup import FigurePart, TextPart, parts_of
from incidents.closing.documents.shapes import Figure, as_svg

CSS = Path(__file__).parent / "export.css"
CONTENT_TYPES = {"md": "text/markdown; charset=utf-8", "html": "text/html; charset=utf-8", "pdf": "application/pdf"}


def write(document: Document, ending: str, *, at: datetime | None = None) -> bytes:
    """The file. Raises KeyError for an ending that is none of `CONTENT_TYPES`."""
    writers: Mapping[str, Callable[[Document, datetime], bytes]] = {
        "md": _markdown, "html": _html, "pdf": _pdf,
    }  # fmt: skip
    with translation.override(document.language):
        return writers[ending](document, at or timezone.now())


def _markdown(document: Document, at: datetime) -> bytes:
    """The body; a drawing becomes the table of its numbers, or goes where a table stands below it anyway."""
    parts = []
    for part in parts_of(document.body):
        if isinstance(part, TextPart):
            parts.append(part.text.strip("\n"))
        elif (figure := document.figures.get(part.name)) and figure.table:
            head, *rows = figure.table
            cells = [[markup.plain(cell) for cell in row] for row in rows]
            parts.append(f"*{markup.plain(part.caption or figure.title)}*\n\n{markup.table(head, cells)}")
    parts.append(f"---\n\n{_written(at)}\n")
    return "\n\n".join(parts).encode()


def _written(at: datetime) -> str:
    return _("Written by Redis AI SRE Assistant on %(time)s.") % {"time": clock(at)}


def _html(document: Document, at: datetime) -> bytes:
    page = format_html(
        '<!doctype html>\n<html lang="{}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">'
        "<title>{}</title><style>{}</style></head><body><main>{}</main><footer>{}</footer></body></html>\n",
        document.language, document.title, _css(), body_html(document.body, document.figures), _written(at),
    )  # fmt: skip
    return page.encode()


@cache
def _css() -> SafeString:
    return mark_safe(CSS.read_text(encoding="utf-8"))  # noqa: S308 (our own file)


def body_html(body: str, figures: Mapping[str, Figure]) -> SafeString:
    """The body with its figures, for an exported page and for the portal's own."""
    shown = [_part_html(part, figures) for part in parts_of(body)]
    return mark_safe("\n".join(shown))  # noqa: S308 (each part is safe)


def _part_html(part: TextPart | FigurePart, figures: Mapping[str, Figure]) -> str:
    if isinstance(part, TextPart):
        return markup.to_html(part.text)
    figure = figures.get(part.name)
    if figure is None:
        return format_html("<p><em>{}</em></p>", _("There is no figure “%(name)s”.") % {"name": part.name})
    return format_html(
        '<figure tabindex="0">{}<figcaption>{} · {}</figcaption></figure>',
        as_svg(figure), part.caption or figure.title, figure.alt,
    )  # fmt: skip


def _pdf(document: Document, at: datetime) -> bytes:
    from incidents.closing.documents.pdf import write_pdf  # late: loads fonts

    return write_pdf(document, footer=_written(at))
