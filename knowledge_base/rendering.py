"""Markdown to HTML that is safe to show. Runbooks come from outside too, so their raw HTML is shown as text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import markdown
import nh3
from django.utils.safestring import SafeString, mark_safe

TAGS = {
    "a", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
    "p", "pre", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "code": {"class"}, "ol": {"start"}}
LISTS = ("symptoms", "root_causes", "prevention")
SCHEMES = {"http", "https", "mailto"}


@lru_cache(maxsize=512)
def render_markdown(text: str) -> SafeString:
    """Blocks of Markdown. Images and odd links are gone from the result, tags are plain text."""
    parser = markdown.Markdown(extensions=["fenced_code", "tables", "sane_lists"], output_format="html")
    # Tags are words here: a placeholder such as <host> must be read, not vanish as an unknown tag.
    parser.preprocessors.deregister("html_block")
    parser.inlinePatterns.deregister("html")
    clean = nh3.clean(
        parser.convert(text), tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )  # fmt: skip
    return mark_safe(clean)  # noqa: S308  (sanitised on the line above)


@lru_cache(maxsize=4_096)
def render_line(text: str) -> SafeString:
    """One line of Markdown, without the paragraph around it."""
    html = str(render_markdown(text)).strip()
    if html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1:
        html = html[3:-4]
    return mark_safe(html)  # noqa: S308  (comes from render_markdown)


def rendered(content: dict[str, Any]) -> dict[str, Any]:
    """A document's fields with every text rendered, for the page and the admin's preview."""
    return {
        **content,
        **{
            name: [render_line(str(line)) for line in content[name]]
            for name in ("symptoms", "root_causes", "prevention")
        },
        "diagnosis_steps": [_step(step) for step in content["diagnosis_steps"]],
        "solutions": [_step(step) for step in content["solutions"]],
        "notes": render_markdown(content["notes"]) if content["notes"] else "",
    }


def _step(step: Any) -> dict[str, Any]:
    if not isinstance(step, dict):
        return {"text": render_line(str(step))}
    plain = {name: step.get(name, "") for name in ("command", "risk")}
    said = {name: render_line(str(step[name])) for name in ("text", "expect", "verify", "undo") if step.get(name)}
    return {**plain, **said}
