"""Retries, a circuit breaker per endpoint, and fallbacks, around any chat models.

    chat = ResilientChat([primary, spare], policy=RetryPolicy(attempts=3))

A call is tried again only while nothing of it has been shown, unless the caller asks for `restart=True`; then a
`Retrying(discard=True)` event says that what came before is void. Waiting respects Retry-After and ends at `close()`.
"""

from __future__ import annotations

import itertools
import math
import random
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Unpack

from sre_portal.llm.base import ChatModel, ChatOptions, EventStream, Message, Retrying, StreamEvent
from sre_portal.llm.config import RetryPolicy
from sre_portal.llm.errors import ErrorKind, LLMError

# What speaks against the endpoint itself, so that asking it again at once is a waste of the operator's time.
BREAKING = {ErrorKind.UNREACHABLE, ErrorKind.UNAVAILABLE, ErrorKind.TIMEOUT, ErrorKind.INTERRUPTED}
FINAL = {ErrorKind.CANCELLED, ErrorKind.BUDGET}  # no other model may be asked either


def delay_before(attempt: int, policy: RetryPolicy, error: LLMError, *, jitter: float) -> float | None:
    """Return the seconds to wait before the next attempt, or None when there should be none.

    `attempt` counts the failed ones; `jitter` is between 0 and 1. A Retry-After beyond the policy's patience ends it.
    """
    if not error.is_passing or attempt >= policy.attempts:
        return None
    if error.retry_after is not None:
        asked = error.retry_after + jitter * policy.first_delay
        return asked if error.retry_after <= policy.longest_delay else None
    doubled: float = policy.first_delay * 2 ** (attempt - 1)
    return min(doubled, policy.longest_delay) * (0.5 + jitter / 2)


class CircuitBreaker:
    """Refuses calls for a while after several failures in a row, then lets one through to see."""

    def __init__(
        self, *, failures: int = 5, seconds: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        return self._failures >= self._limit

    def allows(self) -> bool:
        """Whether a call may be made now. After the pause, True for one caller only."""
        with self._lock:
            if not self.is_open:
                return True
            if self._probing or self._clock() - self._opened_at < self._seconds:
                return False
            self._probing = True
            return True

    def record(self, error: LLMError | None) -> None:
        """Note how an allowed call ended."""
        with self._lock:
            self._probing = False
            if error is None or error.kind not in BREAKING | {ErrorKind.CANCELLED}:
                self._failures = 0
            elif error.kind in BREAKING:
                self._failures += 1
                self._opened_at = self._clock()


@dataclass(frozen=True)
class Guarded:
    """A model with the breaker of its endpoint."""

    chat: ChatModel
    breaker: CircuitBreaker


class ResilientChat:
    """Asks the models in their order, each as often as the policy allows. The first one gives the name."""

    def __init__(
        self,
        models: Sequence[ChatModel | Guarded],
        *,
        policy: RetryPolicy | None = None,
        restart: bool = False,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._models = [model if isinstance(model, Guarded) else Guarded(model, CircuitBreaker()) for model in models]
        self._policy = policy or RetryPolicy()
        self._restart = restart
        self._jitter = jitter
        self.name = self._models[0].chat.name

    def stream(self, messages: Sequence[Message], **options: Unpack[ChatOptions]) -> EventStream:
        call = _Call(self._models, self._policy, self._jitter, restart=self._restart)
        return EventStream(call.events(messages, options), abort=call.abort)


class _Call:
    """One call through all its attempts."""

    def __init__(
        self, models: Sequence[Guarded], policy: RetryPolicy, jitter: Callable[[], float], *, restart: bool
    ) -> None:
        self._models = models
        self._policy = policy
        self._jitter = jitter
        self._restart = restart
        self._aborted = threading.Event()
        self._current: EventStream | None = None
        self._shown = False
        self._ends_at = math.inf

    def abort(self) -> None:
        self._aborted.set()
        current = self._current
        if current:
            current.close()

    def events(self, messages: Sequence[Message], options: ChatOptions) -> Generator[StreamEvent]:
        within = options.get("within")
        if within is not None:
            self._ends_at = time.monotonic() + within
        failure: LLMError | None = None
        for model in self._models:
            if failure:
                yield self._retrying(model, 1, 0.0, failure)
            failure = yield from self._ask(model, messages, options)
            if failure is None:
                return
            if not self._may_go_on(failure):
                break
        if failure:
            raise failure

    def _ask(
        self, model: Guarded, messages: Sequence[Message], options: ChatOptions
    ) -> Generator[StreamEvent, None, LLMError | None]:
        """Ask one model as often as the policy allows. Return the last failure, or None after a success."""
        for attempt in itertools.count(1):
            if not model.breaker.allows():
                return LLMError(ErrorKind.UNAVAILABLE, "resting after repeated failures", model=model.chat.name)
            failure = yield from self._attempt(model, messages, options)
            if failure is None or not self._may_go_on(failure):
                return failure
            wait = delay_before(attempt, self._policy, failure, jitter=self._jitter())
            if wait is None or time.monotonic() + wait >= self._ends_at:
                return failure
            yield self._retrying(model, attempt + 1, wait, failure)
            if self._aborted.wait(wait):
                return LLMError(ErrorKind.CANCELLED, model=model.chat.name)
        return None

    def _attempt(
        self, model: Guarded, messages: Sequence[Message], options: ChatOptions
    ) -> Generator[StreamEvent, None, LLMError | None]:
        """Ask once. Return the failure, or None after a success."""
        if self._ends_at < math.inf:
            options = {**options, "within": self._ends_at - time.monotonic()}
        outcome: LLMError | None = LLMError(ErrorKind.CANCELLED)  # stands if the reader leaves in the middle
        try:
            with model.chat.stream(messages, **options) as self._current:
                if self._aborted.is_set():
                    self._current.close()
                for event in self._current:
                    self._shown = self._shown or not isinstance(event, Retrying)
                    yield event
            outcome = None
        except LLMError as failure:
            outcome = failure
        finally:
            self._current = None
            model.breaker.record(outcome)
        return outcome

    def _may_go_on(self, failure: LLMError) -> bool:
        shown_too_much = self._shown and not self._restart
        return failure.kind not in FINAL and not shown_too_much and time.monotonic() < self._ends_at

    def _retrying(self, model: Guarded, attempt: int, wait: float, failure: LLMError) -> Retrying:
        discard, self._shown = self._shown, False
        return Retrying(model.chat.name, attempt, wait, failure, discard)
