"""The pieces of a document as Markdown. Whatever comes from evidence or people is quoted, never taken for markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.analysis.report import AnalysisResult, QuotedEvidence, Reference, RelatedCase, ReportedHypothesis, Step
from incidents.closing.documents.figures import clock
from incidents.closing.documents.markup import block, bullets, code, light, plain, table
from incidents.closing.documents.moments import Lane, Moment
from incidents.closing.models import Closing, FollowUp
from incidents.diagnostics.text import duration
from incidents.models import Category, Incident, Severity
from incidents.templatetags.incident_words import deployment_words, is_command, risk_words, state_words

MOST_FINDINGS, MOST_HYPOTHESES, MOST_QUOTES = 20, 6, 8


def facts(incident: Incident, report: AnalysisResult | None) -> str:
    """What an incident is, as a table without a head worth reading."""
    rows = [(_("Incident"), incident.public_id), (_("Status"), str(incident.get_status_display()))]
    if report is not None:
        rows += _verdict(report)
        product = {"redis": "Redis", "valkey": "Valkey"}.get(report.facts.get("product") or "", "")
        server = " ".join(part for part in (product, str(report.facts.get("version") or "")) if part)
        rows += [(_("Server"), server), (_("Deployment"), deployment_words(report.facts.get("deployment") or ""))]
    rows += [
        (_("Happened at"), incident.timestamp),
        (_("Reported"), _by(clock(incident.created_at), incident.reporter)),
        (_("Resolved"), clock(incident.resolved_at) if incident.resolved_at else ""),
        (_("Duration"), _duration(incident)),
        (_("Assignee"), incident.assignee.get_username() if incident.assignee else ""),
    ]
    head, *rest = [(plain(name), plain(value)) for name, value in rows if value]
    return table(head, rest)


def _verdict(report: AnalysisResult) -> list[tuple[str, str]]:
    if not report.incident_detected:
        return [(_("Verdict"), _("No incident found")), (_("Confidence"), f"{report.confidence_score:.0%}")]
    return [
        (_("Severity"), str(Severity(report.severity).label) if report.severity in Severity.values else ""),
        (_("Category"), category(report.category)),
        (_("Confidence"), f"{report.confidence_score:.0%}"),
        (_("Written by"), _("the rules") if report.analyst == "rules" else report.analyst),
    ]


def category(name: str) -> str:
    return str(Category(name).label) if name in Category.values else name


def _by(text: str, person: object) -> str:
    return f"{text} ({person})" if person else text


def _duration(incident: Incident) -> str:
    if incident.resolved_at is None:
        return ""
    began = incident.created_at
    if incident.occurred_at and incident.occurred_at < incident.resolved_at:
        began = incident.occurred_at
    return duration((incident.resolved_at - began).total_seconds())


def timeline(moments: Sequence[Moment]) -> str:
    if not moments:
        return ""
    lanes = {Lane.SERVER: _("Server"), Lane.PEOPLE: _("People"), Lane.ANALYSIS: _("Analyses")}
    rows = [
        (str(number), clock(one.at), plain(one.who or lanes[one.lane]), _told(one))
        for number, one in enumerate(moments, start=1)
    ]
    zone = timezone.get_current_timezone_name()
    return table((_("No."), _("Time (%(zone)s)") % {"zone": zone}, _("Who"), _("What")), rows)


def _told(moment: Moment) -> str:
    return f"{plain(moment.text)}: {code(moment.quote)}" if moment.quote else plain(moment.text)


def evidence(quotes: Iterable[QuotedEvidence]) -> str:
    """Lines of evidence as one block, each once, with its place."""
    lines = dict.fromkeys(f"{_place(quote)}{quote.text}" for quote in quotes)
    return block("\n".join(list(lines)[:MOST_QUOTES])) if lines else ""


def _place(quote: QuotedEvidence) -> str:
    place = " ".join(part for part in (quote.node, quote.source) if part and part != "report")
    if quote.line is not None:
        place += f":{quote.line}"
    return f"[{place.strip()}] " if place.strip(": ") else ""


def chain(report: AnalysisResult) -> str:
    return bullets(f"{plain(link.cause_title)} → {plain(link.effect_title)}" for link in report.causal_chain[:12])


def steps(listed: Sequence[Step]) -> str:
    """Steps with everything that one must know before running them."""
    return "\n\n".join(_step(number, step) for number, step in enumerate(listed, start=1))


def _step(number: int, step: Step) -> str:
    lines = [f"#### {number}\\. {light(step.title)}"]
    if step.command:
        lines.append(block(step.command))
    notes = [
        (_("Risk"), str(risk_words(step.risk)) if step.command else ""), (_("Where"), step.where),
        (_("Warning"), step.warning), (_("Cost"), step.cost), (_("Verify"), step.verify), (_("Undo"), step.undo),
        (_("Expect"), step.expect),
    ]  # fmt: skip
    lines.append(bullets(f"{name}: {_note(text)}" for name, text in notes if text))
    return "\n\n".join(line for line in lines if line)


def _note(text: str) -> str:
    """How to verify or undo may be a command."""
    return code(text) if is_command(text) else light(text)


def findings(report: AnalysisResult) -> str:
    rows = []
    for one in report.findings[:MOST_FINDINGS]:
        quote = code(one.evidence[0].text[:200]) if one.evidence else ""
        severity = str(Severity(one.severity).label) if one.severity in Severity.values else one.severity
        title = f"**{plain(one.title)}** {plain(one.node)}".strip()
        rows.append((severity, str(state_words(one.state)), f"{title}. {light(one.summary)}", quote))
    more = len(report.findings) - MOST_FINDINGS
    said = table((_("Severity"), _("State"), _("Finding"), _("Evidence")), rows) if rows else ""
    return said + (f"\n\n{_('and %(count)d more') % {'count': more}}" if more > 0 else "")


def hypotheses(report: AnalysisResult) -> str:
    rows = [
        (
            f"**{plain(one.title)}**" + (f" ({_('root cause')})" if one.is_root_cause else ""),
            f"{one.confidence:.0%}", _some(one.evidence_for), _some(one.evidence_against),
        )
        for one in report.hypotheses[:MOST_HYPOTHESES]
    ]  # fmt: skip
    return table((_("Hypothesis"), _("Confidence"), _("For"), _("Against")), rows) if rows else ""


def _some(quotes: Sequence[QuotedEvidence]) -> str:
    return "; ".join(code(quote.text[:120]) for quote in quotes[:2]) or "–"


def knowledge(cited: Iterable[Reference | RelatedCase]) -> str:
    return bullets(f"{plain(one.title)} ({code(one.id)}, {one.score:.0%})" for one in cited)


def forecasts(report: AnalysisResult) -> str:
    return bullets(light(f"{one.limit}: {one.basis}") for one in report.forecasts)


def root_causes(report: AnalysisResult) -> list[ReportedHypothesis]:
    return [one for one in report.hypotheses if one.is_root_cause]


def closing(record: Closing | None, incident: Incident) -> str:
    """What was said when the incident was closed."""
    if incident.status != Incident.Status.RESOLVED or not (incident.resolution or record):
        return ""
    lines = [f"{_('What fixed it')}: {plain(incident.resolution)}"] if incident.resolution else []
    if record is not None and record.verified:
        lines.append(f"{_('How it was verified')}: {plain(record.verified)}")
    if incident.diagnosis_right:
        lines.append(f"{_('Was the diagnosis right?')} {incident.get_diagnosis_right_display()}")
    if record is not None and (record.actual_words or record.actual_cause):
        lines.append(f"{_('What it was')}: {plain(record.actual_words or record.actual_cause)}")
    return bullets(lines)


def done_steps(incident: Incident) -> str:
    """The steps of the plan that people ticked, in the order in which they did them."""
    ticks = incident.ticks.select_related("done_by").order_by("done_at", "id")
    return bullets(
        f"{clock(tick.done_at)} {tick.done_by.get_username() if tick.done_by else '–'}: {light(tick.title)}"
        for tick in ticks
    )


def follow_ups(tasks: Iterable[FollowUp]) -> str:
    rows = [
        (
            _("Done") if task.done_at else _("Not done yet"), plain(task.text),
            task.owner.get_username() if task.owner else "–", f"{task.due:%Y-%m-%d}" if task.due else "–",
        )
        for task in tasks
    ]  # fmt: skip
    return table((_("State"), _("Task"), _("Owner"), _("Due")), rows) if rows else ""
