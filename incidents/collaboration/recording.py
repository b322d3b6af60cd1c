"""Record that something happened to an incident: one row, the notices that follow, and a word to the viewers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from incidents.collaboration.models import Comment, Notice, Watch
from incidents.models import AnalysisRun, Incident, IncidentChange
from incidents.runs import wakeups

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Kind = IncidentChange.Kind
Reason = Notice.Reason

LONGEST = 20_000  # characters of a text before or after a change; descriptions may be longer
# What watchers hear of. Edits, ticks and their own doings would only bury it.
TELLING = frozenset({Kind.COMMENTED, Kind.STATUS, Kind.ASSIGNEE, Kind.EVIDENCE_ADDED, Kind.VERDICT, Kind.RESOLUTION})


def record(
    *, incident_id: int, kind: str, actor: User | None, before: str = "", after: str = "", field: str = "",
    detail: Mapping[str, Any] | None = None, comment: Comment | None = None, run: AnalysisRun | None = None,
    concerns: Mapping[int, str] | None = None, at: datetime | None = None,
) -> IncidentChange:  # fmt: skip
    """Append to what happened to an incident. `concerns` names users with a better reason than that they watch.

    To be called inside the transaction that makes the change.
    """
    # Readers go by ids: without the lock a lower id could be committed after a higher one was read. `no_key`, for the
    # foreign keys of our own insertions hold the row already.
    list(Incident.objects.select_for_update(no_key=True).filter(pk=incident_id).values_list("pk"))
    change = IncidentChange.objects.create(
        incident_id=incident_id, kind=kind, actor=actor, field=field, before=before[:LONGEST], after=after[:LONGEST],
        detail=dict(detail or {}), comment=comment, run=run, at=at or timezone.now(),
    )  # fmt: skip
    _tell(change, concerns or {})
    transaction.on_commit(lambda: wakeups.incident_changed(incident_id))
    return change


def _tell(change: IncidentChange, concerns: Mapping[int, str]) -> None:
    """Leave a notice for everybody whom a change concerns. Whoever made it knows already."""
    reasons: dict[int, str] = {}
    if change.kind in TELLING:
        reasons = dict.fromkeys(watcher_ids(change.incident_id), Reason.WATCHING.value)
    reasons |= concerns
    reasons.pop(change.actor_id or 0, None)
    Notice.objects.bulk_create(
        Notice(user_id=user_id, incident_id=change.incident_id, change=change, reason=reason)
        for user_id, reason in reasons.items()
    )


# --- Watching, which follows from what people do --------------------------------------------------------------


def watcher_ids(incident_id: int) -> list[int]:
    return list(Watch.objects.filter(incident_id=incident_id, is_on=True).values_list("user_id", flat=True))


def begin_watching(incident_id: int, user_ids: Iterable[int]) -> None:
    """Have people watch what they take part in, but nobody who has said that they do not want to."""
    Watch.objects.bulk_create(
        [Watch(incident_id=incident_id, user_id=user_id) for user_id in user_ids], ignore_conflicts=True
    )
