"""Words about a model's answer in templates."""

from __future__ import annotations

from django import template

from incidents.analysis.chat.wording import say
from incidents.language import current_language

register = template.Library()


@register.filter
def differing_words(field: str) -> str:
    """What model and rules differ about, as a heading."""
    words = say(field, current_language()).removeprefix("the ")
    return words[:1].upper() + words[1:]
