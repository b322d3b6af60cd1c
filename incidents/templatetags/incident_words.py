"""Words of the domain in templates: kinds of evidence, risks, states, and text with light markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from incidents import prose as prose_rendering
from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.evidence.sources import source_in_words
from incidents.diagnostics.text import duration
from incidents.language import current_language
from incidents.models import AnalysisRun, Category, Incident, Severity

register = template.Library()

ISO_TIME = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?")
# "Evidence:" and the list of quotes below it, each behind its place in brackets.
QUOTES = re.compile(r"^(?:[^\n-][^\n]*:\n)?(?:- \[[^\n]*\n?)+", re.MULTILINE)
COMMAND = re.compile(r"(redis-cli|valkey-cli|sudo|systemctl|sysctl|[A-Z]{3,} [A-Z])")

RISK_WORDS = {
    "read-only": _("read only"),
    "changes-settings": _("changes settings"),
    "blocks": _("may block the server"),
    "loses-data": _("loses data"),
}
RISK_TONES = {"read-only": "ok", "changes-settings": "medium", "blocks": "high", "loses-data": "critical"}
RISK_ICONS = {"read-only": "eye", "changes-settings": "settings", "blocks": "lock", "loses-data": "critical"}
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
def source_words(source: str) -> str:
    """The source that evidence names: "Server log" in the reader's language, files and commands as they are."""
    return source_in_words(source, current_language())


@register.filter
def clock_words(time: str) -> str:
    """A time as a server's own clock wrote it, without the T of ISO 8601 and without fractions."""
    return ISO_TIME.sub(r"\1 \2", time)


@register.filter
def severity_words(severity: str) -> str:
    return str(Severity(severity).label) if severity in Severity.values else severity


@register.filter
def category_words(category: str) -> str:
    return str(Category(category).label) if category in Category.values else category


@register.filter
def deployment_words(deployment: str) -> str:
    return str(Incident.Deployment(deployment).label) if deployment in Incident.Deployment.values else deployment


@register.filter
def risk_words(risk: str) -> str:
    return str(RISK_WORDS.get(risk, risk))


@register.filter
def risk_tone(risk: str) -> str:
    return RISK_TONES.get(risk, "none")


@register.filter
def risk_icon(risk: str) -> str:
    return RISK_ICONS.get(risk, "none")


@register.filter
def of_key(values: Mapping[str, str] | None, key: str) -> str:
    return values.get(key, "") if values else ""


@register.filter
def by_missing(skipped: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Checks that could not look, by what they lack. One that lacks it on every node is named once."""
    groups: dict[str, dict[str, None]] = {}
    for rule in skipped:
        groups.setdefault(", ".join(rule["missing"]), {})[rule["title"]] = None
    return sorted(((missing, list(titles)) for missing, titles in groups.items()), key=lambda group: -len(group[1]))


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
    return duration(minutes * 60, current_language())


@register.filter
def seconds_text(seconds: float) -> str:
    return duration(seconds, current_language())


@register.filter
def is_command(text: str) -> bool:
    """Whether a way to verify or undo is a command rather than a sentence."""
    return bool(COMMAND.match(text))


@register.filter
def in_two(text: str) -> dict[str, str]:
    """What an explanation says, and the lines that it quotes: those stand with the findings already."""
    quotes = [found.strip() for found in QUOTES.findall(text)]
    return {"head": QUOTES.sub("", text), "rest": "\n\n".join(quotes)}


@register.filter
def prose(text: str) -> SafeString:
    """Text of an analyst, which may hold Markdown and is not to be trusted."""
    return mark_safe(prose_rendering.render(text))  # noqa: S308 (sanitised there)


@register.filter
def grouped(number: float) -> str:
    """A count that can be read at a glance: 100,000 in both languages."""
    return f"{number:,.0f}"
