"""Limits on what models may consume, in tokens and in money, per run and per day.

    budget = Budget(run=Limit(tokens=50_000), day=Limit(cost=20.0), store=store)    # one per run
    chat = build_chat(config, budget=budget)
    ...
    budget.spent        # Usage of this run, failed and cancelled calls included (those are estimated)

Where the day's figures live is the caller's business: `store` keeps to SpendingStore. A limit in money can't hold
for a model without a known price; set one in tokens beside it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol, Unpack

from sre_portal.llm.base import (
    ChatModel,
    ChatOptions,
    Completed,
    EventStream,
    Message,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from sre_portal.llm.config import ModelConfig
from sre_portal.llm.errors import ErrorKind, LLMError
from sre_portal.llm.prices import cost_of_call
from sre_portal.llm.tokens import estimate_prompt, estimate_tokens

LOOK_EVERY = 500  # characters of an answer between two looks at the budget


@dataclass(frozen=True)
class Limit:
    """The most that may be spent. None means no limit."""

    tokens: int | None = None
    cost: float | None = None

    def broken_by(self, usage: Usage) -> str:
        """Say which limit a usage breaks, or return ""."""
        if self.tokens is not None and usage.tokens > self.tokens:
            return f"{self.tokens} tokens"
        if self.cost is not None and (usage.cost or 0.0) > self.cost:
            return f"{self.cost:g} USD"
        return ""


class SpendingStore(Protocol):
    def spent_on(self, day: date) -> Usage: ...

    def add(self, day: date, usage: Usage, model: str) -> None: ...


class MemoryStore:
    """A store for tests and single processes. Forgets at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._days: defaultdict[date, Usage] = defaultdict(Usage)

    def spent_on(self, day: date) -> Usage:
        return self._days[day]

    def add(self, day: date, usage: Usage, model: str) -> None:
        with self._lock:
            self._days[day] += usage


def _today() -> date:
    return datetime.now(UTC).date()


class Budget:
    """What one run may still spend, of its own limit and of the day's."""

    def __init__(
        self,
        *,
        run: Limit | None = None,
        day: Limit | None = None,
        store: SpendingStore | None = None,
        today: Callable[[], date] = _today,
    ) -> None:
        self._run = run or Limit()
        self._day = day or Limit()
        self._store = store or MemoryStore()
        self._today = today
        self.spent = Usage()

    def check(self, planned: Usage) -> None:
        """Raise LLMError(BUDGET) if spending this much more would break a limit."""
        broken = self._run.broken_by(self.spent + planned)
        if broken:
            raise LLMError(ErrorKind.BUDGET, f"{broken} per run")
        broken = self._day.broken_by(self._store.spent_on(self._today()) + planned)
        if broken:
            raise LLMError(ErrorKind.BUDGET, f"{broken} per day")

    def record(self, usage: Usage, model: str) -> None:
        self.spent += usage
        self._store.add(self._today(), usage, model)

    def guard(self, chat: ChatModel, config: ModelConfig) -> ChatModel:
        """Return the model with this budget in front of it."""
        return _BudgetedChat(chat, config, self)


class _BudgetedChat:
    def __init__(self, chat: ChatModel, config: ModelConfig, budget: Budget) -> None:
        self._chat = chat
        self._config = config
        self._budget = budget
        self.name = chat.name

    def stream(self, messages: Sequence[Message], **options: Unpack[ChatOptions]) -> EventStream:
        inner = self._chat.stream(messages, **options)
        return EventStream(self._events(inner, messages), abort=inner.close)

    def _events(self, inner: EventStream, messages: Sequence[Message]) -> Generator[StreamEvent]:
        usage = self._estimate(messages, "")
        self._budget.check(usage)
        usage = Usage()  # nothing was sent yet; from the first event on, the prompt counts
        written, next_look = "", 0
        try:
            for event in inner:
                if isinstance(event, TextDelta):
                    written += event.text
                elif isinstance(event, ToolCallDelta):
                    written += event.arguments
                elif isinstance(event, Completed):
                    usage = event.usage
                if len(written) > next_look:
                    next_look = len(written) + LOOK_EVERY
                    usage = self._estimate(messages, written)
                    self._budget.check(usage)
                yield event
        except LLMError as error:
            usage = error.usage or (self._estimate(messages, written) if written else usage)
            raise
        finally:
            inner.close()
            if usage.tokens:
                self._budget.record(usage, self.name)

    def _estimate(self, messages: Sequence[Message], written: str) -> Usage:
        tokens_in, tokens_out = estimate_prompt(messages), estimate_tokens(written)
        return Usage(tokens_in, tokens_out, cost_of_call(self._config, tokens_in, tokens_out), estimated=True)
