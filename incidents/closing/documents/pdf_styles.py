"""Type, space and colour of PDF files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle

from incidents.closing.documents.pdf_fonts import BOLD, MONO, PLAIN

INK, MUTED, LINE, SUNKEN = "#18202a", "#566272", "#cfd6df", "#f1f3f6"
COLOURS: Mapping[str, str] = {
    "ink": INK, "muted": MUTED, "line": LINE, "paper": "#ffffff", "accent": "#0a5cb8", "critical": "#a80f2b",
    "high": "#a63f06", "medium": "#715500", "low": "#35547c",
}  # fmt: skip


def _style(name: str, size: float, leading: float, *, font: str = PLAIN, **more: Any) -> ParagraphStyle:
    settings: dict[str, Any] = {"splitLongWords": 1, "textColor": HexColor(INK), **more}
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=leading, **settings)


STYLES: Mapping[str, ParagraphStyle] = {
    "h1": _style("h1", 18, 25, font=BOLD, spaceAfter=10),
    "h2": _style("h2", 13, 19, font=BOLD, spaceBefore=16, spaceAfter=5),
    "h3": _style("h3", 11, 16, font=BOLD, spaceBefore=10, spaceAfter=4),
    "h4": _style("h4", 10, 15, font=BOLD, spaceBefore=8, spaceAfter=3),
    "p": _style("p", 9.5, 15, spaceAfter=6),
    "li": _style("li", 9.5, 15, spaceAfter=2),
    "cell": _style("cell", 8.5, 12.5),
    "head": _style("head", 8.5, 12.5, font=BOLD, textColor=HexColor(MUTED)),
    "code": _style(
        "code", 8.5, 12.5, font=MONO, backColor=HexColor(SUNKEN), borderPadding=6, leftIndent=6, rightIndent=6,
        spaceBefore=8, spaceAfter=12,
    ),
    "quote": _style("quote", 9.5, 15, leftIndent=10, textColor=HexColor(MUTED), spaceAfter=6),
    "caption": _style("caption", 8, 12, textColor=HexColor(MUTED), spaceBefore=2, spaceAfter=10),
}  # fmt: skip
