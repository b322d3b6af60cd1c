"""Feedback on a document as a part of its page, and its weight in the reasons of a passage."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from knowledge_base.feedback.reading import feedback_on

register = template.Library()


@register.inclusion_tag("knowledge_base/feedback.html", takes_context=True)
def document_feedback(context: dict[str, Any], document: Any) -> dict[str, Any]:
    """What people say about a document, with a place to say it."""
    user = context["user"]
    return {
        "document": document, "user": user, "perms": context.get("perms"), "csrf_token": context.get("csrf_token"),
        "feedback": feedback_on(document, user=user),
    }  # fmt: skip


@register.filter
def opinion_words(opinion: Any) -> str:
    """ "helped 5 times, wrong once: +0.04". Takes an Opinion or its JSON."""
    if not opinion:
        return ""
    helped, wrong, shift = (
        (opinion["helped"], opinion["wrong"], opinion["shift"])
        if isinstance(opinion, dict)
        else (opinion.helped, opinion.wrong, opinion.shift)
    )
    said = []
    if helped:
        said.append(ngettext("helped once", "helped %(count)d times", helped) % {"count": helped})
    if wrong:
        said.append(ngettext("wrong once", "wrong %(count)d times", wrong) % {"count": wrong})
    return _("%(said)s: %(shift)s") % {"said": ", ".join(said), "shift": signed(shift)}


@register.filter
def signed(shift: float) -> str:
    return f"{shift:+.2f}".replace("-", "−")
