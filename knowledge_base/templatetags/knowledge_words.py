"""The words that templates show for the codes of documents."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy as _

from knowledge_base.models import KnowledgeDocument

register = template.Library()

RISKS = {
    "read-only": _("Read only"),
    "changes-settings": _("Changes settings"),
    "blocks": _("Blocks the server"),
    "loses-data": _("Loses data"),
}
TONES = {"read-only": "is-ok", "changes-settings": "is-medium", "blocks": "is-high", "loses-data": "is-critical"}
WORDS = {
    "category": dict(KnowledgeDocument.Category.choices),
    "severity": dict(KnowledgeDocument.Severity.choices),
    "kind": dict(KnowledgeDocument.Kind.choices),
    "language": dict(KnowledgeDocument.Language.choices),
    "status": dict(KnowledgeDocument.Status.choices),
    "risk": RISKS,
}


@register.filter
def knowledge_word(code: str, field: str) -> str:
    """The reader's word for a code; the code itself where it is unknown."""
    return str(WORDS[field].get(code, code))


@register.filter
def risk_tone(risk: str) -> str:
    return TONES.get(risk, "is-none")
