"""Which language models this installation may ask, from the settings. Loads no SDK by being imported."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import replace

from django.conf import settings

from incidents.diagnostics.redaction import ALL, Kind
from incidents.language_model.auditing import AuditedBudget, CallLog
from sre_portal.llm import registry
from sre_portal.llm.base import ChatModel, LLMError
from sre_portal.llm.budget import Budget, Limit
from sre_portal.llm.config import ModelConfig
from sre_portal.llm.registry import CHAT_PROVIDERS, build_chat

EXPLAIN, FOLLOW_UP, DRAFT = "explain", "follow-up", "draft"
OWN_KEYS = {"anthropic": "ANTHROPIC_API_KEY", "google": "GOOGLE_API_KEY"}


def is_configured() -> bool:
    """Whether there is a model to ask at all."""
    return bool(settings.CHAT_ENABLED)


def model_for(task: str) -> str:
    """The name of the model that does a task."""
    named = {FOLLOW_UP: settings.MODEL_FOLLOW_UP, DRAFT: settings.MODEL_DRAFT}.get(task, "")
    return str(named or settings.OPENAI_MODEL)


def configured_models() -> list[str]:
    """Every model that may be asked, the first one first."""
    if not is_configured():
        return []
    tasks = (model_for(task) for task in (EXPLAIN, FOLLOW_UP, DRAFT))
    return list(dict.fromkeys([*tasks, *settings.MODEL_FALLBACKS]))


def config_of(name: str) -> ModelConfig:
    """Read `model`, `provider:model` or `model@http://host/v1`. A colon within a model's own name is left alone."""
    name, at, address = name.partition("@http")
    provider, colon, model = name.partition(":")
    if not colon or provider not in CHAT_PROVIDERS:
        provider, model = "openai", name
    if provider in OWN_KEYS:
        return ModelConfig(model=model, provider=provider, api_key=getattr(settings, OWN_KEYS[provider]))
    return ModelConfig(
        model=model,
        # The key belongs to the configured endpoint; another one must not be told it.
        api_key="" if at else settings.OPENAI_API_KEY,
        base_url=f"http{address}" if at else settings.OPENAI_BASE_URL,
        api_version="" if at else settings.OPENAI_API_VERSION,
    )


def config_for(task: str, *, model: str = "") -> ModelConfig:
    """The model of a task, with its fallbacks. A model that is named has none: an evaluation must not mix them."""
    if model:
        return config_of(model)
    fallbacks = tuple(config_of(name) for name in settings.MODEL_FALLBACKS)
    return replace(config_of(model_for(task)), fallbacks=fallbacks)


def chat_for(task: str, log: CallLog | None, *, model: str = "") -> ChatModel:
    """A model for one run, question or draft. Without a log nothing is written down, as in evaluations."""
    run = _limit(settings.MODEL_RUN_TOKENS, settings.MODEL_RUN_COST_USD)
    day = _limit(settings.MODEL_DAY_TOKENS, settings.MODEL_DAY_COST_USD)
    budget = AuditedBudget(log, run=run, day=day) if log else Budget(run=run)
    return build_chat(config_for(task, model=model), budget=budget)


def warm_up() -> None:
    """Load the SDK of the model that explains. Nothing without a model; one that can't be built says so when asked."""
    if is_configured():
        with contextlib.suppress(LLMError):
            registry.warm_up(config_of(model_for(EXPLAIN)))


def _limit(tokens: int, cost: float) -> Limit:
    return Limit(tokens=tokens or None, cost=cost or None)


def masked_kinds() -> Collection[Kind]:
    """What is masked before anything is sent."""
    if not settings.MODEL_MASKING:
        return ()
    return ALL - {Kind(name) for name in settings.MODEL_UNMASKED}
