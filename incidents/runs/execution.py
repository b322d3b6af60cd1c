"""Execute a run: claim it, store each event before it is shown, leave a final state whatever happens."""

from __future__ import annotations

import json
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Protocol

from django.utils import timezone, translation
from django.utils.translation import gettext, gettext_noop

from incidents.analysis.events import EventKind, RunEvent
from incidents.diagnostics.intake import IncidentInput
from incidents.evidence_rows import intake_of
from incidents.models import AnalysisRun, RunEventRow
from incidents.runs import run_log
from incidents.runs.run_log import LEASE, LeaseLost
from incidents.texts import storable_json

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3  # a run that took its process down three times will do it a fourth time
Clock = Callable[[], datetime]
Status = AnalysisRun.Status
MESSAGES = {
    "cut_off": gettext_noop("The portal was restarted during the explanation; the report above stands."),
    "restarted": gettext_noop("The portal was restarted; the analysis goes on."),
    "incomplete": gettext_noop("The explanation ended early; the report above stands."),
    "internal_error": gettext_noop("The analysis stopped because of an internal error; the server's log has details."),
}


class Analyse(Protocol):
    """What turns an intake into events; `incidents.analysis.pipeline.analyze` unless a test brings its own."""

    def __call__(self, intake: IncidentInput, *, incident_id: str, language: str) -> Iterator[RunEvent]: ...


class NoReport(RuntimeError):
    """The analysis ended without a report."""


def execute_run(
    *, run: AnalysisRun, worker: str, analyse: Analyse | None = None, clock: Clock = timezone.now
) -> Iterator[RunEventRow]:
    """Execute a waiting run and yield its rows as they are stored. Yield nothing if another worker has claimed it."""
    # The lease is one execution's, not the process': a thread that hangs must not write into its successor's work.
    lease = f"{worker}:{secrets.token_hex(4)}"
    if not run.claim(worker=lease, at=clock(), until=clock() + LEASE):
        return
    log = _Log(run, lease, clock)
    try:
        yield from _resume(run, log) if run.attempts > 1 else ()
        if run.result is None:
            yield from _analysis(run, log, analyse or _pipeline())
        log.finish(Status.SUCCEEDED)
    except LeaseLost:
        logger.info("run %s was taken from %s", run.pk, lease)
    except GeneratorExit:
        run_log.release(run.pk, worker=lease, at=clock())
        raise
    except Exception:  # isolation point: one broken run must not take the worker down
        logger.exception("run %s failed", run.pk)
        log.fail()


def _pipeline() -> Analyse:
    from incidents.runs.wiring import analyse  # late: loads parsers, rules and the retrieval

    return analyse


def _resume(run: AnalysisRun, log: _Log) -> Iterator[RunEventRow]:
    """Take up what a stopped process left. With a report there is nothing to repeat; without one it starts over."""
    if run.result is not None:
        yield log.notice("cut_off")
        return
    if run.attempts > MOST_ATTEMPTS:
        raise NoReport(f"run {run.pk} was started {run.attempts} times and never reached a report")
    log.skip_what_is_stored()
    yield log.notice("restarted")


def _analysis(run: AnalysisRun, log: _Log, analyse: Analyse) -> Iterator[RunEventRow]:
    intake = intake_of(run.incident, until=run.evidence_until)
    has_report = False
    for event in analyse(intake, incident_id=run.incident.public_id, language=run.language):
        if event.is_last:
            break
        has_report = has_report or event.kind is EventKind.REPORT
        row = log.store(event)
        if row is not None:
            yield row
    if not has_report:
        raise NoReport(f"the analysis of run {run.pk} ended without a report")


class _Log:
    """The run's log in the hand of its worker."""

    def __init__(self, run: AnalysisRun, lease: str, clock: Clock) -> None:
        self.run_id, self.language, self.lease, self.clock = run.pk, run.language, lease, clock
        self.stored: Counter[str] = Counter()

    def store(self, event: RunEvent) -> RunEventRow | None:
        """Store an event. None for one that an earlier attempt has stored, so that nobody sees it twice."""
        key = _key(event.kind, storable_json(event.payload))
        if self.stored[key] > 0:
            self.stored[key] -= 1
            return None
        return run_log.store(event, run_id=self.run_id, worker=self.lease, at=self.clock())

    def notice(self, code: str) -> RunEventRow:
        event = RunEvent(EventKind.NOTICE, {"code": code, "message": self._say(code)})
        return run_log.store(event, run_id=self.run_id, worker=self.lease, at=self.clock())

    def skip_what_is_stored(self) -> None:
        rows = RunEventRow.objects.filter(run_id=self.run_id).values_list("kind", "payload")
        self.stored = Counter(_key(kind, payload) for kind, payload in rows)

    def finish(self, status: str, error: str = "") -> None:
        run_log.finish(self.run_id, status=status, at=self.clock(), worker=self.lease, error=error)

    def fail(self) -> None:
        """End as failed, or, when a report was stored before, as a success whose explanation is incomplete."""
        has_report = AnalysisRun.objects.filter(pk=self.run_id, result__isnull=False).exists()
        try:
            if has_report:
                self.notice("incomplete")
                self.finish(Status.SUCCEEDED)
                return
            message = self._say("internal_error")
            self.store(RunEvent(EventKind.FAILED, {"message": message}))
            self.finish(Status.FAILED, error=message)
        except LeaseLost:
            logger.info("run %s was taken from %s", self.run_id, self.lease)

    def _say(self, code: str) -> str:
        with translation.override(self.language):
            return gettext(MESSAGES[code])


def _key(kind: str, payload: Any) -> str:
    return f"{kind} {json.dumps(payload, sort_keys=True, ensure_ascii=False)}"
