"""The port to language models: what goes in, what comes out, and who provides it.

A chat model yields typed events; nothing happens on the network before the first `next()`:

    with chat.stream([Message("system", RULES), Message("user", evidence)], schema=REPORT) as events:
        for event in events:
            match event:
                case TextDelta(text): ...          # show it
                case ToolCall(id, name, arguments): ...  # run it, answer with Message("tool", …, tool_call_id=id)
                case Completed(usage=usage): ...   # always the last event of a successful call

Failures are raised as `LLMError` from the iteration. `events.close()` may be called from any thread: it ends the
HTTP exchange at once, and a reader that is blocked in it gets `LLMError(CANCELLED)`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypedDict, Unpack

from sre_portal.llm.errors import ErrorKind, LLMError

__all__ = [
    "ChatModel",
    "ChatOptions",
    "Completed",
    "EmbeddingModel",
    "Embeddings",
    "ErrorKind",
    "EventStream",
    "FinishReason",
    "LLMError",
    "Message",
    "Retrying",
    "Schema",
    "StreamEvent",
    "TextDelta",
    "Tool",
    "ToolCall",
    "ToolCallDelta",
    "Usage",
    "complete",
]

Role = Literal["system", "user", "assistant", "tool"]

# "unknown": the answer ended without the endpoint saying why, so it may be cut short.
# "repeating": we ended it, because the model said the same thing over and over.
FinishReason = Literal["stop", "length", "tool_calls", "repeating", "unknown"]

# How the endpoint was made to keep to a schema: by a grammar, by "any JSON", or only by being asked.
StructuredBy = Literal["", "json_schema", "json_object", "instructions"]


@dataclass(frozen=True)
class ToolCall:
    """A complete request by the model to run a tool. `arguments` is JSON as the model wrote it.

    `opaque` is what some providers want back with the call (signatures, thoughts); hand it back unchanged.
    """

    id: str
    name: str
    arguments: str
    opaque: str = field(default="", repr=False)

    def parsed(self) -> dict[str, Any]:
        """Return the arguments as a dictionary. Raise LLMError(BAD_RESPONSE) if they are not a JSON object."""
        try:
            arguments = json.loads(self.arguments or "{}")
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            raise LLMError(ErrorKind.BAD_RESPONSE, f"the arguments of {self.name} are not a JSON object")
        return arguments


@dataclass(frozen=True)
class Message:
    """One turn. An assistant turn may carry tool calls; a tool turn answers the one in `tool_call_id`."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True)
class Tool:
    """Something the model may ask for. `parameters` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Schema:
    """The JSON Schema an answer has to keep to, and the name the endpoint shows it under."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Usage:
    """What calls consumed. `cost` is in US dollars; None means that no price is known."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = 0.0
    estimated: bool = False

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    def __add__(self, other: Usage) -> Usage:
        unknown = self.cost is None or other.cost is None
        return Usage(
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            cost=None if unknown else (self.cost or 0.0) + (other.cost or 0.0),
            estimated=self.estimated or other.estimated,
        )


@dataclass(frozen=True)
class TextDelta:
    text: str


@dataclass(frozen=True)
class ToolCallDelta:
    """A piece of a tool call that is still being written. `ToolCall` follows when it is whole."""

    index: int
    name: str
    arguments: str


@dataclass(frozen=True)
class Retrying:
    """The call starts again. With `discard`, what was yielded before is void.

    `error` is what ended the last attempt, `wait` the seconds before the next one on `model`.
    """

    model: str
    attempt: int
    wait: float
    error: LLMError
    discard: bool = False


@dataclass(frozen=True)
class Completed:
    """The end of an answer, with all of it. `ignored` names what the endpoint could not do ("tools", …)."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    usage: Usage
    finish_reason: FinishReason
    model: str
    structured_by: StructuredBy = ""
    ignored: tuple[str, ...] = ()


StreamEvent = TextDelta | ToolCallDelta | ToolCall | Retrying | Completed


class EventStream:
    """The events of one answer. Iterate in one thread; `close()` from any."""

    def __init__(self, events: Generator[StreamEvent], *, abort: Callable[[], None] = lambda: None) -> None:
        self._events = events
        self._abort = abort
        self._closed = False

    def __iter__(self) -> Iterator[StreamEvent]:
        yield from self._events  # cheaper than a call of __next__ per token and layer
        self._check_end()

    def __next__(self) -> StreamEvent:
        try:
            return next(self._events)
        except StopIteration:
            self._check_end()
            raise

    def _check_end(self) -> None:
        if self._closed:  # by another thread, between two events: an answer without an end must not look whole
            raise LLMError(ErrorKind.CANCELLED) from None

    def close(self) -> None:
        """End the exchange. Safe to call twice and from another thread."""
        self._closed = True
        self._abort()
        # ValueError: another thread is inside the generator; the abort has just ended its read.
        with contextlib.suppress(ValueError):
            self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class ChatOptions(TypedDict, total=False):
    """What a caller may ask of one answer, beyond the messages. `within` is the longest time for it in seconds."""

    schema: Schema | None
    tools: Sequence[Tool]
    max_tokens: int | None
    temperature: float | None
    within: float | None


class ChatModel(Protocol):
    @property
    def name(self) -> str:
        """Who speaks, as shown to people: "openai:gpt-4.1"."""

    def stream(self, messages: Sequence[Message], **options: Unpack[ChatOptions]) -> EventStream: ...


@dataclass(frozen=True)
class Embeddings:
    """One vector per text, in the order of the texts."""

    vectors: list[list[float]]
    usage: Usage = field(default_factory=Usage)


class EmbeddingModel(Protocol):
    @property
    def name(self) -> str:
        """Which vectors these are: two models' vectors must never share an index."""

    def embed(self, texts: Sequence[str]) -> Embeddings: ...


def complete(chat: ChatModel, messages: Sequence[Message], **options: Unpack[ChatOptions]) -> Completed:
    """Read a whole answer. For callers that show nothing on the way."""
    with chat.stream(messages, **options) as events:
        for event in events:
            if isinstance(event, Completed):
                return event
    raise LLMError(ErrorKind.BAD_RESPONSE, "the answer has no end", model=chat.name)
