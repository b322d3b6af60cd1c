"""What people and programs can do with incidents. Pages, API and commands call these and nothing below."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from incidents.collaboration.conflicts import merged
from incidents.collaboration.models import Notice
from incidents.collaboration.recording import begin_watching, record
from incidents.diagnostics.evidence import EvidenceKind, describe, prefill, recognise
from incidents.diagnostics.evidence.kinds import Prefill
from incidents.diagnostics.intake import IncidentInput
from incidents.evidence_rows import GLANCE, NewEvidence, evidence_of, rows_of
from incidents.finding.indexing import index_evidence
from incidents.language import current_language
from incidents.models import AnalysisRun, EvidenceItem, IdempotencyKey, Incident, IncidentChange, Language
from incidents.runs import run_log, tasks, wakeups
from incidents.texts import storable_text
from incidents.turns import in_turn

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Clock = Callable[[], datetime]
Kind = IncidentChange.Kind


class NothingToAnalyse(ValueError):
    """Neither a description nor a single text was handed in."""


class AnalysisAlreadyRunning(RuntimeError):
    """The incident has a run that is not finished; `run` is that one."""

    def __init__(self, run: AnalysisRun) -> None:
        super().__init__(f"run {run.pk} is not finished")
        self.run = run


# --- Intake ----------------------------------------------------------------------------------------------------


def create_incident(*, intake: IncidentInput, reporter: User | None, language: str, title: str = "") -> Incident:
    """Keep an intake as an incident and its evidence. Raise NothingToAnalyse for an empty one."""
    arrival = Arrival.of(intake)
    with in_turn(), transaction.atomic():
        return _keep(arrival, reporter=reporter, language=language, title=title)


@dataclass(frozen=True)
class Arrival:
    """An intake that has been read. Reading takes tens of milliseconds, in which no transaction should be open."""

    intake: IncidentInput
    new: list[NewEvidence]
    guessed: Prefill

    @classmethod
    def of(cls, intake: IncidentInput) -> Arrival:
        """Raise NothingToAnalyse for an empty one."""
        new = [item for item in evidence_of(intake) if item.text.strip()]
        if not new and not intake.description.strip():
            raise NothingToAnalyse
        return cls(intake, new, prefill(recognise(_glance(new))))


def _keep(arrival: Arrival, *, reporter: User | None, language: str, title: str) -> Incident:
    intake, new, guessed = arrival.intake, arrival.new, arrival.guessed
    timestamp = intake.timestamp.strip() or guessed.timestamp
    incident = Incident.objects.create(
        title=_title(title, intake, new),
        description=storable_text(intake.description.strip()),
        timestamp=storable_text(timestamp)[:64],
        occurred_at=_moment(timestamp),
        redis_version=storable_text(intake.redis_version.strip() or guessed.redis_version)[:40],
        deployment_type=storable_text(intake.deployment_type.strip() or guessed.deployment_type)[:40],
        language=language,
        reporter=reporter,
    )
    EvidenceItem.objects.bulk_create(rows_of(new, incident=incident, first=1, added_by=reporter))
    index_evidence(incident)
    if reporter is not None:
        begin_watching(incident.pk, [reporter.pk])
    _note(incident, reporter, Kind.REPORTED)
    return incident


@transaction.atomic
def add_evidence(*, incident: Incident, intake: IncidentInput, actor: User | None) -> list[EvidenceItem]:
    """Add texts to an incident. Raise NothingToAnalyse when there is none."""
    new = [item for item in evidence_of(intake) if item.text.strip()]
    if not new:
        raise NothingToAnalyse
    locked = _locked(incident)  # two people may add at once
    last = locked.evidence.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    rows = EvidenceItem.objects.bulk_create(rows_of(new, incident=locked, first=last + 1, added_by=actor))
    index_evidence(locked)
    names = ", ".join(row.name or row.kind or row.origin for row in rows)
    _note(locked, actor, Kind.EVIDENCE_ADDED, after=names, detail={"numbers": [row.sequence for row in rows][:50]})
    return rows


def _glance(new: list[NewEvidence]) -> str:
    share = GLANCE // max(len(new), 1)
    return "\n".join(item.text[:share] for item in new if not item.is_json)


def _title(title: str, intake: IncidentInput, new: list[NewEvidence]) -> str:
    first_lines = [title, intake.description, *(item.name for item in new), *(item.text for item in new)]
    if not (title or intake.description).strip() and len(new) > 1 and new[0].origin == EvidenceItem.Origin.FILE:
        return storable_text(_("%(name)s and %(rest)d more") % {"name": new[0].name[:80], "rest": len(new) - 1})
    if not (title or intake.description).strip() and new and not new[0].name and (kinds := _captured(new[0])):
        return kinds
    for text in first_lines:
        line = next((line.strip() for line in text[:2000].splitlines() if line.strip()), "")
        if line:
            return storable_text(line if len(line) <= 120 else line[:119] + "…")
    return _("Incident")


def _captured(item: NewEvidence) -> str:
    """What a pasted capture is. Empty for words, whose first line says more."""
    kinds = [row.kind for row in describe(recognise(item.text[:GLANCE]))]
    if not kinds or {EvidenceKind.PROSE, EvidenceKind.CLIENT_ERRORS, EvidenceKind.SERVER_LOG} & {kinds[0]}:
        return ""
    return ", ".join(dict.fromkeys(kind.label.say(current_language()) for kind in kinds))[:120]


def _moment(timestamp: str) -> datetime | None:
    """The time for sorting. None when the text is no time; the words themselves are kept beside it."""
    try:
        moment = parse_datetime(timestamp.strip())
    except ValueError:
        return None
    if moment is None:
        return None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


class KeyReused(ValueError):
    """An idempotency key came with a request that differs from its first one."""


def analyse_once(
    *, intake: IncidentInput, reporter: User, language: str, title: str = "", key: str = "", request_hash: str = ""
) -> AnalysisRun:
    """Create an incident and queue its analysis; for a key that was used before, return that one's run.

    Raise NothingToAnalyse, or KeyReused when the same key comes with another request.
    """
    arrival = Arrival.of(intake)
    try:
        with in_turn(), transaction.atomic():
            earlier = _earlier(reporter, key, request_hash)
            if earlier is not None:
                return earlier
            incident = _keep(arrival, reporter=reporter, language=language, title=title)
            run = start_analysis(incident=incident, actor=reporter)
            if key:
                IdempotencyKey.objects.create(user=reporter, key=key, request_hash=request_hash, run=run)
            return run
    except IntegrityError:  # the same key at the same moment: the other request was first
        earlier = _earlier(reporter, key, request_hash)
        if earlier is None:
            raise
        return earlier


def _earlier(user: User, key: str, request_hash: str) -> AnalysisRun | None:
    known = IdempotencyKey.objects.filter(user=user, key=key).select_related("run__incident").first() if key else None
    if known is not None and known.request_hash != request_hash:
        raise KeyReused
    return known.run if known else None


# --- Analysis --------------------------------------------------------------------------------------------------


def start_analysis(*, incident: Incident, actor: User | None, language: str = "") -> AnalysisRun:
    """Queue a run over all evidence there is. Raise AnalysisAlreadyRunning with the run that is under way."""
    language = language if language in Language.values else incident.language
    try:
        with transaction.atomic():
            until = incident.evidence.order_by("-sequence").values_list("sequence", flat=True).first() or 0
            run = AnalysisRun.objects.create(
                incident=incident, language=language, evidence_until=until, requested_by=actor
            )
            _note(incident, actor, Kind.ANALYSIS_STARTED, run=run)
    except IntegrityError:
        active = incident.runs.active().first()
        if active is None:  # it ended in between: then there is room for ours
            return start_analysis(incident=incident, actor=actor, language=language)
        raise AnalysisAlreadyRunning(active) from None
    transaction.on_commit(tasks.wake)
    return run


def cancel_run(*, run: AnalysisRun, actor: User | None, clock: Clock = timezone.now) -> bool:
    """End a run at once; whoever works on it notices at its next event. Return False if it had ended already."""
    with transaction.atomic():
        cancelled = run_log.finish(run.pk, status=AnalysisRun.Status.CANCELLED, at=clock())
        if cancelled:
            _note(run.incident, actor, Kind.ANALYSIS_CANCELLED, run=run)
    return cancelled


def wait_for(run: AnalysisRun, *, seconds: float) -> AnalysisRun:
    """Wait until a run has ended, or for that long, and return it as it is then."""
    deadline = time.monotonic() + seconds
    run.refresh_from_db()
    while run.is_active and time.monotonic() < deadline:
        wakeups.wait(seconds=min(0.2, max(deadline - time.monotonic(), 0.01)))
        run.refresh_from_db()
    return run


# --- People's changes ------------------------------------------------------------------------------------------


@transaction.atomic
def change_status(
    *, incident: Incident, status: str, actor: User | None, resolution: str = "", diagnosis_right: str = "",
    clock: Clock = timezone.now,
) -> Incident:  # fmt: skip
    """Move an incident on. Resolving keeps what fixed it; reopening keeps that text, for it may still be right."""
    incident = _locked(incident)
    wanted = {"status": str(Incident.Status(status))}
    if status == Incident.Status.RESOLVED:
        answers = {"resolution": storable_text(resolution.strip()), "diagnosis_right": diagnosis_right}
        wanted |= {name: answer for name, answer in answers.items() if answer}
    changed = merged(incident, wanted, seen=None)
    before = {name: getattr(incident, name) for name in changed}
    for name, value in changed.items():
        setattr(incident, name, value)
    is_resolved = incident.status == Incident.Status.RESOLVED
    incident.resolved_at = (incident.resolved_at or clock()) if is_resolved else None
    incident.save()
    for name, value in changed.items():
        kind = Kind.STATUS if name == "status" else Kind.RESOLUTION
        _note(incident, actor, kind, field=name, before=before[name], after=value)
    return incident


def unless_touched(
    *, incident: Incident, seen: int, status: str, resolution: str, diagnosis_right: str
) -> dict[str, str]:  # fmt: skip
    """What a status form made from version `seen` still wants: what only others touched stays as they left it.

    To be called in the transaction that saves it. Raise EditConflict when somebody else has changed the same since.
    """
    incident = _locked(incident)
    wanted = {"status": status, "resolution": resolution.strip(), "diagnosis_right": diagnosis_right}
    changed = merged(incident, {name: value for name, value in wanted.items() if value}, seen=seen)
    return {"status": incident.status, "resolution": "", "diagnosis_right": ""} | changed


@transaction.atomic
def assign(*, incident: Incident, assignee: User | None, actor: User | None) -> Incident:
    """Give an incident to somebody, who then watches it, or to nobody."""
    incident = _locked(incident)
    before, incident.assignee = incident.assignee, assignee
    incident.save(update_fields=["assignee", "updated_at"])
    if before == assignee:
        return incident
    concerns = {assignee.pk: Notice.Reason.ASSIGNED.value} if assignee else {}
    begin_watching(incident.pk, concerns)
    _note(
        incident, actor, Kind.ASSIGNEE, field="assignee", before=str(before or ""), after=str(assignee or ""),
        concerns=concerns,
    )  # fmt: skip
    return incident


@transaction.atomic
def edit_details(*, incident: Incident, actor: User | None, seen: int | None = None, **details: str) -> Incident:
    """Change title, description, version or deployment; unknown names are a programming error.

    `seen` is the version that the editor started from. Raise EditConflict when somebody else changed the same since.
    """
    incident = _locked(incident)
    changed = merged(incident, {name: storable_text(value) for name, value in details.items()}, seen=seen)
    before = {name: getattr(incident, name) for name in changed}
    for name, value in changed.items():
        setattr(incident, name, value)
    if changed:
        incident.save(update_fields=[*changed, "updated_at"])
    for name, value in changed.items():
        _note(incident, actor, Kind.DETAILS, field=name, before=before[name], after=value)
    return incident


def _locked(incident: Incident) -> Incident:
    return Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)


def _note(incident: Incident, actor: User | None, kind: str, **what: Any) -> IncidentChange:
    return record(incident_id=incident.pk, actor=actor, kind=kind, **what)
