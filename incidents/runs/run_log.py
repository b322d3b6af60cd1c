"""The log of a run: store one event, end the run. Each step is one transaction that checks the lease."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from incidents.analysis.events import EventKind, RunEvent
from incidents.collaboration.recording import Kind, record
from incidents.finding.indexing import index_report
from incidents.models import AnalysisRun, Incident, RunEventRow
from incidents.runs import wakeups
from incidents.texts import storable_json
from incidents.turns import in_turn
from knowledge_base.lifecycle.usage import note_cited

LEASE = timedelta(seconds=20)


class LeaseLost(RuntimeError):
    """The run was cancelled, or another worker has it; nothing more may be written."""


def store(event: RunEvent, *, run_id: int, worker: str, at: datetime) -> RunEventRow:
    """Append one event and renew the lease. Raise LeaseLost if the run is no longer this worker's."""
    payload = storable_json(event.payload)
    with in_turn(), transaction.atomic():
        changes: dict[str, Any] = {"last_sequence": F("last_sequence") + 1, "lease_until": at + LEASE}
        if event.kind is EventKind.REPORT:  # a report stands from now on, whatever happens to the rest
            changes |= {
                "result": payload,
                "analyst": str(payload.get("analyst", ""))[:120],
                "usage": payload.get("usage") or {},
            }
        held = AnalysisRun.objects.filter(pk=run_id, worker=worker, status=AnalysisRun.Status.RUNNING)
        if held.update(**changes) == 0:
            raise LeaseLost(f"run {run_id} is no longer {worker}'s")
        row = _append(run_id, event.kind, payload, at)
        if event.kind is EventKind.REPORT:
            _take_verdict(run_id, payload, at)
            _note_citations(run_id, payload)
        transaction.on_commit(lambda: wakeups.event_stored(run_id))
    return row


def finish(run_id: int, *, status: str, at: datetime, worker: str | None = None, error: str = "") -> bool:
    """End a run and say so in its log. Return False if it had ended, or belongs to another worker."""
    with in_turn(), transaction.atomic():
        active = AnalysisRun.objects.active().filter(pk=run_id)
        if worker is not None:
            active = active.filter(worker=worker)
        ended = active.update(
            status=status, finished_at=at, error=error, lease_until=None, last_sequence=F("last_sequence") + 1
        )
        if ended == 0:
            return False
        _append(run_id, EventKind.DONE, {"status": str(status)}, at)
        if status != AnalysisRun.Status.CANCELLED:  # that was somebody's doing and is told as such
            _tell_end(run_id, status, at)
        transaction.on_commit(lambda: wakeups.event_stored(run_id))
    return True


def release(run_id: int, *, worker: str, at: datetime) -> None:
    """Give the lease back, so that the next worker need not wait for it to lapse."""
    AnalysisRun.objects.filter(pk=run_id, worker=worker, status=AnalysisRun.Status.RUNNING).update(lease_until=at)


def _append(run_id: int, kind: EventKind, payload: Mapping[str, Any], at: datetime) -> RunEventRow:
    sequence = AnalysisRun.objects.values_list("last_sequence", flat=True).get(pk=run_id)
    return RunEventRow.objects.create(run_id=run_id, sequence=sequence, kind=kind.value, payload=payload, at=at)


def _note_citations(run_id: int, report: Mapping[str, Any]) -> None:
    """Tell the knowledge base which of its documents this report cites."""
    listed = [*report.get("references", ()), *report.get("related_cases", ())]
    cited = [str(one["id"]) for one in listed if isinstance(one, Mapping) and one.get("id")]
    if cited:
        incident_id = AnalysisRun.objects.values_list("incident_id", flat=True).get(pk=run_id)
        note_cited(document_ids=cited, run_id=run_id, incident=Incident(pk=incident_id).public_id)


def _tell_end(run_id: int, status: str, at: datetime) -> None:
    run = AnalysisRun.objects.get(pk=run_id)
    detail = _verdict(run.result) if run.result else {}
    record(
        incident_id=run.incident_id, kind=Kind.ANALYSIS_ENDED, actor=None, after=str(status), run=run, detail=detail,
        at=at,
    )  # fmt: skip


def _verdict(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a line about a run says of its report."""
    kept = ("incident_detected", "severity", "category", "confidence_score")
    return {name: report.get(name) for name in kept} | {"summary": str(report.get("summary", ""))[:500]}


def _take_verdict(run_id: int, report: Mapping[str, Any], at: datetime) -> None:
    """Show the newest run's verdict on the incident itself, and tell when it is another one than before."""
    run = AnalysisRun.objects.only("incident_id").get(pk=run_id)
    if AnalysisRun.objects.filter(incident_id=run.incident_id, pk__gt=run_id).exists():
        return
    confidence = report.get("confidence_score")
    severity, category = str(report.get("severity", ""))[:10], str(report.get("category", ""))[:15]
    incident = Incident.objects.only("severity", "category").get(pk=run.incident_id)
    Incident.objects.filter(pk=run.incident_id).update(
        severity=severity,
        category=category,
        summary=str(report.get("summary", "")),
        confidence=min(max(float(confidence), 0.0), 1.0) if isinstance(confidence, int | float) else None,
        updated_at=at,
        diagnosed_at=Coalesce("diagnosed_at", Value(at)),
    )
    index_report(Incident.objects.get(pk=run.incident_id), report)
    if incident.severity and (incident.severity, incident.category) != (severity, category):
        record(
            incident_id=run.incident_id, kind=Kind.VERDICT, actor=None, run=run, at=at, detail=_verdict(report),
            before=f"{incident.severity} {incident.category}", after=f"{severity} {category}",
        )  # fmt: skip
