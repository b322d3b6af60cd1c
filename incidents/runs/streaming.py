"""Follow a run as it happens, from its stored events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable
from contextlib import aclosing
from dataclasses import dataclass, field

from incidents.analysis.events import EventKind
from incidents.models import AnalysisRun, RunEventRow
from incidents.runs import tails, wakeups
from incidents.runs.fragments import RunFacts, StoredEvent, messages
from incidents.runs.tails import RETRY
from sre_portal import sse


@dataclass(frozen=True, slots=True)
class RunFrame:
    """One event. What one viewer had rendered, the others of the same style reuse. A style is a language or `json`."""

    event: StoredEvent
    facts: RunFacts
    rendered: dict[Hashable, list[sse.Message]] = field(default_factory=dict, compare=False)

    @property
    def number(self) -> int:
        return self.event.sequence

    @property
    def is_last(self) -> bool:
        return self.event.kind == EventKind.DONE

    def messages(self, style: Hashable) -> list[sse.Message]:
        if style not in self.rendered:
            self.rendered[style] = messages(self.event, self.facts, str(style))
        return self.rendered[style]


@dataclass(frozen=True, slots=True)
class RunSource:
    """The events of one run."""

    run_id: int

    @property
    def key(self) -> Hashable:
        return ("run", self.run_id)

    def last_number(self) -> int:
        return AnalysisRun.objects.filter(pk=self.run_id).values_list("last_sequence", flat=True).first() or 0

    def states(self) -> tuple[RunFrame, ...]:
        return ()

    def read(self, after: int) -> list[RunFrame]:
        """Every stored event after a number; for a run that has ended a last one in any case."""
        run = _run(self.run_id)
        if run is None:  # deleted while somebody looked
            return [RunFrame(StoredEvent(after + 1, EventKind.DONE, {"status": "cancelled"}), RunFacts())]
        rows = RunEventRow.objects.filter(run_id=self.run_id, sequence__gt=after).order_by("sequence")
        events = [StoredEvent(row.sequence, row.kind, row.payload) for row in rows]
        if not events and not run.is_active:
            events = [StoredEvent(after + 1, EventKind.DONE, {"status": run.status})]
        if run.is_active and events and events[-1].kind == EventKind.DONE:
            run.refresh_from_db()  # it ended between the two queries
        facts = RunFacts.of(run) if events else RunFacts()
        return [RunFrame(event, facts) for event in events]


def _run(run_id: int) -> AnalysisRun | None:
    return AnalysisRun.objects.filter(pk=run_id).first()


async def follow(run_id: int, *, after: int, style: str) -> AsyncIterator[bytes]:
    """Yield what a viewer has missed, then what happens, until the run ends. `style` is a language or `json`."""
    yield RETRY
    async with aclosing(tails.follow(RunSource(run_id), after=after, style=style)) as arrivals:
        async for arrival in arrivals:
            yield sse.KEEP_ALIVE if arrival is None else sse.join(arrival[1], id=arrival[0])


wakeups.listen(lambda run_id: tails.wake(("run", run_id)))
