"""Say in a sentence what an entry of the timeline is about, in the language that is active."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.collaboration.timeline import Entry
from incidents.diagnostics.evidence import EvidenceKind
from incidents.language import current_language
from incidents.models import AnalysisRun, Category, Incident, IncidentChange, Severity

Kind = IncidentChange.Kind

FIELDS = {
    "title": gettext_lazy("title"),
    "description": gettext_lazy("description"),
    "redis_version": gettext_lazy("Redis version"),
    "deployment_type": gettext_lazy("deployment"),
    "status": gettext_lazy("status"),
    "assignee": gettext_lazy("assignee"),
    "resolution": gettext_lazy("what fixed it"),
    "diagnosis_right": gettext_lazy("was the diagnosis right?"),
}
LONG = ("description", "resolution")  # fields whose texts do not fit into a sentence
PLAIN = {
    Kind.REPORTED: gettext_lazy("%(actor)s reported the incident"),
    Kind.EVIDENCE_ADDED: gettext_lazy("%(actor)s added evidence: %(after)s"),
    Kind.ANALYSIS_STARTED: gettext_lazy("%(actor)s started an analysis"),
    Kind.ANALYSIS_CANCELLED: gettext_lazy("%(actor)s cancelled the analysis"),
    Kind.STATUS: gettext_lazy("%(actor)s changed the status: %(before)s → %(after)s"),
    Kind.COMMENTED: gettext_lazy("%(actor)s commented"),
    Kind.COMMENT_EDITED: gettext_lazy("%(actor)s edited a comment"),
    Kind.COMMENT_DELETED: gettext_lazy("%(actor)s deleted a comment"),
    Kind.STEP_DONE: gettext_lazy("%(actor)s did: %(step)s"),
    Kind.STEP_REOPENED: gettext_lazy("%(actor)s took back: %(step)s"),
    Kind.VERDICT: gettext_lazy("The verdict changed: %(before)s → %(after)s"),
}


def sentence(entry: Entry) -> str:
    """As plain text, for exports and programs."""
    return _template(entry) % _values(entry, str)


def sentence_html(entry: Entry) -> SafeString:
    """With names and values set off. Everything that came from outside is escaped."""
    values = _values(entry, lambda value: format_html("<b>{}</b>", value))
    return mark_safe(conditional_escape(_template(entry)) % values)  # noqa: S308 (template and values are escaped)


def value_words(field: str, value: str) -> str:
    """A stored value as a reader knows it."""
    if not value:
        return "—"
    choices: dict[str, Any] = {
        "status": Incident.Status, "diagnosis_right": Incident.DiagnosisRight, "deployment_type": Incident.Deployment,
    }  # fmt: skip
    kind = choices.get(field)
    return str(kind(value).label) if kind and value in kind.values else value


def verdict_words(detail: Any) -> str:
    """A verdict in three words: how bad, of which kind, how sure."""
    if detail.get("incident_detected") is False:
        return _("No incident found")
    parts = [_label(Severity, detail.get("severity")), _label(Category, detail.get("category"))]
    confidence = detail.get("confidence_score")
    if isinstance(confidence, int | float):
        parts.append(f"{confidence:.0%}")
    return " · ".join(part for part in parts if part)


def _template(entry: Entry) -> str:
    match entry.kind:
        case Kind.ASSIGNEE:
            return _assignment(entry)
        case Kind.ANALYSIS_ENDED if entry.after == AnalysisRun.Status.SUCCEEDED:
            return _("The analysis ended: %(verdict)s")
        case Kind.ANALYSIS_ENDED:
            return _("The analysis failed")
        case Kind.DETAILS | Kind.RESOLUTION if entry.field in LONG or not entry.field:
            return _("%(actor)s edited: %(field)s")
        case Kind.DETAILS | Kind.RESOLUTION:
            return _("%(actor)s changed: %(field)s, %(before)s → %(after)s")
    return str(PLAIN[Kind(entry.kind)]) if entry.kind in PLAIN else f"%(actor)s: {Kind(entry.kind).label}"


def _assignment(entry: Entry) -> str:
    if not entry.after:
        return _("%(actor)s let go of the incident") if entry.before == entry.actor else _(
            "%(actor)s took the incident from %(before)s"
        )  # fmt: skip
    if entry.after == entry.actor:
        return _("%(actor)s took the incident")
    return _("%(actor)s gave the incident to %(after)s")


def _values(entry: Entry, mark: Callable[[str], str]) -> dict[str, str]:
    before, after = entry.before, entry.after
    if entry.kind == Kind.VERDICT:
        before, after = _verdict_of(before), _verdict_of(after)
    elif entry.kind == Kind.EVIDENCE_ADDED:
        after = ", ".join(_kinds(name) for name in after.split(", "))
    else:
        field = entry.field or entry.kind  # older rows name no field
        before, after = value_words(field, before), value_words(field, after)
    return {
        "actor": mark(entry.actor or _("Somebody")), "before": mark(before), "after": mark(after),
        "field": str(FIELDS.get(entry.field, entry.field or entry.after)),
        "step": mark(str(entry.detail.get("title", ""))),
        "verdict": mark(verdict_words(entry.detail)),
    }  # fmt: skip


def _verdict_of(words: str) -> str:
    severity, _space, category = words.partition(" ")
    return " · ".join(part for part in (_label(Severity, severity), _label(Category, category)) if part)


def _label(choices: Any, value: Any) -> str:
    return str(choices(value).label) if value in choices.values else ""


def _kinds(name: str) -> str:
    """Evidence without a name is told by its kinds."""
    kinds = name.split(",")
    if not all(kind in EvidenceKind.__members__.values() for kind in kinds):
        return name
    return ", ".join(EvidenceKind(kind).label.say(current_language()) for kind in kinds)
