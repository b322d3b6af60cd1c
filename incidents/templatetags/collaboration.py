"""The team in templates: sentences of the timeline, comments as HTML, ticks and the number of unread notices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from incidents.collaboration import queries, wording
from incidents.collaboration.services import step_key
from incidents.collaboration.ticks import TickView, tick_of
from incidents.collaboration.timeline import CommentView, Entry

register = template.Library()

register.filter("entry_sentence", wording.sentence_html)
register.filter("verdict_words", wording.verdict_words)

ENTRY_ICONS: Mapping[str, str] = {
    "reported": "high", "evidence_added": "file", "analysis_started": "refresh", "analysis_cancelled": "none",
    "analysis_ended": "brand", "verdict": "brand", "status": "arrow", "assignee": "user", "details": "settings",
    "resolution": "ok", "step_done": "check", "step_reopened": "undo", "commented": "chat",
}  # fmt: skip


@register.filter
def entry_icon(entry: Entry) -> str:
    return ENTRY_ICONS.get(entry.kind, "clock")


@register.filter
def comment_html(comment: CommentView) -> SafeString:
    """A comment's Markdown as HTML; whoever wrote it is not to be trusted."""
    from incidents.collaboration.markdown import render  # late: most pages have no comments

    return mark_safe(render(comment.text, comment.mentioned))  # noqa: S308 (sanitised there)


@register.filter
def initials(name: str) -> str:
    """One or two letters that stand for a person."""
    parts = [part for part in name.replace(".", " ").replace("_", " ").replace("-", " ").split() if part]
    return "".join(part[0] for part in parts[:2]).upper() or "?"


@register.simple_tag
def tick_state(facts: Any, step: Any) -> TickView:
    """The tick of a step of the report that `facts` belong to."""
    key = step_key(step.title, step.command)
    return tick_of(facts.ticks, incident_id=facts.incident_id, run_id=facts.run_id, step=key)


@register.inclusion_tag("incidents/collaboration/unread.html")
def unread_notices(user: Any) -> dict[str, int]:
    return {"unread": queries.unread_count(user)}
