"""Follow a run as it happens: one tail per run and process reads the stored events and fans them out to all viewers.

The ORM is touched only in short-lived threads that hand their connection back, never in the generator itself: a stream
that held a connection would keep it for as long as somebody looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field

from django.db import connection

from incidents import wakeups
from incidents.analysis.events import EventKind
from incidents.fragments import RunFacts, StoredEvent, encode
from incidents.models import AnalysisRun, RunEventRow
from sre_portal.sse import KEEP_ALIVE

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # finds events of other processes; those of this one wake the tail at once
KEEP_ALIVE_SECONDS = 15.0  # below the usual 60 s after which proxies drop a silent connection
BACKLOG = 2000  # events; a viewer further behind is let go and comes back with Last-Event-ID
RETRY = b"retry: 1000\n\n"  # ms until the browser reconnects; its own default is 3 s


@dataclass(frozen=True, slots=True)
class Frame:
    """One event for the wire. What one viewer had encoded, the others of the same style reuse."""

    event: StoredEvent
    facts: RunFacts
    encoded: dict[str, bytes] = field(default_factory=dict, compare=False)

    @property
    def is_last(self) -> bool:
        return self.event.kind == EventKind.DONE

    def encode(self, style: str) -> bytes:
        if style not in self.encoded:
            self.encoded[style] = encode(self.event, self.facts, style)
        return self.encoded[style]


Viewer = asyncio.Queue[Frame]
GONE = Frame(StoredEvent(0, EventKind.DONE, {}), RunFacts())  # ends a stream without words; the browser comes back


async def follow(run_id: int, *, after: int, style: str) -> AsyncIterator[bytes]:
    """Yield what a viewer has missed, then what happens, until the run ends. `style` is a language or `json`."""
    yield RETRY
    position = after
    for frame in await _missed(run_id, after, style):
        position = frame.event.sequence
        yield frame.encode(style)
        if frame.is_last:
            return
    async with contextlib.aclosing(_live(run_id, position, style)) as live:
        async for data in live:
            yield data


async def _live(run_id: int, position: int, style: str) -> AsyncGenerator[bytes]:
    tail = _tails().get(run_id) or Tail(run_id)
    viewer = tail.join()
    try:
        await tail.is_ready.wait()
        # Read again now that nothing can slip by; what the tail sends of it a second time is known by its number.
        is_over = False
        for frame in await _missed(run_id, position, style):
            position, is_over = frame.event.sequence, frame.is_last
            yield frame.encode(style)
        while not is_over and (arrived := await _next(viewer)) is not GONE:
            if arrived is None:
                yield KEEP_ALIVE
            elif arrived.event.sequence > position:
                position, is_over = arrived.event.sequence, arrived.is_last
                yield await asyncio.to_thread(arrived.encode, style)
    finally:
        tail.leave(viewer)


async def _next(viewer: Viewer) -> Frame | None:
    """The viewer's next frame. None after a silence that a proxy might take for a dead connection."""
    try:
        return await asyncio.wait_for(viewer.get(), KEEP_ALIVE_SECONDS)
    except TimeoutError:
        return None


# --- Reading, in threads ---------------------------------------------------------------------------------------


async def _missed(run_id: int, after: int, style: str) -> list[Frame]:
    return await asyncio.to_thread(_read_encoded, run_id, after, style)


def _read_encoded(run_id: int, after: int, style: str) -> list[Frame]:
    frames = _read(run_id, after)
    for frame in frames:
        frame.encode(style)
    return frames


def _read(run_id: int, after: int) -> list[Frame]:
    """Every stored event after a number; for a run that has ended a last one in any case, else a browser returns."""
    try:
        run = _run(run_id)
        if run is None:  # deleted while somebody looked
            return [Frame(StoredEvent(after + 1, EventKind.DONE, {"status": "cancelled"}), RunFacts())]
        rows = RunEventRow.objects.filter(run_id=run_id, sequence__gt=after).order_by("sequence")
        events = [StoredEvent(row.sequence, row.kind, row.payload) for row in rows]
        if not events and not run.is_active:
            events = [StoredEvent(after + 1, EventKind.DONE, {"status": run.status})]
        if run.is_active and events and events[-1].kind == EventKind.DONE:
            run.refresh_from_db()  # it ended between the two queries
        facts = RunFacts.of(run) if events else RunFacts()
        return [Frame(event, facts) for event in events]
    finally:
        connection.close()


def _run(run_id: int) -> AnalysisRun | None:
    return AnalysisRun.objects.filter(pk=run_id).first()


def _last_sequence(run_id: int) -> int:
    try:
        return AnalysisRun.objects.filter(pk=run_id).values_list("last_sequence", flat=True).first() or 0
    finally:
        connection.close()


# --- Tails -----------------------------------------------------------------------------------------------------


class Tail:
    """Follows one run for every viewer of this process; lives as long as there is one."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self.viewers: set[Viewer] = set()
        self.news = asyncio.Event()
        self.is_ready = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=f"tail of run {run_id}")
        _tails()[run_id] = self

    def join(self) -> Viewer:
        viewer: Viewer = asyncio.Queue(BACKLOG)
        self.viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)
        if not self.viewers:
            self.close()

    def close(self) -> None:
        if _tails().get(self.run_id) is self:
            del _tails()[self.run_id]
        self.task.cancel()

    async def _run(self) -> None:
        try:
            await self._follow()
        except Exception:  # isolation point: viewers are let go and come back, which starts a new tail
            logger.exception("the tail of run %s broke", self.run_id)
        finally:
            self.is_ready.set()
            self._send([GONE])
            if _tails().get(self.run_id) is self:
                del _tails()[self.run_id]

    async def _follow(self) -> None:
        position = await asyncio.to_thread(_last_sequence, self.run_id)
        self.is_ready.set()
        while True:
            self.news.clear()
            frames = await asyncio.to_thread(_read, self.run_id, position)
            if frames:
                position = frames[-1].event.sequence
                self._send(frames)
                if frames[-1].is_last:
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), POLL_SECONDS)

    def _send(self, frames: Sequence[Frame]) -> None:
        for viewer in tuple(self.viewers):
            try:
                for frame in frames:
                    viewer.put_nowait(frame)
            except asyncio.QueueFull:
                self.viewers.discard(viewer)
                while not viewer.empty():
                    viewer.get_nowait()
                viewer.put_nowait(GONE)


# One set of tails per event loop: a process has one, the tests have several.
_by_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, Tail]] = weakref.WeakKeyDictionary()


def _tails() -> dict[int, Tail]:
    loop = asyncio.get_running_loop()
    if loop not in _by_loop:
        _by_loop[loop] = {}
    return _by_loop[loop]


def _event_stored(run_id: int) -> None:
    """Called in the thread that stored the event."""
    for loop, tails in tuple(_by_loop.items()):
        tail = tails.get(run_id)
        if tail is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(tail.news.set)


wakeups.listen(_event_stored)


def open_streams() -> int:
    """How many viewers this process serves right now."""
    return sum(len(tail.viewers) for tails in _by_loop.values() for tail in tails.values())


def close_streams() -> None:
    """Let every viewer go, so that the server can stop; browsers come back to its successor."""
    for tail in tuple(_tails().values()):
        tail.close()
