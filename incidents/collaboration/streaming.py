"""One stream per incident page: the run that is under way and what people do, so that a page holds one connection.

Its event ids name both positions, as `<run event>.<change>`, for a browser that comes back has seen so much of each.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, cast

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from incidents.collaboration import presence, timeline
from incidents.collaboration.head import HeadFrame, head_of
from incidents.collaboration.services import mark_seen
from incidents.collaboration.timeline import Entry, Kind
from incidents.models import IncidentChange
from incidents.runs import tails, wakeups
from incidents.runs.streaming import RunSource
from incidents.runs.tails import RETRY, Arrival
from sre_portal import sse

logger = logging.getLogger(__name__)


class Reader(NamedTuple):
    """For whom fragments are rendered: a comment shows its author what others do not get."""

    language: str
    user_id: int


class Position(NamedTuple):
    """What a page has shown: events of its run, changes of its incident."""

    run: int
    change: int

    @classmethod
    def of(cls, request: HttpRequest) -> Position:
        """From the browser or the address. Garbage counts as nothing seen."""
        words = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
        parts = [int(part) if part.isascii() and part.isdigit() and len(part) < 19 else 0 for part in words.split(".")]
        return cls(*[*parts, 0, 0][:2])

    def __str__(self) -> str:
        return f"{self.run}.{self.change}"


@dataclass(frozen=True, slots=True)
class TeamFrame:
    """One change of an incident, as the fragments it changes on a page."""

    entry: Entry
    is_last: bool = False
    rendered: dict[Hashable, list[sse.Message]] = field(default_factory=dict, compare=False)

    @property
    def number(self) -> int:
        return self.entry.id

    def messages(self, style: Hashable) -> list[sse.Message]:
        if style not in self.rendered:
            reader = cast(Reader, style)
            with translation.override(reader.language):
                self.rendered[style] = [sse.Message.of(*part) for part in fragments(self.entry, reader.user_id)]
        return self.rendered[style]


def fragments(entry: Entry, user_id: int) -> list[tuple[str, str]]:
    """Which places of a page an entry changes, by the names that elements listen to, and to what."""
    context = {"entry": entry, "comment": entry.comment, "reader_id": user_id, "is_new": True}
    parts: list[tuple[str, str]] = []
    if entry.kind not in timeline.QUIET:
        parts.append(("entry", render_to_string("incidents/collaboration/entry.html", context)))
    elif entry.comment is not None:
        html = render_to_string("incidents/collaboration/comment.html", context)
        parts.append((f"comment-{entry.comment.id}", html))
    if entry.kind in (Kind.STEP_DONE, Kind.STEP_REOPENED):
        parts.append((f"tick-{entry.run_id}-{entry.detail.get('step', '')}", _tick(entry)))
    if entry.kind == Kind.ANALYSIS_STARTED:
        parts.append(("run-started", render_to_string("incidents/collaboration/run_started.html", context)))
    return parts


def _tick(entry: Entry) -> str:
    from incidents.collaboration.ticks import TickView

    is_done = entry.kind == Kind.STEP_DONE
    tick = TickView(
        entry.incident_id, entry.run_id or 0, str(entry.detail.get("step", "")),
        by=entry.actor if is_done else "", at=entry.at if is_done else None,
    )  # fmt: skip
    return render_to_string("incidents/collaboration/tick_state.html", {"tick": tick})


class TeamSource:
    """What people and the machine do to one incident; and as states who looks, who watches, how it stands."""

    def __init__(self, incident_id: int) -> None:
        self.incident_id = incident_id
        self._beaten = timezone.now()

    @property
    def key(self) -> Hashable:
        return ("team", self.incident_id)

    def last_number(self) -> int:
        newest = IncidentChange.objects.filter(incident_id=self.incident_id).order_by("-pk")
        return newest.values_list("pk", flat=True).first() or 0

    def read(self, after: int) -> list[TeamFrame]:
        return [TeamFrame(entry) for entry in timeline.since(self.incident_id, after)]

    def states(self) -> list[HeadFrame]:
        now = timezone.now()
        if now - self._beaten > presence.BEAT:
            self._beaten = now
            presence.keep_fresh(self.incident_id, at=now)
        return [HeadFrame(head_of(self.incident_id, at=now))]


async def follow_page(
    incident_id: int, run_id: int | None, *, after: Position, reader: Reader
) -> AsyncIterator[bytes]:  # fmt: skip
    """Yield what a page has missed, then what happens, for as long as somebody looks at it."""
    yield RETRY
    streams = {"team": tails.follow(TeamSource(incident_id), after=after.change, style=reader)}
    if run_id is not None:
        streams["run"] = tails.follow(RunSource(run_id), after=after.run, style=reader.language)
    position = after
    async with presence.looking(incident_id, reader.user_id), aclosing(_together(streams)) as arrivals:
        async for name, arrival in arrivals:
            if arrival is None:
                yield sse.KEEP_ALIVE
                continue
            number, messages = arrival
            if number is not None:
                position = position._replace(**{"run" if name == "run" else "change": number})
            yield sse.join(messages, id=str(position))
            if name == "team" and number is not None:  # shown to somebody who looks is seen
                await tails.in_thread(partial(mark_seen, user_id=reader.user_id, incident_id=incident_id))


async def _together(streams: dict[str, AsyncGenerator[Arrival]]) -> AsyncGenerator[tuple[str, Arrival]]:
    """What several streams yield, as it comes; ends with the first that is cut off. A run may end by itself."""
    arrived: asyncio.Queue[tuple[str, Arrival] | str] = asyncio.Queue(100)
    tasks = [asyncio.create_task(_pump(name, stream, arrived)) for name, stream in streams.items()]
    try:
        while not isinstance(item := await arrived.get(), str) or item == "run is over":
            if not isinstance(item, str):
                yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(
    name: str, stream: AsyncGenerator[Arrival], arrived: asyncio.Queue[tuple[str, Arrival] | str]
) -> None:  # fmt: skip
    over = f"{name} broke"
    try:
        async with aclosing(stream):
            async for arrival in stream:
                await arrived.put((name, arrival))
        over = f"{name} is over"
    except Exception:  # isolation point: the page is let go and comes back
        logger.exception("the %s of a page broke", name)
    await arrived.put(over)


wakeups.listen_to_incidents(lambda incident_id: tails.wake(("team", incident_id)))
