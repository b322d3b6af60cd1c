"""Put the pieces of a streamed answer together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sre_portal.llm.base import FinishReason, StreamEvent, TextDelta, ToolCall, ToolCallDelta
from sre_portal.llm.json_repair import storable
from sre_portal.llm.thinking import ThoughtFilter


@dataclass
class _OpenCall:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    opaque: str = ""


class Collector:
    """What has arrived of one answer. Each `add_…` returns the events to show. `received` counts all characters."""

    def __init__(self) -> None:
        self.received = 0
        self.refusal = ""
        self.finish: FinishReason | None = None  # None: the endpoint has not said that the answer is whole
        self.tokens_in: int | None = None
        self.tokens_out: int | None = None
        self.tokens_cached = 0
        self._filter = ThoughtFilter()
        self.blocks: dict[int, dict[str, Any]] = {}  # what a provider's module keeps between chunks
        self._text: list[str] = []
        self._thoughts: list[str] = []
        self._calls: list[_OpenCall] = []
        self._place_of_index: dict[int, int] = {}

    @property
    def text(self) -> str:
        return "".join(self._text)

    @property
    def thoughts(self) -> str:
        """The reasoning some models send ahead: billed, but not part of the answer."""
        return "".join(self._thoughts)

    @property
    def is_empty(self) -> bool:
        return not self._text and not self._calls

    def add_thought(self, text: str | None) -> None:
        if isinstance(text, str) and text:
            self._thoughts.append(text)
            self.received += len(text)

    def add_text(self, text: str | None) -> tuple[StreamEvent, ...]:
        if not text or not isinstance(text, str):
            return ()
        self.received += len(text)
        thought, answer = self._filter.feed(storable(text))
        return self._keep(thought, answer)

    def end(self) -> tuple[StreamEvent, ...]:
        """Say that nothing more comes, and return what was held back."""
        return self._keep(*self._filter.close())

    def _keep(self, thought: str, answer: str) -> tuple[StreamEvent, ...]:
        if thought:
            self._thoughts.append(thought)
        if not answer:
            return ()
        self._text.append(answer)
        return (TextDelta(answer),)

    def add_tool_piece(
        self, index: int | None, *, id: str = "", name: str = "", arguments: str = "", opaque: str = ""
    ) -> tuple[StreamEvent, ...]:
        """Add a piece of a tool call. Some servers number every call 0 and tell them apart by id alone."""
        place = self._place_of_index.get(index or 0)
        if place is None or (id and self._calls[place].id and id != self._calls[place].id):
            place = self._place_of_index[index or 0] = len(self._calls)
            self._calls.append(_OpenCall())
        call = self._calls[place]
        call.id = call.id or id
        call.name = call.name or name
        call.opaque = call.opaque or opaque
        call.arguments.append(storable(arguments))
        self.received += 1 + len(arguments)
        return (ToolCallDelta(place, call.name, arguments),)

    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(
            ToolCall(call.id or f"call_{place}", call.name, "".join(call.arguments), call.opaque)
            for place, call in enumerate(self._calls)
        )
