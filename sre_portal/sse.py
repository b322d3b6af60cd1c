"""Server-sent events on the wire: encode one event, read where a browser left off, wrap a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, StreamingHttpResponse

KEEP_ALIVE = b": keep-alive\n\n"


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it goes over the wire, without its id: many viewers get the same bytes under numbers of their own."""

    lines: bytes

    @classmethod
    def of(cls, event: str, data: str) -> Message:
        """Every line of the data gets its own `data:` field, as the standard asks."""
        lines = [f"event: {event}", *(f"data: {line}" for line in (data.splitlines() or [""]))]
        return cls(("\n".join(lines) + "\n").encode())


def encode(*, event: str, data: str, id: int | str | None = None) -> bytes:
    return join([Message.of(event, data)], id=id)


def join(messages: Sequence[Message], *, id: int | str | None) -> bytes:
    """Messages that belong together. Only the last carries the id: a cut in between repeats them all."""
    number = b"" if id is None else f"id: {id}\n".encode()
    last = len(messages) - 1
    return b"".join(
        (number if place == last else b"") + message.lines + b"\n" for place, message in enumerate(messages)
    )


def last_event_id(request: HttpRequest) -> int:
    """The number of the last event that this viewer has, 0 for a fresh one. Garbage counts as 0."""
    value = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def event_stream(events: AsyncIterator[bytes]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(events, content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"  # nginx must not collect a stream
    return response
