"""Close an incident and reopen it; follow-up tasks; feedback on reports. Pages, API and commands call these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from incidents import services
from incidents.analysis.report import AnalysisResult, from_json
from incidents.closing import cases
from incidents.closing.models import Closing, FollowUp, ReportFeedback
from incidents.diagnostics.causes.hypotheses import all_hypotheses
from incidents.models import AnalysisRun, Category, Incident
from incidents.texts import storable_text
from knowledge_base.feedback import services as document_feedback

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Clock = Callable[[], datetime]
Right = Incident.DiagnosisRight


@dataclass(frozen=True, slots=True)
class Task:
    """A follow-up to be noted down."""

    text: str
    owner: Any = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person says when an incident ends. Everything may be left open."""

    resolution: str = ""
    verified: str = ""
    prevention: str = ""
    diagnosis_right: str = ""
    actual_category: str = ""
    actual_cause: str = ""
    actual_words: str = ""
    tasks: Sequence[Task] = ()


KEPT = (
    "resolution", "verified", "prevention", "diagnosis_right", "actual_category", "actual_cause", "actual_words",
)  # fmt: skip


class NothingWrongToName(ValueError):
    """Another cause was named for a diagnosis that was right, or an unknown one."""


class NotResolved(ValueError):
    """Only a resolved incident can be reopened."""


@transaction.atomic
def close_incident(
    *, incident: Incident, answers: Answers, actor: User | None, clock: Clock = timezone.now
) -> Closing:  # fmt: skip
    """Resolve an incident, keep what was said, count it for calibration and draft its case.

    On one that is resolved already it completes the closing. Raises NothingWrongToName.
    """
    answers = _settled(answers)
    if incident.status != Incident.Status.RESOLVED:  # reopened by its status alone
        note_reopening(incident=incident, reason="", actor=actor, clock=clock)
    incident = services.change_status(
        incident=incident, status=Incident.Status.RESOLVED, actor=actor, resolution=answers.resolution,
        diagnosis_right=answers.diagnosis_right, clock=clock,
    )  # fmt: skip
    closing = incident.closings.filter(reopened_at__isnull=True).first()
    if closing is None:
        closing = Closing(incident=incident, closed_by=actor, closed_at=clock(), **_what_was_said(incident))
    for name in ("verified", "prevention", "actual_category", "actual_cause", "actual_words"):
        setattr(closing, name, storable_text(getattr(answers, name).strip()))
    closing.resolution, closing.diagnosis_right = incident.resolution, incident.diagnosis_right
    closing.save()
    add_follow_ups(incident=incident, tasks=answers.tasks, actor=actor)
    cases.draft_case(closing=closing, actor=actor, clock=clock)
    return closing


@transaction.atomic
def set_status(
    *, incident: Incident, status: str, actor: User | None, resolution: str = "", diagnosis_right: str = "",
    seen: int | None = None, clock: Clock = timezone.now,
) -> Incident:  # fmt: skip
    """Move an incident on with what a menu or a program knows; resolving is a closing, leaving it a reopening.

    `seen` is the version that the form was made from. Raises EditConflict when somebody else changed the same since.
    """
    if seen is not None:
        wanted = services.unless_touched(
            incident=incident, seen=seen, status=status, resolution=resolution, diagnosis_right=diagnosis_right
        )
        status, resolution, diagnosis_right = wanted["status"], wanted["resolution"], wanted["diagnosis_right"]
        incident.refresh_from_db()
    if status == Incident.Status.RESOLVED:
        standing = standing_closing(incident)
        answers = Answers(resolution=resolution, diagnosis_right=diagnosis_right or incident.diagnosis_right)
        kept = replace(_answers_of(standing), **_said(answers)) if standing else answers
        return close_incident(incident=incident, answers=kept, actor=actor, clock=clock).incident
    if incident.status == Incident.Status.RESOLVED:
        return reopen_incident(incident=incident, reason="", actor=actor, status=status, clock=clock)
    return services.change_status(
        incident=incident, status=status, actor=actor, resolution=resolution, diagnosis_right=diagnosis_right,
        clock=clock,
    )  # fmt: skip


def _answers_of(closing: Closing) -> Answers:
    return Answers(**{name: getattr(closing, name) for name in KEPT})


def _said(answers: Answers) -> dict[str, Any]:
    return {name: value for name in KEPT if (value := getattr(answers, name))}


def _settled(answers: Answers) -> Answers:
    """The category of a known cause is the catalogue's."""
    if answers.diagnosis_right == Right.YES and answers.actual_words:
        raise NothingWrongToName
    if not answers.actual_cause:
        if answers.actual_category and answers.actual_category not in Category.values:
            raise NothingWrongToName
        return answers
    hypothesis = all_hypotheses().get(answers.actual_cause)
    if hypothesis is None or answers.diagnosis_right == Right.YES:
        raise NothingWrongToName
    return replace(answers, actual_category=hypothesis.category.value)


def _what_was_said(incident: Incident) -> dict[str, Any]:
    """The newest report's verdict, with its confidence as it was before history lowered it."""
    run = incident.runs.filter(result__isnull=False).order_by("-id").first()
    if run is None:
        return {}
    report = from_json(run.result)
    history = report.facts.get("confidence_history") or {}
    return {
        "run": run, "said_category": report.category, "said_cause": root_of(report), "analyst": run.analyst,
        "said_confidence": history.get("before", report.confidence_score),
        "shown_confidence": report.confidence_score,
    }  # fmt: skip


def root_of(report: AnalysisResult) -> str:
    """The id of the cause that a report names. Empty when it names none."""
    return next((one.id for one in report.hypotheses if one.is_root_cause), "")


@transaction.atomic
def reopen_incident(
    *, incident: Incident, reason: str, actor: User | None, status: str = Incident.Status.INVESTIGATING,
    clock: Clock = timezone.now,
) -> Incident:  # fmt: skip
    """Take a closing back. It stays readable, and no longer counts for calibration. Raises NotResolved."""
    if incident.status != Incident.Status.RESOLVED:
        raise NotResolved
    incident = services.change_status(incident=incident, status=status, actor=actor, clock=clock)
    note_reopening(incident=incident, reason=reason, actor=actor, clock=clock)
    return incident


def note_reopening(*, incident: Incident, reason: str, actor: User | None, clock: Clock = timezone.now) -> None:
    """End the standing closing of an incident that is open again."""
    incident.closings.filter(reopened_at__isnull=True).update(
        reopened_at=clock(), reopened_by=actor, reopen_reason=storable_text(reason.strip())[:500]
    )


def standing_closing(incident: Incident) -> Closing | None:
    """The closing in force. None for an open incident, and for one that was resolved without a form."""
    if incident.status != Incident.Status.RESOLVED:
        return None
    return incident.closings.filter(reopened_at__isnull=True).select_related("closed_by", "run").first()


# --- Follow-up tasks ---------------------------------------------------------------------------------------------


def add_follow_ups(*, incident: Incident, tasks: Sequence[Task], actor: User | None) -> list[FollowUp]:
    """Note tasks down. One that stands there open already is not noted twice."""
    open_ones = set(incident.follow_ups.filter(done_at__isnull=True).values_list("text", flat=True))
    texts = [(storable_text(" ".join(task.text.split()))[:500], task) for task in tasks]
    new: dict[str, Task] = {}
    for text, task in texts:
        if text and text not in open_ones:
            new.setdefault(text, task)
    return FollowUp.objects.bulk_create(
        FollowUp(incident=incident, text=text, owner=task.owner, due=task.due, created_by=actor)
        for text, task in new.items()
    )


def tick_follow_up(*, follow_up: FollowUp, done: bool, actor: User | None, clock: Clock = timezone.now) -> FollowUp:
    """Mark a task as done, or as open again."""
    follow_up.done_at, follow_up.done_by = (clock(), actor) if done else (None, None)
    follow_up.save(update_fields=["done_at", "done_by"])
    return follow_up


# --- Feedback on a report ----------------------------------------------------------------------------------------


@transaction.atomic
def judge_report(
    *, run: AnalysisRun, user: User, verdict: str, why: str = "", clock: Clock = timezone.now
) -> ReportFeedback:
    """Say that a report helped or is wrong. Its documents get a little of that. Raises NoReasonGiven."""
    why = storable_text(" ".join(why.split()))[:500]
    if ReportFeedback.Verdict(verdict) is ReportFeedback.Verdict.WRONG and not why:
        raise document_feedback.NoReasonGiven
    given, _created = ReportFeedback.objects.update_or_create(
        run=run, user=user,
        defaults={"verdict": verdict, "why": why, "given_at": clock(), "withdrawn_at": None},
    )  # fmt: skip
    document_feedback.pass_on(
        document_ids=cited_by(run), user=user, verdict=verdict, why=why, occasion=run.incident.public_id, clock=clock
    )
    return given


@transaction.atomic
def withdraw_judgement(*, run: AnalysisRun, user: User, clock: Clock = timezone.now) -> bool:
    """Take one's own words about a report back, with what they had passed on. Return False if there were none."""
    own = ReportFeedback.objects.filter(run=run, user=user, withdrawn_at__isnull=True)
    document_feedback.withdraw_passed_on(user=user, occasion=run.incident.public_id, clock=clock)
    return bool(own.update(withdrawn_at=clock()))


def cited_by(run: AnalysisRun) -> list[str]:
    """The documents that a report cites."""
    result = run.result or {}
    cited = [*(result.get("references") or ()), *(result.get("related_cases") or ())]
    return list(dict.fromkeys(str(item["id"]) for item in cited))
