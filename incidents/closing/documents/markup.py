"""Markdown for documents: quoting what is not ours, cutting a text into its parts, and safe HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import nh3

from incidents.prose import LIST_BEGINS, LIST_ENDS

if TYPE_CHECKING:
    from markdown import Markdown

FIGURE = re.compile(r"^!\[([^\]\n]*)\]\(figure:([a-z0-9-]{1,40})\)[ \t]*$", re.MULTILINE)
SPECIAL = re.compile(r"([\\`*\[\]<|]|(?<!\w)_|_(?!\w))")
AT_THE_START = re.compile(r"^(\s*)([#>+-]|\d+(?=[.)]))")
CODE = re.compile(r"(`[^`\n]+`)")
LINKING = re.compile(r"([\[\]<|])")
TAGS = {"h1", "h2", "h3", "h4", "p", "br", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "table",
        "thead", "tbody", "tr", "th", "td", "hr", "a"}  # fmt: skip
# HTML in a text is shown as text; links stay, for people link tickets and dashboards.
OFF_BLOCKS = ("html_block",)
OFF_INLINE = ("html", "image_link", "image_reference", "short_image_ref", "entity", "autolink", "automail")
SCHEMES = {"http", "https", "mailto"}


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


@dataclass(frozen=True, slots=True)
class FigurePart:
    name: str
    caption: str


def parts_of(body: str) -> Iterator[TextPart | FigurePart]:
    """Cut a body at its figures, which stand as `![caption](figure:name)` on a line of their own."""
    end = 0
    for found in FIGURE.finditer(body):
        if body[end : found.start()].strip():
            yield TextPart(body[end : found.start()])
        yield FigurePart(found[2], found[1])
        end = found.end()
    if body[end:].strip():
        yield TextPart(body[end:])


def to_html(text: str) -> str:
    """HTML that may stand on a page whatever the text holds."""
    spaced = LIST_ENDS.sub(r"\1\n\n", LIST_BEGINS.sub(r"\1\n\n", text))
    return nh3.clean(
        _markdown().reset().convert(spaced), tags=TAGS, attributes={"a": {"href"}}, url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )  # fmt: skip


@cache
def _markdown() -> Markdown:
    from markdown import Markdown  # late: few pages need it

    markdown = Markdown(extensions=["fenced_code", "tables", "sane_lists", "nl2br"])
    markdown.ESCAPED_CHARS.append("<")  # as GitHub reads it
    for name in OFF_BLOCKS:
        markdown.preprocessors.deregister(name)
    for name in OFF_INLINE:
        if name in markdown.inlinePatterns:
            markdown.inlinePatterns.deregister(name)
    return markdown


# --- Writing Markdown ----------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """A text from outside, so that none of it is taken for markup."""
    line = SPECIAL.sub(r"\\\1", " ".join(text.split()))
    begins = AT_THE_START.match(line)
    if not begins:
        return line
    mark = begins[2]
    return f"\\{line}" if not mark.isdigit() else f"{mark}\\{line[len(mark) :]}"


def light(text: str) -> str:
    """A text of the report, which may hold code and emphasis: those stay, links and tables do not come out of it."""
    pieces = CODE.split(text)
    return "".join(piece if number % 2 else LINKING.sub(r"\\\1", piece) for number, piece in enumerate(pieces))


def code(text: str) -> str:
    """Evidence or a command within a line, whatever it holds."""
    line = " ".join(text.split())
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}" if line else ""


def block(text: str) -> str:
    """Lines of evidence or a command as a block of code."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """A cell: on one line; within code a bar is safe by itself."""
    return " ".join(text.split()) or " "


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines if line)
