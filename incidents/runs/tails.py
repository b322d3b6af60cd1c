"""Fan out what is stored: one tail per source and process reads new rows and hands them to all viewers.

The ORM is touched only in short-lived threads that hand their connection back, never in a generator itself: a stream
that held a connection would keep it for as long as somebody looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import weakref
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from django.db import connection

from sre_portal.sse import Message

logger = logging.getLogger(__name__)
T = TypeVar("T")

POLL_SECONDS = 1.0  # finds rows of other processes; those of this one wake the tail at once
KEEP_ALIVE_SECONDS = 15.0  # below the usual 60 s after which proxies drop a silent connection
BACKLOG = 2000  # frames; a viewer further behind is let go and comes back with Last-Event-ID
RETRY = b"retry: 1000\n\n"  # ms until the browser reconnects; its own default is 3 s


class Frame(Protocol):
    """Something to show. `number` is its place in its source; a state has none and replaces the one before."""

    @property
    def number(self) -> int | None: ...
    @property
    def is_last(self) -> bool: ...
    def messages(self, style: Hashable) -> list[Message]:
        """Its words for viewers of one style, rendered once for all of them."""
        ...


class Source(Protocol):
    """Rows that are numbered in the order of their commits. Every method runs in a thread."""

    @property
    def key(self) -> Hashable: ...
    def last_number(self) -> int: ...
    def read(self, after: int) -> Sequence[Frame]: ...
    def states(self) -> Sequence[Frame]:
        """What else a viewer must know, as it is now. Asked at each reading; a tail sends what differs."""
        ...


@dataclass(frozen=True, slots=True)
class Gone:
    """Ends a stream without words; the browser comes back."""

    number: int | None = None
    is_last: bool = True

    def messages(self, style: Hashable) -> list[Message]:
        return []


GONE = Gone()
Viewer = asyncio.Queue[Frame]
Arrival = tuple[int | None, list[Message]] | None  # None after a silence that a proxy might take for a dead connection


async def follow(source: Source, *, after: int, style: Hashable) -> AsyncGenerator[Arrival]:
    """Yield what a viewer has missed, then what happens, until the source ends."""
    position = after
    for frame, messages in await _missed(source, after, style):
        position = frame.number or position
        yield frame.number, messages
        if frame.is_last:
            return
    async with contextlib.aclosing(_live(source, position, style)) as live:
        async for arrival in live:
            yield arrival


async def _live(source: Source, position: int, style: Hashable) -> AsyncGenerator[Arrival]:
    tail = tails().get(source.key) or Tail(source)
    viewer = tail.join()
    try:
        await tail.is_ready.wait()
        # Read again now that nothing can slip by; what the tail sends of it a second time is known by its number.
        is_over = False
        for frame, messages in [*await _missed(source, position, style), *await _rendered(tail.latest, style)]:
            position, is_over = frame.number or position, frame.is_last
            yield frame.number, messages
        while not is_over and (arrived := await _next(viewer)) is not GONE:
            if arrived is None:
                yield None
            elif arrived.number is None or arrived.number > position:
                position, is_over = arrived.number or position, arrived.is_last
                yield arrived.number, await asyncio.to_thread(arrived.messages, style)
    finally:
        tail.leave(viewer)


async def _next(viewer: Viewer) -> Frame | None:
    try:
        return await asyncio.wait_for(viewer.get(), KEEP_ALIVE_SECONDS)
    except TimeoutError:
        return None


async def _missed(source: Source, after: int, style: Hashable) -> list[tuple[Frame, list[Message]]]:
    return await in_thread(lambda: [(frame, frame.messages(style)) for frame in source.read(after)])


async def _rendered(frames: Sequence[Frame], style: Hashable) -> list[tuple[Frame, list[Message]]]:
    return await asyncio.to_thread(lambda: [(frame, frame.messages(style)) for frame in frames]) if frames else []


class Tail:
    """Follows one source for every viewer of this process; lives as long as there is one."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.viewers: set[Viewer] = set()
        self.latest: tuple[Frame, ...] = ()
        self.news = asyncio.Event()
        self.is_ready = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=f"tail of {source.key}")
        tails()[source.key] = self

    def join(self) -> Viewer:
        viewer: Viewer = asyncio.Queue(BACKLOG)
        self.viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)
        if not self.viewers:
            self.close()

    def close(self) -> None:
        self._forget()
        self.task.cancel()

    def _forget(self) -> None:
        if tails().get(self.source.key) is self:
            del tails()[self.source.key]

    async def _run(self) -> None:
        try:
            await self._follow()
        except Exception:  # isolation point: viewers are let go and come back, which starts a new tail
            logger.exception("the tail of %s broke", self.source.key)
        finally:
            self.is_ready.set()
            self._send([GONE])
            self._forget()

    async def _follow(self) -> None:
        position, self.latest = await in_thread(self._begin)
        self.is_ready.set()
        while True:
            self.news.clear()
            frames, states = await in_thread(partial(self._read, position))
            if frames:
                position = frames[-1].number or position
                self._send(frames)
                if frames[-1].is_last:
                    return
            changed = [state for state in states if state not in self.latest]
            self.latest = states
            self._send(changed)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), POLL_SECONDS)

    def _begin(self) -> tuple[int, tuple[Frame, ...]]:
        return self.source.last_number(), tuple(self.source.states())

    def _read(self, position: int) -> tuple[Sequence[Frame], tuple[Frame, ...]]:
        return self.source.read(position), tuple(self.source.states())

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


async def in_thread(work: Callable[[], T]) -> T:
    """Work with the database in a thread that hands its connection back."""

    def and_close() -> T:
        try:
            return work()
        finally:
            connection.close()

    return await asyncio.to_thread(and_close)


# --- The tails of this process ---------------------------------------------------------------------------------

# One set per event loop: a process has one, the tests have several.
_by_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Tail]] = weakref.WeakKeyDictionary()


def tails() -> dict[Hashable, Tail]:
    loop = asyncio.get_running_loop()
    if loop not in _by_loop:
        _by_loop[loop] = {}
    return _by_loop[loop]


def wake(key: Hashable) -> None:
    """Have a source read again. May be called from any thread, usually the one that stored something."""
    for loop, known in tuple(_by_loop.items()):
        tail = known.get(key)
        if tail is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(tail.news.set)


def open_streams() -> int:
    """How many streams this process serves right now; a page's counts once per source that it follows."""
    return sum(len(tail.viewers) for known in _by_loop.values() for tail in known.values())


def close_streams() -> None:
    """Let every viewer go, so that the server can stop; browsers come back to its successor."""
    for tail in tuple(tails().values()):
        tail.close()
