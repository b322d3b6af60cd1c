"""Write a document as PDF with nothing but Python packages: text that can be selected, Korean embedded."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Spacer
from reportlab.platypus.doctemplate import LayoutError

from incidents.closing.documents.building import Document
from incidents.closing.documents.markup import TextPart, parts_of, to_html
from incidents.closing.documents.pdf_blocks import Blocks, Heading
from incidents.closing.documents.pdf_fonts import PLAIN, known, marked_up, register
from incidents.closing.documents.pdf_styles import COLOURS, MUTED, STYLES
from incidents.closing.documents.shapes import Box, Dot, Figure, Label, Line

MARGIN = 20 * mm
WIDE = A4[0] - 2 * MARGIN


def write_pdf(document: Document, *, footer: str) -> bytes:
    """The bytes of the file."""
    register()
    try:
        return _Book(document, footer).write(Blocks(WIDE))
    except LayoutError:  # a row that no page holds: tables are told as paragraphs then
        return _Book(document, footer).write(Blocks(WIDE, flat=True))


class _Book:
    def __init__(self, document: Document, footer: str) -> None:
        self.document, self.footer = document, footer

    def write(self, blocks: Blocks) -> bytes:
        out = BytesIO()
        frame = Frame(MARGIN, MARGIN, WIDE, A4[1] - 2 * MARGIN, id="text", leftPadding=0, rightPadding=0)
        book = _Template(
            out, pagesize=A4, title=self.document.title, author="Redis AI SRE Assistant", lang=self.document.language
        )
        book.addPageTemplates([PageTemplate(id="page", frames=[frame], onPage=self._margins)])
        book.build([*self._story(blocks)])
        return out.getvalue()

    def _story(self, blocks: Blocks) -> list[Flowable]:
        story: list[Flowable] = []
        for part in parts_of(self.document.body):
            if isinstance(part, TextPart):
                story += blocks.of(to_html(part.text))
            elif figure := self.document.figures.get(part.name):
                caption = f"{part.caption or figure.title} · {figure.alt}"
                story += [Spacer(1, 6), Drawing(figure), Paragraph(marked_up(caption, PLAIN), STYLES["caption"])]
        return story or [Spacer(1, 1)]

    def _margins(self, canvas: Canvas, _book: Any) -> None:
        canvas.saveState()
        canvas.setFont(PLAIN, 8)
        canvas.setFillColor(HexColor(MUTED))
        canvas.drawString(MARGIN, A4[1] - 12 * mm, known(self.document.title[:90], PLAIN))
        canvas.drawString(MARGIN, 10 * mm, known(self.footer, PLAIN))
        canvas.drawRightString(
            A4[0] - MARGIN, 10 * mm, known(_("Page %(number)d") % {"number": canvas.getPageNumber()}, PLAIN)
        )
        canvas.restoreState()


class _Template(BaseDocTemplate):
    """Puts headings into the outline that PDF readers show beside the text."""

    def afterFlowable(self, flowable: Flowable) -> None:
        if not isinstance(flowable, Heading) or flowable.level > 1:
            return
        key = f"part-{self.canv.getPageNumber()}-{id(flowable)}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(flowable.getPlainText(), key, level=flowable.level, closed=False)


class Drawing(Flowable):
    """A figure, scaled to the width of the text."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self.figure = figure
        self.scale = WIDE / figure.width

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return WIDE, self.figure.height * self.scale

    def draw(self) -> None:
        canvas = self.canv
        canvas.saveState()
        canvas.scale(self.scale, self.scale)
        for shape in self.figure.shapes:
            _draw(canvas, shape, self.figure.height)
        canvas.restoreState()


def _draw(canvas: Any, shape: Line | Dot | Box | Label, height: float) -> None:
    colour = HexColor(COLOURS[shape.tone])
    canvas.setStrokeColor(colour)
    canvas.setFillColor(colour)
    match shape:
        case Line():
            canvas.setLineWidth(shape.width)
            canvas.line(shape.x1, height - shape.y1, shape.x2, height - shape.y2)
        case Dot():
            canvas.setLineWidth(2)
            if shape.hollow:
                canvas.setFillColor(HexColor(COLOURS["paper"]))
            canvas.circle(shape.x, height - shape.y, shape.radius, stroke=int(shape.hollow), fill=1)
        case Box():
            canvas.roundRect(shape.x, height - shape.y - shape.height, shape.width, shape.height, 2, stroke=0, fill=1)
        case Label():
            canvas.setFont(PLAIN, shape.size)
            text, y = known(shape.text, PLAIN), height - shape.y
            draw = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
            draw[shape.anchor](shape.x, y, text)
