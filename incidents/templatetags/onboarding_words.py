"""What a first-time user is shown: commands to begin with, in the reader's language."""

from __future__ import annotations

from django import template

from incidents.diagnostics.text import Text
from incidents.language import current_language
from incidents.onboarding.first_commands import Sight, sights

register = template.Library()


@register.simple_tag
def first_sights() -> tuple[Sight, ...]:
    return sights()


@register.filter
def say(text: Text) -> str:
    """A text in the reader's language."""
    return text.say(current_language())
