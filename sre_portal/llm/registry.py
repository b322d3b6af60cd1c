"""Build models from their configuration. Modules of providers are loaded when the first one is built.

    chat = build_chat(ModelConfig(model="gpt-4o-mini", api_key=key), budget=budget)
    embedder = build_embeddings(EmbeddingConfig(model="text-embedding-3-small", api_key=key))

What comes back retries, rests an endpoint that keeps failing, ends runaway answers, keeps to the budget and asks the
fallbacks in their order. Building is cheap and happens per run: connections and breakers are shared underneath.
"""

from __future__ import annotations

import functools
import itertools
import random
import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from sre_portal.llm.base import ChatModel, EmbeddingModel, Embeddings, Usage
from sre_portal.llm.budget import Budget
from sre_portal.llm.config import EmbeddingConfig, ModelConfig
from sre_portal.llm.errors import ErrorKind, LLMError
from sre_portal.llm.limits import BoundedChat
from sre_portal.llm.resilience import CircuitBreaker, Guarded, ResilientChat, delay_before
from sre_portal.llm.watching import watched

CHAT_PROVIDERS = {
    "openai": "sre_portal.llm.openai_compatible.OpenAIChat",
    "anthropic": "sre_portal.llm.anthropic.AnthropicChat",
    "google": "sre_portal.llm.google.GoogleChat",
}
EMBEDDING_PROVIDERS = {
    "openai": "sre_portal.llm.openai_compatible.OpenAIEmbeddings",
}


def build_chat(config: ModelConfig, *, budget: Budget | None = None, restart: bool = False) -> ChatModel:
    """Return a chat model ready for use. See ResilientChat for `restart`.

    Raise LLMError(MISCONFIGURED) for an unknown provider, LLMError(NOT_INSTALLED) if its SDK is missing.
    """
    guarded = [_guarded(one, budget) for one in (config, *config.fallbacks)]
    return ResilientChat(guarded, policy=config.retry, restart=restart)


def _guarded(config: ModelConfig, budget: Budget | None) -> Guarded:
    chat: ChatModel = BoundedChat(bare_chat(config), config)
    if budget:
        chat = budget.guard(chat, config)
    return Guarded(chat, _breaker(config.provider, config.base_url, config.model))


def bare_chat(config: ModelConfig) -> ChatModel:
    """Return the provider's model without retries, limits or budget."""
    chat: ChatModel = _load(CHAT_PROVIDERS, config.provider)(config)
    return chat


def warm_up(config: ModelConfig) -> None:
    """Load what the first call would have to wait for: an SDK takes a second. Sends nothing. Raises as `build_chat`."""
    _load(CHAT_PROVIDERS, config.provider)(config).warm_up()


@functools.cache
def _breaker(provider: str, base_url: str, model: str) -> CircuitBreaker:
    """One breaker per endpoint and model, for all runs of this process."""
    return CircuitBreaker()


def build_embeddings(config: EmbeddingConfig) -> EmbeddingModel:
    """Return an embedding model that retries. Raises as `build_chat` does."""
    return _RetryingEmbeddings(_load(EMBEDDING_PROVIDERS, config.provider)(config), config)


class _RetryingEmbeddings:
    def __init__(self, model: EmbeddingModel, config: EmbeddingConfig) -> None:
        self._model = model
        self._config = config
        self.name = model.name

    def embed(self, texts: Sequence[str]) -> Embeddings:
        vectors: list[list[float]] = []
        usage = Usage()
        for start in range(0, len(texts), self._config.batch_size):
            answer = self._embed_batch(texts[start : start + self._config.batch_size])
            vectors += answer.vectors
            usage += answer.usage
        return Embeddings(vectors, usage)

    def _embed_batch(self, texts: Sequence[str]) -> Embeddings:
        for attempt in itertools.count(1):
            try:
                with watched(self._config, texts) as answered:
                    embeddings = self._model.embed(texts)
                    answered(embeddings)
                return embeddings
            except LLMError as failure:
                wait = delay_before(attempt, self._config.retry, failure, jitter=random.random())  # noqa: S311
                if wait is None:
                    raise
                time.sleep(wait)
        raise AssertionError("unreachable")


def _load(providers: dict[str, str], provider: str) -> Any:
    path = providers.get(provider)
    if path is None:
        raise LLMError(ErrorKind.MISCONFIGURED, f"provider {provider!r} is none of {', '.join(providers)}")
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)
