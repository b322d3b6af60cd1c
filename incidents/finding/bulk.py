"""One change to many incidents, through the same services as a single one, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from incidents import services
from incidents.closing import services as closing_services
from incidents.collaboration import services as collaboration
from incidents.collaboration.queries import is_watching
from incidents.finding.models import BulkChange
from incidents.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST = 100  # incidents in one change
UNDO_WITHIN = timedelta(minutes=30)
Kind = BulkChange.Kind


class NothingToUndo(ValueError):
    """The change was taken back already, or too long ago."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """What is to be done: `status` with a status, `assignee` with a user or None, `watch` with yes or no."""

    kind: BulkChange.Kind
    status: str = ""
    assignee: User | None = None
    watch: bool = True
    resolution: str = ""


@transaction.atomic
def change_many(*, incidents: Sequence[Incident], bulk: Bulk, actor: User) -> BulkChange:
    """Change those incidents that are not so already. The row that comes back tells which, for undoing."""
    before: dict[str, str | int | bool | None] = {}
    for incident in incidents[:MOST]:
        was = _state(incident, bulk.kind, actor)
        if was != _wanted(bulk):
            before[str(incident.pk)] = was
            _change(incident, bulk, actor)
    return BulkChange.objects.create(actor=actor, kind=bulk.kind, before=before, after=str(_wanted(bulk) or ""))


@transaction.atomic
def undo(*, change: BulkChange, actor: User) -> int:
    """Put back what stood before, except where somebody has changed it since. Return how many were put back."""
    now = timezone.now()
    fresh = BulkChange.objects.filter(pk=change.pk, actor=actor, undone_at=None, at__gte=now - UNDO_WITHIN)
    if fresh.update(undone_at=now) == 0:
        raise NothingToUndo
    count = 0
    for incident in Incident.objects.filter(pk__in=list(change.before)).select_related("assignee"):
        if str(_state(incident, change.kind, actor) or "") == change.after:
            _put_back(incident, change, actor)
            count += 1
    return count


def last_change(actor: User) -> BulkChange | None:
    """The newest change of somebody that can still be taken back."""
    recent = BulkChange.objects.filter(actor=actor, at__gte=timezone.now() - UNDO_WITHIN).first()
    return recent if recent and recent.undone_at is None and recent.before else None


def _state(incident: Incident, kind: str, actor: User) -> str | int | bool | None:
    if kind == Kind.STATUS:
        return incident.status
    return incident.assignee_id if kind == Kind.ASSIGNEE else is_watching(actor, incident)


def _wanted(bulk: Bulk) -> str | int | bool | None:
    if bulk.kind == Kind.STATUS:
        return bulk.status
    if bulk.kind == Kind.ASSIGNEE:
        return bulk.assignee.pk if bulk.assignee else None
    return bulk.watch


def _change(incident: Incident, bulk: Bulk, actor: User) -> None:
    work: dict[str, Callable[[], object]] = {
        Kind.STATUS: lambda: closing_services.set_status(
            incident=incident, status=bulk.status, actor=actor, resolution=bulk.resolution
        ),
        Kind.ASSIGNEE: lambda: services.assign(incident=incident, assignee=bulk.assignee, actor=actor),
        Kind.WATCH: lambda: collaboration.watch(incident=incident, user=actor, is_on=bulk.watch),
    }
    work[bulk.kind]()


def _put_back(incident: Incident, change: BulkChange, actor: User) -> None:
    from django.contrib.auth.models import User

    was = change.before[str(incident.pk)]
    assignee = User.objects.filter(pk=was).first() if change.kind == Kind.ASSIGNEE and was else None
    bulk = Bulk(Kind(change.kind), status=str(was or ""), assignee=assignee, watch=bool(was))
    _change(incident, bulk, actor)
