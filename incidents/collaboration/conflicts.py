"""Two people edit the same thing: find out from the history, and give the second one both versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from incidents.models import Incident, IncidentChange

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that somebody else changed since this editor was opened, and that is to be changed again."""

    field: str
    seen: str  # what the editor started from
    theirs: str  # what stands now
    mine: str  # what was about to be saved
    by: User | None
    at: datetime


class EditConflict(RuntimeError):
    """Nothing was saved; each conflict holds both versions."""

    def __init__(self, conflicts: list[Conflict]) -> None:
        super().__init__(", ".join(conflict.field for conflict in conflicts))
        self.conflicts = conflicts


def version_of(incident: Incident) -> int:
    """What an editor keeps to be told of later changes: the id of the newest one."""
    return incident.changes.order_by("-id").values_list("pk", flat=True).first() or 0


def merged(incident: Incident, wanted: Mapping[str, str], *, seen: int | None) -> dict[str, str]:
    """What is to be saved of an edit that began at version `seen`; None asks for no check.

    A field that only others touched keeps their value. Raise EditConflict when both did, differently.
    """
    changed = {name: value for name, value in wanted.items() if str(getattr(incident, name) or "") != value}
    if seen is None or not changed:
        return changed
    later = IncidentChange.objects.filter(incident=incident, pk__gt=seen, field__in=changed)
    rows: dict[str, list[IncidentChange]] = {}
    for row in later.select_related("actor").order_by("pk"):
        rows.setdefault(row.field, []).append(row)
    conflicts = []
    for name, theirs in rows.items():
        began_with = theirs[0].before
        if changed[name] == began_with:  # untouched by this editor
            del changed[name]
        else:
            now = str(getattr(incident, name) or "")
            last = theirs[-1]
            conflicts.append(Conflict(name, began_with, now, wanted[name], last.actor, last.at))
    if conflicts:
        raise EditConflict(conflicts)
    return changed


def conflict_rows(conflict: EditConflict | None) -> list[dict[str, Any]]:
    """Both versions of what two people edited, in words."""
    from incidents.collaboration.wording import FIELDS, value_words  # late: the services need no words

    return [
        {
            "label": FIELDS.get(one.field, one.field), "by": one.by, "at": one.at,
            "theirs": value_words(one.field, one.theirs), "mine": value_words(one.field, one.mine),
        }
        for one in (conflict.conflicts if conflict else ())
    ]  # fmt: skip
