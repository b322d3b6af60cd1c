"""OpenAI and every endpoint that speaks its protocol. The only module that imports `openai`, and only when used.

    chat = OpenAIChat(ModelConfig(model="gpt-4o-mini", api_key=key))
    embeddings = OpenAIEmbeddings(EmbeddingConfig(model="text-embedding-3-small", api_key=key))

Without `base_url` it is OpenAI itself. Azure, vLLM, Ollama, llama.cpp, LM Studio and OpenRouter differ in what they
refuse; `dialect` learns that. Calls are not retried here: `resilience` does it for every provider alike.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import math
from collections.abc import Generator, Iterator, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Unpack

from sre_portal.llm.base import (
    ChatOptions,
    Completed,
    Embeddings,
    EventStream,
    FinishReason,
    Message,
    StreamEvent,
    Usage,
)
from sre_portal.llm.collecting import Collector
from sre_portal.llm.config import EmbeddingConfig, ModelConfig
from sre_portal.llm.dialect import Dialect
from sre_portal.llm.errors import ErrorKind, LLMError
from sre_portal.llm.exchange import Exchange, Timeouts, http_client
from sre_portal.llm.failures import clean, complaint_of, explained
from sre_portal.llm.openai_wire import OPENAI, ChatRequest, body_of, first_dialect
from sre_portal.llm.prices import cost_of_call
from sre_portal.llm.tokens import estimate_prompt, estimate_tokens

if TYPE_CHECKING:
    import openai

NO_KEY = "no-key"  # local endpoints want none, the SDK insists on one

FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}

# What endpoints were found to understand, by address and model, for the life of the process.
_dialects: dict[tuple[str, str], Dialect] = {}


class OpenAIChat:
    """A chat model behind the OpenAI protocol."""

    def __init__(self, config: ModelConfig) -> None:
        self._config = config
        self.name = config.name

    def stream(self, messages: Sequence[Message], **options: Unpack[ChatOptions]) -> EventStream:
        request = ChatRequest.of(messages, options)
        exchange = Exchange(self._config.timeouts.within(options.get("within")))
        return EventStream(self._events(exchange, request), abort=exchange.cancel)

    def _events(self, exchange: Exchange, request: ChatRequest) -> Generator[StreamEvent]:
        try:
            with explained(exchange, self._config, prompt=request.texts):
                chunks, dialect = self._open(exchange, request)
                with contextlib.closing(chunks):
                    yield from self._read(exchange, chunks, request, dialect)
        finally:
            exchange.finish()

    def _open(self, exchange: Exchange, request: ChatRequest) -> tuple[openai.Stream[Any], Dialect]:
        """Send the request, in simpler and simpler words while the endpoint refuses them."""
        client = _client(self._config)
        place = (str(client.base_url), self._config.model)
        dialect = _dialects.get(place) or first_dialect(place[0])
        while True:
            sent = body_of(self._config.model, request, dialect)
            try:
                chunks: openai.Stream[Any] = exchange.open(lambda: client.chat.completions.create(**sent))  # noqa: B023
            except _sdk().APIStatusError as refusal:
                simpler = dialect.after_refusal(refusal.status_code, complaint_of(refusal), sent)
                if simpler is None:
                    raise
                dialect = simpler
            else:
                _dialects[place] = dialect
                return chunks, dialect

    def _read(
        self, exchange: Exchange, chunks: openai.Stream[Any], request: ChatRequest, dialect: Dialect
    ) -> Iterator[StreamEvent]:
        collector = Collector()
        reported: Any = None
        finish = ""
        for chunk in _chunks(chunks):
            reported = getattr(chunk, "usage", None) or reported
            for choice in getattr(chunk, "choices", None) or ():
                finish = getattr(choice, "finish_reason", None) or finish
                before = collector.received
                for event in _add(choice, collector):
                    exchange.pause()
                    yield event
                if collector.received > before:
                    exchange.progress()
        usage = self._usage(reported, request, collector)
        _check(collector, finish, usage)
        calls = collector.tool_calls()
        yield from calls
        yield Completed(
            text=collector.text,
            tool_calls=calls,
            usage=usage,
            finish_reason="tool_calls" if calls else FINISH.get(finish, "unknown"),
            model=self.name,
            structured_by=dialect.structured_by if request.schema else "",
            ignored=("tools",) if request.tools and not dialect.tools else (),
        )

    def _usage(self, reported: Any, request: ChatRequest, collector: Collector) -> Usage:
        tokens_in = getattr(reported, "prompt_tokens", None)
        tokens_out = getattr(reported, "completion_tokens", None)
        estimated = tokens_in is None or tokens_out is None
        if tokens_in is None or tokens_out is None:
            tokens_in = estimate_prompt(request.messages)
            tokens_out = estimate_tokens(collector.text + collector.thoughts)
        cached = getattr(getattr(reported, "prompt_tokens_details", None), "cached_tokens", None) or 0
        cost = cost_of_call(self._config, tokens_in, tokens_out, cached)
        return Usage(tokens_in=tokens_in, tokens_out=tokens_out, cost=cost, estimated=estimated)


class OpenAIEmbeddings:
    """Embeddings in batches. A batch that fails fails the call; vectors come in the order of the texts."""

    def __init__(self, config: EmbeddingConfig) -> None:
        self._config = config
        self.name = config.name

    def embed(self, texts: Sequence[str]) -> Embeddings:
        vectors: list[list[float]] = []
        usage = Usage()
        for start in range(0, len(texts), self._config.batch_size):
            batch = list(texts[start : start + self._config.batch_size])
            answer = self._embed_batch(batch)
            vectors += answer.vectors
            usage += answer.usage
        if len({len(vector) for vector in vectors}) > 1:
            raise LLMError(ErrorKind.BAD_RESPONSE, "the vectors differ in length", model=self.name)
        return Embeddings(vectors, usage)

    def _embed_batch(self, batch: list[str]) -> Embeddings:
        config = self._config
        exchange = Exchange(config.timeouts)
        wanted: dict[str, Any] = {"dimensions": config.dimensions} if config.dimensions else {}
        create = functools.partial(_client(config).embeddings.create, **wanted)
        try:
            with explained(exchange, config, prompt=batch):
                answer = exchange.open(lambda: create(model=config.model, input=batch, encoding_format="float"))
                vectors = [
                    list(map(float, item.embedding)) for item in sorted(answer.data, key=lambda item: item.index)
                ]
                tokens = getattr(answer.usage, "prompt_tokens", None)
        finally:
            exchange.finish()
        if len(vectors) != len(batch) or not all(vector and all(map(math.isfinite, vector)) for vector in vectors):
            raise LLMError(ErrorKind.BAD_RESPONSE, "the vectors do not fit the texts", model=self.name)
        counted = tokens if tokens is not None else sum(map(estimate_tokens, batch))
        return Embeddings(vectors, Usage(counted, 0, cost_of_call(config, counted, 0), estimated=tokens is None))


# --- The SDK -----------------------------------------------------------------------------------------------------


@functools.cache
def _sdk() -> Any:
    import openai

    # At DEBUG the SDK logs request options. Whatever the root logger is set to, prompts stay out of the logs.
    for name in ("openai", "httpx2", "httpcore2"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
    return openai


@functools.lru_cache(maxsize=32)
def _shared_client(
    base_url: str, api_key: str, api_version: str, timeouts: Timeouts
) -> openai.OpenAI | openai.AzureOpenAI:
    """One client per endpoint, so that connections are shared between runs."""
    sdk = _sdk()
    shared = {"api_key": api_key or NO_KEY, "http_client": http_client(timeouts), "max_retries": 0}
    if api_version:
        azure: openai.AzureOpenAI = sdk.AzureOpenAI(azure_endpoint=base_url, api_version=api_version, **shared)
        return azure
    client: openai.OpenAI = sdk.OpenAI(base_url=base_url or OPENAI, **shared)
    return client


def _client(config: ModelConfig | EmbeddingConfig) -> openai.OpenAI:
    return _shared_client(config.base_url, config.api_key, config.api_version, config.timeouts)


# --- Reading the answer ------------------------------------------------------------------------------------------


def _chunks(stream: openai.Stream[Any]) -> Iterator[Any]:
    """Yield the chunks. An endpoint that can't stream sends one whole answer, which is taken as one chunk."""
    if stream.response.headers.get("content-type", "").startswith("application/json"):
        yield json.loads(stream.response.read(), object_hook=lambda fields: SimpleNamespace(**fields))
        return
    yield from stream


def _add(choice: Any, collector: Collector) -> Iterator[StreamEvent]:
    delta = getattr(choice, "delta", None) or getattr(choice, "message", None)
    collector.refusal += getattr(delta, "refusal", None) or ""
    collector.add_thought(getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None))
    yield from collector.add_text(getattr(delta, "content", None))
    for call in getattr(delta, "tool_calls", None) or ():
        function = getattr(call, "function", None)
        yield from collector.add_tool_piece(
            getattr(call, "index", None),
            id=getattr(call, "id", None) or "",
            name=getattr(function, "name", None) or "",
            arguments=getattr(function, "arguments", None) or "",
        )


def _check(collector: Collector, finish: str, usage: Usage) -> None:
    """Raise LLMError for an answer that is none."""
    if collector.refusal:
        raise LLMError(ErrorKind.REFUSED, clean(collector.refusal), usage=usage)
    if finish == "content_filter":
        raise LLMError(ErrorKind.REFUSED, "content filter", usage=usage)
    if collector.is_empty and not finish:
        raise LLMError(ErrorKind.BAD_RESPONSE, "no answer in the response; is the address right?")
    if collector.is_empty:
        raise LLMError(ErrorKind.BAD_RESPONSE, "the answer is empty", usage=usage)
