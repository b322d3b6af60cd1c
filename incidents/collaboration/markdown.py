"""Comments as HTML: Markdown without raw HTML or images, links to the web only, sanitised on top, people set off."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from functools import lru_cache
from threading import Lock
from typing import Any

import nh3
from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor

from incidents.collaboration.mentions import AT, named_by
from incidents.prose import LIST_BEGINS, LIST_ENDS, OFF_BLOCKS, TAGS

OFF_INLINE = ("html", "image_link", "image_reference", "reference", "short_reference", "short_image_ref", "autolink",
              "automail", "entity")  # fmt: skip
ADDRESS = r"(?<![\w/(\[<])(https?://[^\s<>\"'`]{4,2000})"
TRAILING = re.compile(r"[.,;:!?)\]}'\"]+$")


@lru_cache(maxsize=2048)
def render(text: str, mentioned: tuple[str, ...] = ()) -> str:
    """HTML that may stand on a page whatever the text holds. `mentioned` are the names that were recognised in it."""
    spaced = LIST_ENDS.sub(r"\1\n\n", LIST_BEGINS.sub(r"\1\n\n", text))
    with _lock:  # one converter, and it keeps state while it works
        _mentions.known = frozenset(mentioned)
        html = _markdown.reset().convert(spaced)
    return nh3.clean(
        html, tags=TAGS | {"a", "span"}, attributes={"a": {"href"}}, allowed_classes={"span": {"mention"}},
        url_schemes={"http", "https"}, link_rel="nofollow noopener noreferrer",
    )  # fmt: skip


class _Mention(InlineProcessor):
    """@name, for names that were recognised when the comment was stored. What follows the name stays as it is."""

    known: frozenset[str] = frozenset()

    def handleMatch(  # type: ignore[override]
        self, match: re.Match[str], data: str
    ) -> tuple[ElementTree.Element | None, int | None, int | None]:
        name = named_by(match[1], self.known)
        if name is None:
            return None, None, None
        element = ElementTree.Element("span", {"class": "mention"})
        element.text = f"@{name}"
        return element, match.start(0), match.start(1) + len(name)


class _Address(InlineProcessor):
    """A bare address becomes a link, without the punctuation of the sentence around it."""

    def handleMatch(  # type: ignore[override]
        self, match: re.Match[str], data: str
    ) -> tuple[ElementTree.Element, int, int]:
        address = TRAILING.sub("", match[1])
        element = ElementTree.Element("a", {"href": address})
        element.text = address
        return element, match.start(0), match.start(0) + len(address)


def _converter() -> tuple[Markdown, _Mention]:
    markdown = Markdown(extensions=["fenced_code", "tables", "sane_lists", "nl2br"])
    for name in OFF_BLOCKS:
        markdown.preprocessors.deregister(name)
    for name in OFF_INLINE:
        if name in markdown.inlinePatterns:
            markdown.inlinePatterns.deregister(name)
    mentions: Any = _Mention(AT.pattern, markdown)
    # After code (190), before links and emphasis: names may hold underscores.
    markdown.inlinePatterns.register(mentions, "mention", 175)
    markdown.inlinePatterns.register(_Address(ADDRESS, markdown), "address", 176)
    return markdown, mentions


_lock = Lock()
_markdown, _mentions = _converter()
