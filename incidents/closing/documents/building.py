"""Build documents about an incident: the report, and the first text of a post-mortem."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

from django.utils import translation
from django.utils.translation import gettext as _

from incidents.analysis.report import AnalysisResult, from_json
from incidents.closing.documents import figures, pieces
from incidents.closing.documents.markup import bullets, light, plain
from incidents.closing.documents.moments import Moment, moments_of
from incidents.closing.documents.shapes import Figure
from incidents.closing.models import Closing, PostMortem
from incidents.models import AnalysisRun, Incident

FOLDER = Path(__file__).parent / "texts"


@dataclass(frozen=True, slots=True)
class Document:
    """Something to be read outside the portal. The body is Markdown; figures stand in it by name."""

    name: str  # of the file, without its ending
    title: str
    language: str
    body: str
    figures: Mapping[str, Figure]


def report_document(incident: Incident, *, language: str) -> Document:
    """The newest report of an incident as a document, in either language."""
    with translation.override(language):
        report = _report_in(_reported_run(incident), language)
        moments = moments_of(incident, report)
        values = _shared(incident, report, moments) | _of_report(incident, report)
        body = _filled("report", language, values)
        drawn = _figures(report, moments)
        return Document(
            f"{incident.public_id}-report-{language}", incident.title, language, _without_missing(body, drawn), drawn
        )


def post_mortem_text(incident: Incident, *, language: str) -> str:
    """The first text of a post-mortem, from everything that is known."""
    with translation.override(language):
        report = _report_in(_reported_run(incident), language)
        moments = moments_of(incident, report)
        values = _shared(incident, report, moments) | _of_post_mortem(incident, report)
        return _without_missing(_filled("post-mortem", language, values), _figures(report, moments))


def post_mortem_document(post_mortem: PostMortem) -> Document:
    """A post-mortem as people have written it, with its figures drawn from what is known now."""
    incident = post_mortem.incident
    with translation.override(post_mortem.language):
        report = _report_in(_reported_run(incident), post_mortem.language)
        return Document(
            f"{incident.public_id}-post-mortem-{post_mortem.language}", incident.title, post_mortem.language,
            post_mortem.body, _figures(report, moments_of(incident, report)),
        )  # fmt: skip


# --- What the documents are made of --------------------------------------------------------------------------------


def _reported_run(incident: Incident) -> AnalysisRun | None:
    return incident.runs.filter(result__isnull=False).order_by("-id").first()


def _report_in(run: AnalysisRun | None, language: str) -> AnalysisResult | None:
    """The report of a run in a language. Another one than it was written in is written by the rules anew."""
    if run is None:
        return None
    stored = from_json(run.result)
    if run.language == language:
        return stored
    from incidents.language_model.conversation_services import material_of  # late: loads the whole analysis

    base = material_of(run, language).base
    return replace(
        base, confidence_score=stored.confidence_score, references=stored.references,
        related_cases=stored.related_cases,
    )  # fmt: skip


def _shared(incident: Incident, report: AnalysisResult | None, moments: list[Moment]) -> dict[str, str]:
    return {
        "title": plain(incident.title),
        "facts": pieces.facts(incident, report),
        "summary": light(report.summary) if report else plain(incident.description),
        "timeline": pieces.timeline(moments),
        "chain": pieces.chain(report) if report else "",
        "prevention": bullets(light(tip) for tip in report.prevention_tips) if report else "",
    }


def _of_report(incident: Incident, report: AnalysisResult | None) -> dict[str, str]:
    if report is None:
        return {"notes": _("This incident has not been analysed.")}
    return {
        "root_cause": light(report.root_cause_analysis),
        "actions": pieces.steps([*report.immediate_actions, *report.detailed_steps]),
        "findings": pieces.findings(report),
        "hypotheses": pieces.hypotheses(report),
        "missing": pieces.steps(report.missing_evidence[:4]),
        "knowledge": pieces.knowledge([*report.references, *report.related_cases]),
        "forecasts": pieces.forecasts(report),
        "closing": pieces.closing(_standing(incident), incident),
        "notes": bullets(light(note) for note in report.notes),
    }


def _of_post_mortem(incident: Incident, report: AnalysisResult | None) -> dict[str, str]:
    standing = _standing(incident)
    causes = pieces.root_causes(report) if report else []
    prevention = [plain(line) for line in (standing.prevention if standing else "").splitlines() if line.strip()]
    prevention += [light(tip) for tip in (report.prevention_tips if report else ())]
    return {
        "root_cause": _what_it_was(standing, report),
        "evidence": pieces.evidence(quote for cause in causes for quote in cause.evidence_for),
        "impact": plain(incident.description) if incident.description != incident.title else "",
        "actions": "\n".join(filter(None, (pieces.done_steps(incident), pieces.closing(standing, incident)))),
        "prevention": bullets(dict.fromkeys(prevention)),
        "follow_ups": pieces.follow_ups(incident.follow_ups.select_related("owner")),
    }


def _standing(incident: Incident) -> Closing | None:
    return incident.closings.filter(reopened_at__isnull=True).first()


def _what_it_was(standing: Closing | None, report: AnalysisResult | None) -> str:
    """The confirmed cause first; the report's own words unless they were wrong."""
    said = "\n\n".join(light(cause.explanation) for cause in pieces.root_causes(report)) if report else ""
    if standing is None or standing.diagnosis_right != Incident.DiagnosisRight.NO:
        true = plain(standing.actual_words) if standing and standing.actual_words else ""
        return "\n\n".join(part for part in (true, said) if part)
    true = plain(standing.actual_words) or pieces.category(standing.actual_category)
    wrong = _("The analysis had taken it for something else:")
    return f"{true}\n\n{wrong} {said}" if said else true


def _figures(report: AnalysisResult | None, moments: list[Moment]) -> dict[str, Figure]:
    samples = (report.facts.get("changes") or []) if report else []
    drawn = [figures.timeline_figure(moments), *(figures.samples_figure(sample) for sample in samples[:1])]
    return {figure.name: figure for figure in drawn if figure is not None}


def _filled(name: str, language: str, values: Mapping[str, str]) -> str:
    """A template with its values; what has no value leaves nothing behind."""
    template = Template((FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8"))
    empty = dict.fromkeys(template.get_identifiers(), "")
    return template.substitute({**empty, **values})


def _without_missing(body: str, drawn: Iterable[str]) -> str:
    """Drop figures that could not be drawn, then headings that nothing stands below."""
    kept = set(drawn)
    lines = [line for line in body.splitlines() if not _is_missing_figure(line, kept)]
    return _without_empty_sections("\n".join(lines))


def _is_missing_figure(line: str, kept: set[str]) -> bool:
    found = re.fullmatch(r"!\[[^\]]*\]\(figure:([a-z-]+)\)", line.strip())
    return bool(found and found[1] not in kept)


def _without_empty_sections(body: str) -> str:
    sections = re.split(r"(?m)^(?=#{1,3} )", body)
    kept: list[str] = []
    for section in reversed(sections):
        head, _line, rest = section.partition("\n")
        level = len(head) - len(head.lstrip("#"))
        below = bool(kept) and kept[-1].startswith("#" * (level + 1) + " ")
        if rest.strip() or below or level < 2:
            kept.append(f"{head}\n\n{rest.strip()}".strip())
    return "\n\n".join(reversed(kept)).strip() + "\n"
