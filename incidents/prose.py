"""Analysts' words as HTML: Markdown without raw HTML, links or images, and sanitised on top."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import nh3

if TYPE_CHECKING:
    from markdown import Markdown

TAGS = {"p", "br", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "h3", "h4", "table", "thead",
        "tbody", "tr", "th", "td", "hr"}  # fmt: skip
# Evidence is quoted in these texts. What it holds of HTML must be seen as text, and no link may come out of it.
OFF_BLOCKS = ("html_block",)
OFF_INLINE = ("html", "link", "image_link", "image_reference", "reference", "short_reference", "short_image_ref",
              "autolink", "automail", "entity")  # fmt: skip


# To a reader a list begins and ends with its lines; to Markdown only with an empty line before and after.
LIST_BEGINS = re.compile(r"^(?![-*\s])(.+)\n(?=[-*] )", re.MULTILINE)
LIST_ENDS = re.compile(r"^([-*] .+)\n(?![-*\s])(?=.)", re.MULTILINE)


def render(text: str) -> str:
    """HTML that may stand on a page whatever the text holds."""
    spaced = LIST_ENDS.sub(r"\1\n\n", LIST_BEGINS.sub(r"\1\n\n", text))
    return nh3.clean(_markdown().reset().convert(spaced), tags=TAGS, attributes={}, url_schemes=set())


@cache
def _markdown() -> Markdown:
    from markdown import Markdown  # late: a list of incidents needs none of it

    markdown = Markdown(extensions=["fenced_code", "tables", "sane_lists", "nl2br"])
    for name in OFF_BLOCKS:
        markdown.preprocessors.deregister(name)
    for name in OFF_INLINE:
        if name in markdown.inlinePatterns:
            markdown.inlinePatterns.deregister(name)
    return markdown
