"""Words of the domain in templates: kinds of evidence, risks, states, and text with light markup."""

from __future__ import annotations

import re

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from incidents import prose as prose_rendering
from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.text import duration
from incidents.language import current_language
from incidents.models import AnalysisRun, Category, Incident, IncidentChange

register = template.Library()

COMMAND = re.compile(r"(redis-cli|valkey-cli|sudo|systemctl|sysctl|[A-Z]{3,} [A-Z])")

RISK_WORDS = {
    "read-only": _("read only"),
    "changes-settings": _("changes settings"),
    "blocks": _("may block the server"),
    "loses-data": _("loses data"),
}
RISK_TONES = {"read-only": "ok", "changes-settings": "medium", "blocks": "high", "loses-data": "critical"}
STATE_WORDS = {
    "active": _("active"),
    "recovered": _("recovered"),
    "history": _("happened earlier"),
    "risk": _("risk"),
    "context": _("for context"),
}
STATUS_TONES = {"open": "high", "investigating": "medium", "mitigated": "low", "resolved": "ok"}
RUN_TONES = {"queued": "none", "running": "low", "succeeded": "ok", "failed": "critical", "cancelled": "none"}


@register.filter
def kind_words(kinds: str) -> str:
    """Kinds of evidence, separated by commas, as a reader knows them."""
    known = (EvidenceKind(kind) for kind in kinds.split(",") if kind in EvidenceKind.__members__.values())
    return ", ".join(kind.label.say(current_language()) for kind in known)


@register.filter
def category_words(category: str) -> str:
    return str(Category(category).label) if category in Category.values else category


@register.filter
def deployment_words(deployment: str) -> str:
    return str(Incident.Deployment(deployment).label) if deployment in Incident.Deployment.values else deployment


@register.filter
def change_words(change: IncidentChange) -> str:
    """What a change led to, as a reader knows it."""
    if change.kind == IncidentChange.Kind.STATUS and change.after in Incident.Status.values:
        return str(Incident.Status(change.after).label)
    if change.kind == IncidentChange.Kind.EVIDENCE_ADDED:
        return ", ".join(kind_words(name) or name for name in change.after.split(", "))
    return change.after


@register.filter
def risk_words(risk: str) -> str:
    return str(RISK_WORDS.get(risk, risk))


@register.filter
def risk_tone(risk: str) -> str:
    return RISK_TONES.get(risk, "none")


@register.filter
def state_words(state: str) -> str:
    return str(STATE_WORDS.get(state, state))


@register.filter
def status_tone(status: str) -> str:
    return STATUS_TONES.get(status, "none")


@register.filter
def run_tone(status: str) -> str:
    return RUN_TONES.get(status, "none")


@register.filter
def run_words(status: str) -> str:
    return str(AnalysisRun.Status(status).label) if status in AnalysisRun.Status.values else status


@register.filter
def minutes_text(minutes: float) -> str:
    """Minutes as the two largest units that matter: the last minute is told in seconds."""
    return duration(minutes * 60)


@register.filter
def is_command(text: str) -> bool:
    """Whether a way to verify or undo is a command rather than a sentence."""
    return bool(COMMAND.match(text))


@register.filter
def prose(text: str) -> SafeString:
    """Text of an analyst, which may hold Markdown and is not to be trusted."""
    return mark_safe(prose_rendering.render(text))  # noqa: S308 (sanitised there)
