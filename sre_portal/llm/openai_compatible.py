"""OpenAI and every endpoint that speaks its protocol. The only module that imports `openai`, and only when used.

    chat = OpenAIChat(ModelConfig(model="gpt-4o-mini", api_key=key))
    embeddings = OpenAIEmbeddings(EmbeddingConfig(model="text-embedding-3-small", api_key=key))

Without `base_url` it is OpenAI itself. Azure, vLLM, Ollama, llama.cpp, LM Studio and OpenRouter differ in what they
refuse; `dialect` learns that. Calls are not retried here: `resilience` does it for every provider alike.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sre_portal.llm.base import Embeddings, FinishReason, StreamEvent, Usage
from sre_portal.llm.collecting import Collector
from sre_portal.llm.config import EmbeddingConfig, ModelConfig
from sre_portal.llm.dialect import Dialect
from sre_portal.llm.errors import ErrorKind, LLMError
from sre_portal.llm.exchange import Exchange, Timeouts, http_client
from sre_portal.llm.failures import explained
from sre_portal.llm.openai_wire import OPENAI, body_of, first_dialect
from sre_portal.llm.prices import cost_of_call
from sre_portal.llm.sdk_chat import ChatRequest, SdkChat, silence
from sre_portal.llm.tokens import estimate_tokens

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


class OpenAIChat(SdkChat):
    """A chat model behind the OpenAI protocol."""

    def _first_dialect(self) -> Dialect:
        return first_dialect(self._config.base_url or OPENAI)

    def _body(self, request: ChatRequest, dialect: Dialect) -> dict[str, Any]:
        return body_of(self._config.model, request, dialect)

    def _sender(self) -> Callable[[dict[str, Any]], Iterable[Any]]:
        client = _client(self._config)
        return lambda body: _Chunks(client.chat.completions.create(**body))

    def _take(self, chunk: Any, collector: Collector) -> Iterable[StreamEvent]:
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            _take_usage(usage, collector)
        events: list[StreamEvent] = []
        for choice in getattr(chunk, "choices", None) or ():
            reason = getattr(choice, "finish_reason", None)
            if reason:
                _take_finish(reason, collector)
            events += _take_delta(getattr(choice, "delta", None) or getattr(choice, "message", None), collector)
        return events


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

    silence("openai", "httpx2", "httpcore2")
    return openai


@functools.lru_cache(maxsize=32)
def _shared_client(
    base_url: str, api_key: str, api_version: str, timeouts: Timeouts
) -> openai.OpenAI | openai.AzureOpenAI:
    """One client per endpoint, so that connections are shared between runs."""
    sdk = _sdk()
    shared = {"api_key": api_key or NO_KEY, "http_client": http_client(timeouts, base_url), "max_retries": 0}
    if api_version:
        azure: openai.AzureOpenAI = sdk.AzureOpenAI(azure_endpoint=base_url, api_version=api_version, **shared)
        return azure
    client: openai.OpenAI = sdk.OpenAI(base_url=base_url or OPENAI, **shared)
    return client


def _client(config: ModelConfig | EmbeddingConfig) -> openai.OpenAI:
    return _shared_client(config.base_url, config.api_key, config.api_version, config.timeouts)


# --- Reading the answer ------------------------------------------------------------------------------------------


class _Chunks:
    """The chunks of an answer. An endpoint that can't stream sends one whole answer, which is taken as one chunk."""

    def __init__(self, stream: openai.Stream[Any]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[Any]:
        response = self._stream.response
        if response.headers.get("content-type", "").startswith("application/json"):
            yield json.loads(response.read(), object_hook=lambda fields: SimpleNamespace(**fields))
        else:
            yield from self._stream

    def close(self) -> None:
        self._stream.close()


def _take_usage(usage: Any, collector: Collector) -> None:
    collector.tokens_in = getattr(usage, "prompt_tokens", None)
    collector.tokens_out = getattr(usage, "completion_tokens", None)
    details = getattr(usage, "prompt_tokens_details", None)
    collector.tokens_cached = getattr(details, "cached_tokens", None) or 0


def _take_finish(reason: str, collector: Collector) -> None:
    if reason == "content_filter":
        collector.refusal = collector.refusal or "content filter"
    else:
        collector.finish = FINISH.get(reason, "unknown")


def _take_delta(delta: Any, collector: Collector) -> Iterable[StreamEvent]:
    collector.refusal += getattr(delta, "refusal", None) or ""
    collector.add_thought(getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None))
    text = collector.add_text(getattr(delta, "content", None))
    calls = getattr(delta, "tool_calls", None)
    return [*text, *(event for call in calls for event in _take_call(call, collector))] if calls else text


def _take_call(call: Any, collector: Collector) -> Iterable[StreamEvent]:
    function = getattr(call, "function", None)
    return collector.add_tool_piece(
        getattr(call, "index", None),
        id=getattr(call, "id", None) or "",
        name=getattr(function, "name", None) or "",
        arguments=getattr(function, "arguments", None) or "",
    )
