"""Join a model's words into fewer events: a row per token would cost more than the token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from incidents.analysis.events import EventKind, RunEvent

PAUSE = 0.05  # seconds; the eye does not see the difference, the database does
MOST = 2000  # characters in one event


def coalesce(
    events: Iterable[RunEvent], *, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic
) -> Iterator[RunEvent]:
    """Pass everything on in order; the first words at once, later ones together with what came within a pause."""
    words, last = "", float("-inf")
    for event in events:
        if event.kind is EventKind.TEXT:
            words += str(event.payload.get("delta", ""))
            if clock() - last < pause and len(words) < MOST:
                continue
        if words:
            yield RunEvent(EventKind.TEXT, {"delta": words})
            words, last = "", clock()
        if event.kind is not EventKind.TEXT:
            yield event
    if words:
        yield RunEvent(EventKind.TEXT, {"delta": words})
