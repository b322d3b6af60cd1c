"""Words about a model's answer in templates."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy

from incidents.analysis.chat.wording import say
from incidents.language import current_language

register = template.Library()


@register.filter
def differing_words(field: str) -> str:
    """What model and rules differ about, as a heading."""
    words = say(field, current_language()).removeprefix("the ")
    return words[:1].upper() + words[1:]


COMPARED = {
    "analyst": gettext_lazy("Analyst"),
    "severity": gettext_lazy("Severity"),
    "category": gettext_lazy("Category"),
    "confidence_score": gettext_lazy("Confidence"),
    "summary": gettext_lazy("Summary"),
    "root_cause_analysis": gettext_lazy("Explanation"),
    "immediate_actions": gettext_lazy("First steps"),
    "references": gettext_lazy("Documents"),
    "prompts": gettext_lazy("Prompts"),
    "struck": gettext_lazy("Struck out"),
    "usage": gettext_lazy("Tokens, money, time"),
    "cause": gettext_lazy("Cause"),
    "tokens": gettext_lazy("Tokens per case"),
    "cost": gettext_lazy("Cost per case"),
    "seconds": gettext_lazy("Time per case"),
}


@register.filter
def compared_words(name: str) -> str:
    """A field of two reports, or a figure of evaluations, as a heading."""
    return str(COMPARED.get(name, name))
