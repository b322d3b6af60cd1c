"""From the HTML of a document's text to the blocks of a PDF. The HTML is our own sanitised subset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import CondPageBreak, Flowable, HRFlowable, Paragraph, Table, TableStyle

from incidents.closing.documents.pdf_fonts import BOLD, MONO, PLAIN, marked_up
from incidents.closing.documents.pdf_styles import LINE, STYLES

HEADINGS = ("h1", "h2", "h3", "h4")
PADDING = 10.0
ROOM_BELOW = 80.0  # points that a heading wants below it, or else the next page
NARROWEST = 34.0  # points
LONGEST_WORD = 0.28  # share of the width that a column gets for a word that can't be broken
NO_BREAK = "\u00a0"


@dataclass
class _List:
    numbered: bool
    count: int = 0


@dataclass
class _Row:
    cells: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    is_head: bool = False


class Heading(Paragraph):
    """A heading that the outline lists; level 0 is the outermost."""

    def __init__(self, text: str, style: ParagraphStyle, *, level: int) -> None:
        super().__init__(text, style)
        self.level = level


class Blocks:
    """Turns texts into blocks of a width. `flat` tells tables as paragraphs."""

    def __init__(self, width: float, *, flat: bool = False) -> None:
        self.width, self.flat = width, flat

    def of(self, html: str) -> list[Flowable]:
        reader = _Reader(self.width, flat=self.flat)
        reader.feed(html)
        reader.close()
        reader.end_block()
        return reader.blocks


class _Reader(HTMLParser):
    def __init__(self, width: float, *, flat: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.width, self.flat = width, flat
        self.blocks: list[Flowable] = []
        self.text: list[str] = []  # of the block under way, as reportlab's markup
        self.style = "p"
        self.lists: list[_List] = []
        self.rows: list[_Row] | None = None
        self.in_pre = self.in_quote = False
        self.inline: list[str] = []  # open inline tags
        self.bullet = ""

    # --- events ---

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        match tag:
            case "h1" | "h2" | "h3" | "h4" | "p" | "pre":
                self.end_block()
                self.style = self._style_of(tag)
                self.in_pre = tag == "pre"
            case "blockquote":
                self.end_block()
                self.in_quote = True
            case "ul" | "ol":
                self.end_block()
                self.lists.append(_List(tag == "ol"))
            case "li":
                self.end_block()
                self._begin_item()
            case "table":
                self.end_block()
                self.rows = []
            case "tr" if self.rows is not None:
                self.rows.append(_Row())
            case "th" if self.rows:
                self.rows[-1].is_head = True
                self.text = []
            case "td":
                self.text = []
            case "br":
                self.text.append("<br/>")
            case "hr":
                self.end_block()
                self.blocks.append(HRFlowable(width="100%", color=HexColor(LINE), spaceBefore=8, spaceAfter=8))
            case _:
                self._open_inline(tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "h1" | "h2" | "h3" | "h4" | "p" | "pre" | "li":
                self.end_block()
                self.in_pre = False
            case "blockquote":
                self.end_block()
                self.in_quote = False
            case "ul" | "ol" if self.lists:
                self.end_block()
                self.lists.pop()
            case "th" | "td" if self.rows:
                self._end_cell()
            case "table" if self.rows is not None:
                self._end_table(self.rows)
                self.rows = None
            case _:
                self._close_inline(tag)

    def handle_data(self, data: str) -> None:
        if self.in_pre:
            self.text.append(_code_lines(data))
            return
        if not data.strip() and not self.text:
            return
        font = MONO if "code" in self.inline else BOLD if self._is_bold() else PLAIN
        self.text.append(marked_up(data.replace("\n", " "), font))

    # --- inline ---

    def _open_inline(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag == "code" and not self.in_pre:
            self.text.append(f'<font name="{MONO}" backColor="#f1f3f6">')
        elif tag == "strong":
            self.text.append("<b>")
        elif tag == "a":
            self.text.append(f'<a href="{escape(attributes.get("href") or "", quote=True)}" color="#0a5cb8">')
        elif tag not in ("em", "code"):
            return
        self.inline.append(tag)

    def _close_inline(self, tag: str) -> None:
        if tag not in self.inline:
            return
        self.inline.remove(tag)
        if tag == "code" and not self.in_pre:
            self.text.append("</font>")
        elif tag in ("strong", "a"):
            self.text.append("</b>" if tag == "strong" else "</a>")

    def _is_bold(self) -> bool:
        return "strong" in self.inline or self.style in HEADINGS

    # --- blocks ---

    def _style_of(self, tag: str) -> str:
        if tag == "pre":
            return "code"
        if tag == "p":
            return "li" if self.lists else "quote" if self.in_quote else "p"
        return tag

    def _begin_item(self) -> None:
        self.style = "li"
        current = self.lists[-1] if self.lists else _List(False)
        current.count += 1
        self.bullet = f"{current.count}." if current.numbered else "•"

    def end_block(self) -> None:
        """Put the text under way on the page."""
        text, self.text = "".join(self.text).strip(), []
        if not text or self.rows is not None:
            return
        style = STYLES[self.style]
        bullet = None
        if self.lists and self.style in ("li", "code"):
            indent = 14.0 * len(self.lists)
            style = style.clone(f"{self.style}-{len(self.lists)}", leftIndent=indent + style.leftIndent,
                                bulletIndent=indent - 12)  # fmt: skip
            bullet, self.bullet = self.bullet or None, ""
        if self.style in HEADINGS:
            self.blocks.append(CondPageBreak(ROOM_BELOW))
            self.blocks.append(Heading(text, style, level=max(HEADINGS.index(self.style) - 1, 0)))
        else:
            self.blocks.append(Paragraph(text, style, bulletText=bullet))
        self.style = "li" if self.lists else "p"

    # --- tables ---

    def _end_cell(self) -> None:
        text, self.text = "".join(self.text).strip(), []
        if not self.rows:
            return
        self.rows[-1].cells.append(text)
        self.rows[-1].plain.append(Paragraph(text or " ", STYLES["cell"]).getPlainText())

    def _end_table(self, rows: list[_Row]) -> None:
        self.rows = None
        rows = [row for row in rows if any(row.cells)]
        if not rows:
            return
        if self.flat:
            self.blocks += [Paragraph(" · ".join(filter(None, row.cells)), STYLES["cell"]) for row in rows]
            return
        columns = max(len(row.cells) for row in rows)
        for row in rows:
            row.cells += [""] * (columns - len(row.cells))
            row.plain += [""] * (columns - len(row.plain))
        cells = [
            [Paragraph(text or " ", STYLES["head" if row.is_head else "cell"]) for text in row.cells] for row in rows
        ]
        self.blocks.append(
            Table(
                cells, colWidths=_widths([row.plain for row in rows], self.width), repeatRows=int(rows[0].is_head),
                splitInRow=1, spaceBefore=4, spaceAfter=10, style=_TABLE,
            )
        )  # fmt: skip


_TABLE = TableStyle([
    ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.5, HexColor(LINE)),
    ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), PADDING),
    ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
])  # fmt: skip


def _widths(rows: Sequence[Sequence[str]], width: float) -> list[float]:
    """Each column as wide as its text wants, within reason; what is left over or lacking is shared in proportion."""
    size = STYLES["cell"].fontSize
    wanted, needed = [], []
    for column in zip(*rows, strict=True):
        longest = max(stringWidth(text, BOLD, size) for text in column) + PADDING + 2
        words = [word for text in column for word in text.split()] or [""]
        word = max(stringWidth(word, BOLD, size) for word in words) + PADDING + 2
        wanted.append(max(NARROWEST, min(longest, width)))
        needed.append(max(NARROWEST, min(word, LONGEST_WORD * width)))
    spare = width - sum(needed)
    if spare <= 0:
        return [width * part / sum(needed) for part in needed]
    greed = [max(want - need, 0.0) for want, need in zip(wanted, needed, strict=True)]
    total = sum(greed)
    if total <= spare:
        widths = [max(want, need) for want, need in zip(wanted, needed, strict=True)]
        widths[-1] += width - sum(widths)
        return widths
    return [need + spare * more / total for need, more in zip(needed, greed, strict=True)]


def _code_lines(text: str) -> str:
    """Lines of code with their spaces kept; a long one wraps."""
    lines = [marked_up(line.expandtabs(4), MONO) for line in text.rstrip("\n").split("\n")]
    return "<br/>".join(_kept_spaces(line) for line in lines)


def _kept_spaces(line: str) -> str:
    stripped = line.lstrip(" ")
    return NO_BREAK * (len(line) - len(stripped)) + stripped.replace("  ", f" {NO_BREAK}")
