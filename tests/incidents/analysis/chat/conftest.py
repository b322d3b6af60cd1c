"""A local endpoint with clocks that run fast."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from incidents.analysis.chat.analyst import ChatAnalyst, Limits
from sre_portal.llm import openai_compatible, registry
from sre_portal.llm.config import ModelConfig, RetryPolicy
from sre_portal.llm.exchange import Timeouts
from tests.openai_server import OpenAIServer, openai_server

__all__ = ["openai_server"]

LIMIT = 5.0  # seconds for a whole explanation
CLOCKS = Timeouts(connect=0.5, first_token=0.8, between_tokens=0.6, total=5.0)


@pytest.fixture(autouse=True)
def _nothing_learned() -> None:
    registry._breaker.cache_clear()
    for name in ("_dialects",):
        getattr(openai_compatible, name, {}).clear()


@pytest.fixture
def config(openai_server: OpenAIServer) -> Callable[..., ModelConfig]:
    def make(model: str = "local-model", **changes: object) -> ModelConfig:
        values = {
            "model": model,
            "base_url": openai_server.url,
            "api_key": "sk-test-0123456789abcdef",
            "timeouts": CLOCKS,
            "retry": RetryPolicy(attempts=2, first_delay=0.01, longest_delay=0.1),
        }
        return ModelConfig(**{**values, **changes})

    return make


@pytest.fixture
def analyst(config: Callable[..., ModelConfig]) -> Callable[..., ChatAnalyst]:
    """Return a maker of analysts that ask the local server: `analyst("stall")`."""

    def make(model: str = "local-model", **changes: object) -> ChatAnalyst:
        return ChatAnalyst(registry.build_chat(config(model)), **{"limits": Limits(seconds=LIMIT), **changes})

    return make
