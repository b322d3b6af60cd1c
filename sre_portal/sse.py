"""Server-sent events on the wire: encode one event, read where a browser left off, wrap a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator

from django.http import HttpRequest, StreamingHttpResponse

KEEP_ALIVE = b": keep-alive\n\n"


def encode(*, event: str, data: str, id: int | str | None = None) -> bytes:
    """One event. Every line of the data gets its own `data:` field, as the standard asks."""
    lines = [f"event: {event}"]
    if id is not None:
        lines.append(f"id: {id}")
    lines += [f"data: {line}" for line in (data.splitlines() or [""])]
    return ("\n".join(lines) + "\n\n").encode()


def last_event_id(request: HttpRequest) -> int:
    """The number of the last event that this viewer has, 0 for a fresh one. Garbage counts as 0."""
    value = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def event_stream(events: AsyncIterator[bytes]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(events, content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"  # nginx must not collect a stream
    return response
