"""What the chat models of all SDKs have in common: one exchange, one dialect, one way to end.

A provider's module says how to send a request and how to take in a chunk; everything else happens here.
"""

from __future__ import annotations

import importlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from sre_portal.llm.base import (
    ChatOptions,
    Completed,
    EventStream,
    Message,
    Schema,
    StreamEvent,
    StructuredBy,
    Tool,
    Usage,
)
from sre_portal.llm.collecting import Collector
from sre_portal.llm.config import ModelConfig
from sre_portal.llm.dialect import Dialect
from sre_portal.llm.errors import ErrorKind, LLMError
from sre_portal.llm.exchange import Exchange
from sre_portal.llm.failures import clean, complaint_of, explained, status_of
from sre_portal.llm.prices import cost_of_call
from sre_portal.llm.tokens import estimate_prompt, estimate_tokens

# What endpoints were found to understand, by provider, address and model, for the life of the process.
_dialects: dict[tuple[str, str, str], Dialect] = {}


@dataclass(frozen=True)
class ChatRequest:
    """What a caller wants, before it is put into a provider's words."""

    messages: tuple[Message, ...]
    schema: Schema | None = None
    tools: tuple[Tool, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None

    @classmethod
    def of(cls, messages: Sequence[Message], options: ChatOptions) -> ChatRequest:
        return cls(
            messages=tuple(messages),
            schema=options.get("schema"),
            tools=tuple(options.get("tools", ())),
            max_tokens=options.get("max_tokens"),
            temperature=options.get("temperature"),
        )

    @property
    def texts(self) -> list[str]:
        return [message.content for message in self.messages]


class SdkChat(ABC):
    """A chat model behind an SDK."""

    def __init__(self, config: ModelConfig) -> None:
        self._config = config
        self.name = config.name

    # --- What a provider's module says ---------------------------------------------------------------------------

    def _first_dialect(self) -> Dialect:
        return Dialect()

    def _structured_by(self, dialect: Dialect) -> StructuredBy:
        return dialect.structured_by

    @abstractmethod
    def _body(self, request: ChatRequest, dialect: Dialect) -> dict[str, Any]:
        """Return the request in the provider's words."""

    @abstractmethod
    def _sender(self) -> Callable[[dict[str, Any]], Iterable[Any]]:
        """Return what sends a body and gives the chunks of the answer, once the response headers are there."""

    @abstractmethod
    def _take(self, chunk: Any, collector: Collector) -> Iterable[StreamEvent]:
        """Put a chunk into the collector and return what it shows."""

    def warm_up(self) -> None:
        """Load the SDK and make the client, so that the first call need not. Raise LLMError(NOT_INSTALLED)."""
        self._sender()

    # --- The call ------------------------------------------------------------------------------------------------

    def stream(self, messages: Sequence[Message], **options: Unpack[ChatOptions]) -> EventStream:
        request = ChatRequest.of(messages, options)
        exchange = Exchange(self._config.timeouts.within(options.get("within")))
        return EventStream(self._events(exchange, request), abort=exchange.cancel)

    def _events(self, exchange: Exchange, request: ChatRequest) -> Generator[StreamEvent]:
        try:
            with explained(exchange, self._config, prompt=request.texts):
                chunks, dialect = self._open(exchange, request)
                yield from self._read(exchange, chunks, request, dialect)
        finally:
            exchange.finish()

    def _open(self, exchange: Exchange, request: ChatRequest) -> tuple[Iterable[Any], Dialect]:
        """Send the request, in simpler and simpler words while the endpoint refuses them."""
        place = (self._config.provider, self._config.base_url, self._config.model)
        dialect = _dialects.get(place) or self._first_dialect()
        send = self._sender()
        while True:
            body = self._body(request, dialect)
            try:
                chunks = exchange.open(lambda: send(body))  # noqa: B023 - called before the next round
            except LLMError:
                raise
            except Exception as exc:
                simpler = dialect.after_refusal(status_of(exc), complaint_of(exc), body)
                if simpler is None:
                    raise
                dialect = simpler
            else:
                _dialects[place] = dialect
                return chunks, dialect

    def _read(
        self, exchange: Exchange, chunks: Iterable[Any], request: ChatRequest, dialect: Dialect
    ) -> Iterator[StreamEvent]:
        collector = Collector()
        try:
            for chunk in chunks:
                before = collector.received
                for event in self._take(chunk, collector):
                    exchange.pause()
                    yield event
                if collector.received > before:
                    exchange.progress()
        finally:
            close = getattr(chunks, "close", None)
            if close:
                close()
        yield from collector.end()
        usage = self._usage(request, collector)
        _check(collector, usage)
        calls = collector.tool_calls()
        yield from calls
        yield Completed(
            text=collector.text,
            tool_calls=calls,
            usage=usage,
            finish_reason="tool_calls" if calls else collector.finish or "unknown",
            model=self.name,
            structured_by=self._structured_by(dialect) if request.schema else "",
            ignored=("tools",) if request.tools and not dialect.tools else (),
        )

    def _usage(self, request: ChatRequest, collector: Collector) -> Usage:
        tokens_in, tokens_out = collector.tokens_in, collector.tokens_out
        estimated = tokens_in is None or tokens_out is None
        if tokens_in is None or tokens_out is None:
            tokens_in = estimate_prompt(request.messages)
            tokens_out = estimate_tokens(collector.text + collector.thoughts)
        cost = cost_of_call(self._config, tokens_in, tokens_out, collector.tokens_cached)
        return Usage(tokens_in=tokens_in, tokens_out=tokens_out, cost=cost, estimated=estimated)


def load_sdk(name: str, package: str) -> Any:
    """Import an optional SDK. Raise LLMError(NOT_INSTALLED), naming what to install."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise LLMError(ErrorKind.NOT_INSTALLED, f"pip install {package}") from None


def silence(*loggers: str) -> None:
    """Keep an SDK from logging requests. Whatever the root logger is set to, prompts stay out of the logs."""
    for name in loggers:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))


def _check(collector: Collector, usage: Usage) -> None:
    """Raise LLMError for an answer that is none."""
    if collector.refusal:
        raise LLMError(ErrorKind.REFUSED, clean(collector.refusal), usage=usage)
    if collector.is_empty and not collector.finish:
        raise LLMError(ErrorKind.BAD_RESPONSE, "no answer in the response; is the address right?")
    if collector.is_empty:
        raise LLMError(ErrorKind.BAD_RESPONSE, "the answer is empty", usage=usage)
