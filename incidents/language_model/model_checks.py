"""Check a model and keep a record of it, as of every call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from incidents.language_model import language_models
from incidents.language_model.model_calls import ModelCall
from sre_portal.llm.base import Message
from sre_portal.llm.check import COUNT, LOOK_UP, STATE, CheckReport, check, check_embeddings
from sre_portal.llm.config import EmbeddingConfig


def check_and_record(name: str, *, within: float = 30.0) -> CheckReport:
    """Ask a model three short questions that hold nothing of anybody's incidents."""
    started = timezone.now()
    report = check(language_models.config_of(name), within=within)
    _record(report, started, (*COUNT, *STATE, *LOOK_UP))
    return report


def check_embeddings_and_record() -> CheckReport:
    """Have the configured embedding model embed two short texts."""
    started = timezone.now()
    report = check_embeddings(
        EmbeddingConfig(
            model=settings.OPENAI_EMBEDDING_MODEL, api_key=settings.OPENAI_API_KEY, base_url=settings.OPENAI_BASE_URL
        )
    )
    _record(report, started, ())
    return report


def _record(report: CheckReport, started: datetime, asked: Sequence[Message]) -> None:
    usage = report.usage
    ModelCall.objects.create(
        purpose=ModelCall.Purpose.CHECK, model=report.model, endpoint=report.address, at=started,
        seconds=(timezone.now() - started).total_seconds(),
        outcome=ModelCall.Outcome.ANSWERED if report.is_usable else ModelCall.Outcome.FAILED,
        error=report.failure.reason("en")[:400] if report.failure else "",
        tokens_in=usage.tokens_in if usage else 0, tokens_out=usage.tokens_out if usage else 0,
        cost=usage.cost if usage else None, is_estimated=usage.estimated if usage else False,
        messages=[{"role": message.role, "content": message.content} for message in asked],
        options={
            "first_token_ms": report.first_token_ms, "total_ms": report.total_ms, "streaming": report.streaming,
            "structured_by": report.structured_by, "tools": report.tools, "dimensions": report.dimensions,
        },
    )  # fmt: skip


def latest_check(model: str) -> ModelCall | None:
    """The newest check of a model by its full name."""
    return ModelCall.objects.filter(purpose=ModelCall.Purpose.CHECK, model=model).order_by("-id").first()
