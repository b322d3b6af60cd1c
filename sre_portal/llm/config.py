"""Which model to talk to and how: plain values, no environment, no Django.

ModelConfig(model="gpt-4o-mini", api_key=key)                                   # OpenAI
ModelConfig(model="qwen3:8b", base_url="http://localhost:11434/v1")             # Ollama, vLLM, llama.cpp, LM Studio
ModelConfig(model="my-deployment", base_url="https://x.openai.azure.com/openai/v1/", api_key=key)   # Azure
ModelConfig(provider="anthropic", model="claude-sonnet-4-5", api_key=key)       # needs the `anthropic` package
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sre_portal.llm.exchange import Timeouts


@dataclass(frozen=True)
class RetryPolicy:
    """How often a failed call is tried again, and how long it may be put off (seconds)."""

    attempts: int = 3
    first_delay: float = 0.5
    longest_delay: float = 20.0


@dataclass(frozen=True)
class ModelConfig:
    """One model of one provider. `fallbacks` are asked in their order when it fails.

    `prices` (US dollars per million tokens in, out) overrides the price table. `api_version` is for Azure's dated API.
    """

    model: str
    provider: str = "openai"
    api_key: str = field(default="", repr=False)
    base_url: str = ""
    api_version: str = ""
    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    longest_answer: int = 100_000  # characters; a longer answer is ended as "length"
    prices: tuple[float, float] | None = None
    fallbacks: tuple[ModelConfig, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.provider}:{self.model}"


@dataclass(frozen=True)
class EmbeddingConfig:
    """An embedding model. `dimensions` asks for shorter vectors where the model can; 0 leaves it alone."""

    model: str
    provider: str = "openai"
    api_key: str = field(default="", repr=False)
    base_url: str = ""
    api_version: str = ""
    dimensions: int = 0
    batch_size: int = 128
    timeouts: Timeouts = Timeouts(first_token=30.0, total=60.0)  # noqa: RUF009 - a frozen value
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    prices: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        return f"{self.provider}:{self.model}" + (f":{self.dimensions}" if self.dimensions else "")
