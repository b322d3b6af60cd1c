"""Which steps of a report were done, by whom and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from incidents.collaboration.models import ActionTick


@dataclass(frozen=True, slots=True)
class TickView:
    """A step's tick as a card shows it. `by` is empty while it is open; `earlier_by` tells of an earlier analysis."""

    incident_id: int
    run_id: int
    step: str
    by: str = ""
    at: datetime | None = None
    earlier_by: str = ""
    earlier_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        return self.at is not None


def ticks_of(incident_id: int) -> Mapping[tuple[int, str], tuple[str, datetime]]:
    """(run, step) → who and when, over all analyses of an incident, the oldest first."""
    rows = ActionTick.objects.filter(incident_id=incident_id).order_by("pk")
    return {
        (run_id, step): (name or "", at)
        for run_id, step, name, at in rows.values_list("run_id", "step", "done_by__username", "done_at")
    }


def tick_of(
    ticks: Mapping[tuple[int, str], tuple[str, datetime]], *, incident_id: int, run_id: int, step: str
) -> TickView:  # fmt: skip
    by, at = ticks.get((run_id, step), ("", None))
    earlier = [done for (run, key), done in ticks.items() if key == step and run != run_id]
    earlier_by, earlier_at = earlier[-1] if earlier and at is None else ("", None)
    return TickView(incident_id, run_id, step, by=by, at=at, earlier_by=earlier_by, earlier_at=earlier_at)
