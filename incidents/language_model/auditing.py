"""Put a record and a budget in front of every model: no call without a row, no row without its cost.

log = CallLog(incident_id=7, run_id=12)
chat = build_chat(config, budget=AuditedBudget(log, run=Limit(tokens=100_000)))
log.purpose = "explain"
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Unpack
from urllib.parse import urlsplit

from django.db import DatabaseError
from django.utils import timezone

from incidents.language_model.model_calls import ModelCall
from incidents.texts import storable_json, storable_text
from incidents.turns import in_turn
from sre_portal.llm.base import (
    ChatModel,
    ChatOptions,
    Completed,
    EventStream,
    LLMError,
    Message,
    StreamEvent,
    TextDelta,
    Usage,
)
from sre_portal.llm.budget import Budget, Limit
from sre_portal.llm.config import ModelConfig

logger = logging.getLogger(__name__)
Outcome = ModelCall.Outcome
CACHE_SECONDS = 2.0  # how long the day's sum may be old: it is asked for while an answer streams


@dataclass
class CallLog:
    """Where the calls of one run, question or draft are written down."""

    incident_id: int | None = None
    run_id: int | None = None
    requested_by_id: int | None = None
    purpose: str = "explain"
    fixed_purpose: str = ""  # of a replay: whatever the call is for, it is one
    masked: Mapping[str, int] = field(default_factory=dict)
    last: ModelCall | None = None

    def begin(self, config: ModelConfig, messages: Sequence[Message], options: ChatOptions) -> ModelCall:
        """Write a call down before it is sent. A database that can't keep it stops the call."""
        row = ModelCall(
            incident_id=self.incident_id, run_id=self.run_id, requested_by_id=self.requested_by_id,
            purpose=self.fixed_purpose or self.purpose, model=config.name,
            endpoint=urlsplit(config.base_url).netloc or config.provider,
            at=timezone.now(), masked=dict(self.masked), messages=storable_json(written(messages)),
            options=_options(options),
        )  # fmt: skip
        with in_turn():
            row.save(force_insert=True)
        self.last = row
        return row

    def end(self, row: ModelCall, *, outcome: str, answer: str, seconds: float, error: str = "") -> None:
        row.outcome, row.answer, row.seconds, row.error = outcome, storable_text(answer), seconds, error[:400]
        try:
            with in_turn():
                row.save(update_fields=["outcome", "answer", "seconds", "error"])
        except DatabaseError:  # the call is over either way; its beginning is on record
            logger.exception("could not complete the record of model call %s", row.pk)

    # --- What a budget asks of its store -----------------------------------------------------------------------

    _sums: dict[date, tuple[float, Usage]] = field(default_factory=dict)

    def spent_on(self, day: date) -> Usage:
        known = self._sums.get(day)
        if known is None or time.monotonic() - known[0] > CACHE_SECONDS:
            known = self._sums[day] = (time.monotonic(), ModelCall.objects.of_day(day).spent())
        return known[1]

    def add(self, day: date, usage: Usage, model: str) -> None:
        self._sums.clear()
        if self.last is None:
            return
        with in_turn():
            ModelCall.objects.filter(pk=self.last.pk).update(
                tokens_in=usage.tokens_in, tokens_out=usage.tokens_out, cost=usage.cost, is_estimated=usage.estimated
            )


def written(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as they are kept: plain values."""
    return [
        {
            "role": message.role,
            "content": message.content,
            **({"tool_calls": [{"name": c.name, "arguments": c.arguments} for c in message.tool_calls]}
               if message.tool_calls else {}),
        }
        for message in messages
    ]  # fmt: skip


def _options(options: ChatOptions) -> dict[str, Any]:
    schema = options.get("schema")
    return {
        "schema": schema.name if schema else "",
        "tools": [tool.name for tool in options.get("tools") or ()],
        "temperature": options.get("temperature"),
        "max_tokens": options.get("max_tokens"),
    }


class AuditedBudget(Budget):
    """A budget whose every call is written down."""

    def __init__(self, log: CallLog, *, run: Limit | None = None, day: Limit | None = None) -> None:
        super().__init__(run=run, day=day, store=log)
        self._log = log

    def guard(self, chat: ChatModel, config: ModelConfig) -> ChatModel:
        return super().guard(_AuditedChat(chat, config, self._log), config)


class _AuditedChat:
    def __init__(self, chat: ChatModel, config: ModelConfig, log: CallLog) -> None:
        self._chat = chat
        self._config = config
        self._log = log
        self.name = chat.name

    def stream(self, messages: Sequence[Message], **options: Unpack[ChatOptions]) -> EventStream:
        inner = self._chat.stream(messages, **options)
        return EventStream(self._events(inner, messages, options), abort=inner.close)

    def _events(self, inner: EventStream, messages: Sequence[Message], options: ChatOptions) -> Generator[StreamEvent]:
        row = self._log.begin(self._config, messages, options)
        started = time.monotonic()
        outcome, error, pieces = Outcome.ABANDONED, "", list[str]()
        try:
            with inner:
                for event in inner:
                    if isinstance(event, TextDelta):
                        pieces.append(event.text)
                    elif isinstance(event, Completed):
                        outcome = Outcome.ANSWERED
                    yield event
        except LLMError as failure:
            outcome, error = Outcome.FAILED, failure.reason("en")
            raise
        finally:
            seconds = round(time.monotonic() - started, 3)
            self._log.end(row, outcome=outcome, answer="".join(pieces), seconds=seconds, error=error)
