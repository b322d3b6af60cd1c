"""The fonts of PDF files, and what to do about characters that one of them lacks."""

from __future__ import annotations

from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FOLDER = Path(__file__).parent.parent / "fonts"
PLAIN, BOLD, MONO = "PortalGothic", "PortalGothic-Bold", "PortalGothicMono"
# Korean fonts draw a backslash as the won sign, which would make another command of it.
BACKSLASH = {PLAIN: "Helvetica", BOLD: "Helvetica-Bold", MONO: "Courier"}
UNSEEN = frozenset("\u200b\u200d\ufe0e\ufe0f\ufeff\x7f")
ALIKE = str.maketrans({"µ": "μ", "−": "-", "✓": "√", "✔": "√", "▸": "▶"})
UNKNOWN = "□"  # for what no font has, such as emoji: visible, so that nobody takes the text for whole


@cache
def register() -> None:
    """Make the fonts known. A file embeds only the characters that it uses."""
    for name in (PLAIN, BOLD, MONO):
        pdfmetrics.registerFont(TTFont(name, FOLDER / f"{name}.ttf"))
    for bold in (0, 1):
        for italic in (0, 1):
            addMapping(PLAIN, bold, italic, BOLD if bold else PLAIN)
            addMapping(MONO, bold, italic, MONO)


@cache
def _characters(font: str) -> frozenset[int]:
    register()
    return frozenset(pdfmetrics.getFont(font).face.charToGlyph)  # type: ignore[attr-defined]  # TrueType fonts have it


def known(text: str, font: str) -> str:
    """Text for a drawing, which has one font: what it lacks is marked."""
    return "".join(char if ord(char) in _characters(font) else UNKNOWN for char in _clean(text))


def marked_up(text: str, font: str) -> str:
    """Text for a paragraph, escaped; what its font lacks is set in the one that has most."""
    parts = []
    for face, chars in groupby(_clean(text), key=lambda char: _face(char, font)):
        run = "".join(chars)
        if face == font:
            parts.append(escape(run))
        elif face != PLAIN:
            parts.append(f'<font name="{face}">{run}</font>')
        else:
            parts.append(f'<font name="{PLAIN}">{escape(known(run, PLAIN))}</font>')
    return "".join(parts)


def _face(char: str, font: str) -> str:
    """What a character is set in."""
    if char == "\\":
        return BACKSLASH[font]
    return font if ord(char) in _characters(font) else PLAIN


def _clean(text: str) -> str:
    """Without control characters, which no font has and no reader sees; variation marks and joiners go too."""
    return "".join(
        char for char in text.translate(ALIKE) if char >= " " and char not in "\u200b\u200d\ufe0e\ufe0f\ufeff\x7f"
    )
