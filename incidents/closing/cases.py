"""Draft a case from a closed incident: what was seen, what it was, what fixed it. Masked, for a curator to review."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Left
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from incidents.analysis.chat.masking import LEARN_FROM, Masking
from incidents.analysis.report import AnalysisResult, ReportedFinding, ReportedHypothesis, from_json
from incidents.closing.models import Closing, IncidentCase
from incidents.diagnostics.causes.hypotheses import all_hypotheses
from incidents.diagnostics.text import Text
from incidents.models import AnalysisRun, Incident
from knowledge_base import services as knowledge
from knowledge_base.models import KnowledgeDocument

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LONGEST_LINE = 400
PLACEHOLDER = re.compile(r"\s*\{\w+[^}]*\}")
MOST_WORDS, MOST_FINDINGS, MOST_QUOTES, MOST_STEPS, MOST_TIPS = 5, 6, 6, 4, 6
TROUBLE = ("active", "recovered")
Right = Incident.DiagnosisRight
Status = KnowledgeDocument.Status


def draft_case(
    *, closing: Closing, actor: User | None, clock: Callable[[], datetime] = timezone.now
) -> IncidentCase | None:
    """Draft the case of a closed incident, or renew a draft that nobody has touched.

    None when there is nothing to learn yet: no word on what fixed it, or no report.
    """
    report = _report_of(closing)
    if report is None or not closing.resolution.strip() or _category(closing, report) not in _CATEGORIES:
        return None
    case = IncidentCase.objects.select_related("document").filter(incident=closing.incident).first()
    if case is not None and not _is_untouched(case):
        return case  # curated, published or removed: it is the curators' now
    masking = _masking_of(closing.incident)
    fields = _masked(_fields(closing, report), masking)
    document = _kept(case, fields, actor)
    case = case or IncidentCase(incident=closing.incident)
    case.document, case.drafted_hash, case.drafted_at = document, document.content_hash, clock()
    case.masked = {kind.value: count for kind, count in sorted(masking.counts.items())}
    case.save()
    return case


_CATEGORIES = frozenset(KnowledgeDocument.Category.values)


def _is_untouched(case: IncidentCase) -> bool:
    document = case.document
    return document is not None and document.status == Status.DRAFT and document.content_hash == case.drafted_hash


def _kept(case: IncidentCase | None, fields: Mapping[str, Any], actor: User | None) -> KnowledgeDocument:
    if case is not None and case.document is not None:
        return knowledge.update_document(document=case.document, fields=fields, by=actor)
    document = knowledge.create_document(fields={**fields, "status": Status.DRAFT}, by=actor)
    document.origin = KnowledgeDocument.Origin.INCIDENT
    document.save(update_fields=["origin", "updated_at"])
    return document


def _report_of(closing: Closing) -> AnalysisResult | None:
    """The judged report, preferably in the incident's own language."""
    runs = AnalysisRun.objects.filter(incident=closing.incident, result__isnull=False).order_by("-id")
    run = runs.filter(language=closing.incident.language).first() or runs.first()
    return from_json(run.result) if run else None


# --- What a case says --------------------------------------------------------------------------------------------


def _category(closing: Closing, report: AnalysisResult) -> str:
    return closing.actual_category or report.category


def _fields(closing: Closing, report: AnalysisResult) -> dict[str, Any]:
    incident, right = closing.incident, closing.diagnosis_right != Right.NO
    with translation.override(report.language):
        cause = _cause_title(closing, report)
        return {
            "id": f"case-{incident.public_id.lower()}", "kind": KnowledgeDocument.Kind.CASE,
            "language": report.language, "topic": incident.public_id.lower(),
            "category": _category(closing, report), "severity": report.severity,
            "title": f"{cause}: {incident.title}"[:300] if cause else incident.title,
            "symptoms": _symptoms(incident, report),
            "root_causes": _causes(closing, report, cause),
            "diagnosis_steps": _diagnosis(closing, report),
            "solutions": _solutions(closing),
            "prevention": _lines(closing.prevention) or (list(report.prevention_tips[:MOST_TIPS]) if right else []),
            "tags": ["incident", *([closing.actual_cause or _root_id(report)] if _names_cause(closing) else [])],
            "applies_to": _applies_to(report),
            "preconditions": _preconditions(report),
            "questions": [incident.title],
            "sources": [_("Incident %(number)s") % {"number": incident.public_id}],
            "notes": _notes(closing, report),
        }  # fmt: skip


def _names_cause(closing: Closing) -> bool:
    return bool(closing.actual_cause or (closing.diagnosis_right != Right.NO and closing.said_cause))


def _root(report: AnalysisResult) -> ReportedHypothesis | None:
    return next((one for one in report.hypotheses if one.is_root_cause), None)


def _root_id(report: AnalysisResult) -> str:
    root = _root(report)
    return root.id if root else ""


def _cause_title(closing: Closing, report: AnalysisResult) -> str:
    """What it really was, in a few words: the person's own, the catalogue's, or the report's if that was right."""
    if closing.actual_words:
        return closing.actual_words
    if closing.actual_cause:
        return cause_label(all_hypotheses()[closing.actual_cause].title, report.language)
    root = _root(report)
    return root.title if root and closing.diagnosis_right != Right.NO else ""


def cause_label(title: Text, language: str) -> str:
    """A title of the catalogue without the {values} that nobody has measured here."""
    return PLACEHOLDER.sub("", title.say(language)).strip()


def _symptoms(incident: Incident, report: AnalysisResult) -> list[str]:
    said = _lines(incident.description)[:MOST_WORDS]
    seen = [one.summary for one in _troubles(report)][:MOST_FINDINGS]
    root = _root(report)
    quotes = list(dict.fromkeys(quote.text for quote in (root.evidence_for if root else ())))[:MOST_QUOTES]
    return list(dict.fromkeys([*said, *seen, *(f"`{quote[:LONGEST_LINE].replace('`', chr(39))}`" for quote in quotes)]))


def _troubles(report: AnalysisResult) -> list[ReportedFinding]:
    return [one for one in report.findings if one.state in TROUBLE]


def _causes(closing: Closing, report: AnalysisResult, cause: str) -> list[str]:
    root = _root(report)
    if closing.diagnosis_right == Right.NO:
        said = root.title if root else report.summary
        wrong = _("The first diagnosis was wrong: it said “%(cause)s”.") % {"cause": said}
        return [line for line in (cause, wrong) if line]
    lines = [cause] if closing.diagnosis_right == Right.PARTLY else []
    return [*lines, *([root.explanation] if root else [report.summary])]


def _diagnosis(closing: Closing, report: AnalysisResult) -> list[dict[str, str]]:
    """The read-only commands that tell this cause from its rivals."""
    known = all_hypotheses().get(closing.actual_cause)
    if known is not None:
        language = report.language
        return [
            {"text": probe.text.say(language), "command": probe.command, "expect": probe.outcome.say(language)}
            for probe in known.ask[:MOST_STEPS]
        ]
    root = _root(report)
    steps = root.distinguish[:MOST_STEPS] if root and closing.diagnosis_right != Right.NO else []
    return [{"text": step.title, "command": step.command, "expect": step.expect} for step in steps]


def _solutions(closing: Closing) -> list[dict[str, str]]:
    lines = _lines(closing.resolution)
    verified = " ".join(_lines(closing.verified))
    return [
        {"text": line, "command": "", "risk": "", "verify": verified if number == len(lines) else "", "undo": ""}
        for number, line in enumerate(lines, start=1)
    ]


def _applies_to(report: AnalysisResult) -> dict[str, Any]:
    product, deployment = report.facts.get("product"), report.facts.get("deployment")
    return {
        **({"products": [product]} if product else {}),
        **({"topologies": [deployment]} if deployment in Incident.Deployment.values else {}),
    }


def _preconditions(report: AnalysisResult) -> list[str]:
    """The findings that a later incident must show for this case to be cited: the grave ones that were active."""
    grave = [one.id for one in _troubles(report) if one.severity in ("critical", "high", "medium")]
    return list(dict.fromkeys(grave))[:MOST_FINDINGS]


def _notes(closing: Closing, report: AnalysisResult) -> str:
    verdicts = dict(Right.choices)
    lines = [
        _("Drafted from incident %(number)s, closed on %(day)s.")
        % {"number": closing.incident.public_id, "day": f"{timezone.localtime(closing.closed_at):%Y-%m-%d}"}
    ]
    if closing.diagnosis_right:
        verdict = verdicts[closing.diagnosis_right]
        lines.append(f"{_('Was the diagnosis right?')} {verdict}")
    if closing.verified:
        lines.append(f"{_('How it was verified:')} {closing.verified}")
    return "\n".join(lines)


def _lines(text: str) -> list[str]:
    """Lines of what people typed, without the marks of a list."""
    lines = (line.strip().lstrip("-*•").strip() for line in text.splitlines())
    return [line[:LONGEST_LINE] for line in lines if line]


# --- Masking -----------------------------------------------------------------------------------------------------

# Our own words, and what must stay readable for the catalogue and the index.
UNMASKED: Collection[str] = (
    "id", "kind", "language", "topic", "category", "severity", "applies_to", "preconditions", "tags", "sources",
)  # fmt: skip


def _masking_of(incident: Incident) -> Masking:
    """A masking that has read the evidence: what is named a secret there is one in a person's words too."""
    heads = incident.evidence.annotate(head=Left("text", LEARN_FROM)).values_list("head", flat=True)
    masking = Masking()
    masking.learn([incident.description, incident.title, *heads])
    return masking


def _masked(fields: Mapping[str, Any], masking: Masking) -> dict[str, Any]:
    return {name: value if name in UNMASKED else _mask(value, masking) for name, value in fields.items()}


def _mask(value: Any, masking: Masking) -> Any:
    if isinstance(value, str):
        return masking.text(value)
    if isinstance(value, Mapping):
        return {key: item if key == "risk" else _mask(item, masking) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_mask(item, masking) for item in value]
    return value


# --- Looking up --------------------------------------------------------------------------------------------------


def incidents_of_cases(document_ids: Collection[str]) -> dict[str, str]:
    """The public id of the incident that each of these cases came from."""
    rows = IncidentCase.objects.filter(document__in=list(document_ids)).select_related("incident")
    return {str(case.document_id): case.incident.public_id for case in rows}
