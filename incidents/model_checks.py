"""Check a model and keep a record of it, as of every call."""

from __future__ import annotations

from django.utils import timezone

from incidents import language_models
from incidents.model_calls import ModelCall
from sre_portal.llm.check import COUNT, LOOK_UP, STATE, CheckReport, check


def check_and_record(name: str, *, within: float = 30.0) -> CheckReport:
    """Ask a model three short questions that hold nothing of anybody's incidents."""
    started = timezone.now()
    report = check(language_models.config_of(name), within=within)
    usage = report.usage
    ModelCall.objects.create(
        purpose=ModelCall.Purpose.CHECK, model=report.model, endpoint=report.address, at=started,
        seconds=(timezone.now() - started).total_seconds(),
        outcome=ModelCall.Outcome.ANSWERED if report.is_usable else ModelCall.Outcome.FAILED,
        error=report.failure.reason("en")[:400] if report.failure else "",
        tokens_in=usage.tokens_in if usage else 0, tokens_out=usage.tokens_out if usage else 0,
        cost=usage.cost if usage else None, is_estimated=usage.estimated if usage else False,
        messages=[{"role": message.role, "content": message.content} for message in (*COUNT, *STATE, *LOOK_UP)],
        options={
            "first_token_ms": report.first_token_ms, "total_ms": report.total_ms, "streaming": report.streaming,
            "structured_by": report.structured_by, "tools": report.tools,
        },
    )  # fmt: skip
    return report


def latest_checks() -> list[ModelCall]:
    """The newest check of each model that is configured, for the page."""
    names = [language_models.config_of(name).name for name in language_models.configured_models()]
    found = (
        ModelCall.objects.filter(purpose=ModelCall.Purpose.CHECK, model=name).order_by("-id").first() for name in names
    )
    return [row for row in found if row is not None]
