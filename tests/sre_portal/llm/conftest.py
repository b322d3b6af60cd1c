"""What the model tests share: the local server and configurations that point at it, with clocks that run fast."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from sre_portal.llm import registry, sdk_chat, watching
from sre_portal.llm.config import EmbeddingConfig, ModelConfig, RetryPolicy
from sre_portal.llm.exchange import Timeouts
from tests.openai_server import OpenAIServer, openai_server

__all__ = ["openai_server"]

PATIENT = Timeouts(connect=5.0, first_token=20.0, between_tokens=20.0, total=60.0)  # a loaded machine is no failure
FAST = Timeouts(connect=5.0, first_token=0.3, between_tokens=0.2, total=2.0)  # for models that never answer
STALLING = {"slow-headers", "slow-first-byte", "stall", "stall-with-pings"}
KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def _nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test meets endpoints for the first time. Nobody keeps records: these tests have no database."""
    monkeypatch.setattr(watching, "_records", [])
    sdk_chat._dialects.clear()
    registry._breaker.cache_clear()


@pytest.fixture
def config(openai_server: OpenAIServer) -> Callable[..., ModelConfig]:
    """Return a maker of configurations for the local server: `config("stall", total=1.0)`."""

    def make(model: str = "local-model", **changes: object) -> ModelConfig:
        clocks = {name: changes.pop(name) for name in ("connect", "first_token", "total") if name in changes}
        values = {
            "model": model,
            "base_url": openai_server.url,
            "api_key": KEY,
            "timeouts": dataclasses.replace(FAST if model in STALLING else PATIENT, **clocks),
            "retry": RetryPolicy(attempts=3, first_delay=0.01, longest_delay=0.5),
        }
        return ModelConfig(**{**values, **changes})

    return make


@pytest.fixture
def embedding_config(openai_server: OpenAIServer) -> Callable[..., EmbeddingConfig]:
    def make(**changes: object) -> EmbeddingConfig:
        values = {
            "model": "embedder",
            "base_url": openai_server.url,
            "api_key": KEY,
            "timeouts": PATIENT,
            "retry": RetryPolicy(attempts=2, first_delay=0.01, longest_delay=0.5),
        }
        return EmbeddingConfig(**{**values, **changes})

    return make
