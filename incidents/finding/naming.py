"""Causes, findings and documents by the names that people know them by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from incidents.diagnostics.causes.hypotheses import all_hypotheses
from incidents.diagnostics.rules.specs import all_rules
from incidents.finding.filters import IncidentFilter
from incidents.language import current_language
from knowledge_base.models import KnowledgeDocument


def names_of(wanted: IncidentFilter) -> Mapping[tuple[str, str], str]:
    """The names behind the ids that a filter asks for."""
    named: dict[tuple[str, str], str] = {}
    if wanted.cause:
        named["cause", wanted.cause] = cause_name(wanted.cause)
    if wanted.finding:
        named["finding", wanted.finding] = finding_name(wanted.finding)
    if wanted.document:
        named["document", wanted.document] = document_names([wanted.document]).get(wanted.document, wanted.document)
    return named


def cause_name(name: str) -> str:
    """A root cause is a hypothesis, or a rule that explains itself."""
    hypothesis = all_hypotheses().get(name)
    return hypothesis.title.say(current_language()) if hypothesis else finding_name(name)


def finding_name(name: str) -> str:
    spec = all_rules().get(name)
    return spec.title.say(current_language()) if spec else name


def document_names(names: Iterable[str]) -> dict[str, str]:
    return dict(KnowledgeDocument.objects.filter(pk__in=list(names)).values_list("pk", "title"))
