"""End answers that will not end: too long, or the same thing over and over.

    chat = BoundedChat(chat, config)    # config.longest_answer, in characters

A bounded answer ends with an ordinary `Completed` whose finish_reason is "length" or "repeating", so that what came
before can still be used.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Unpack

from sre_portal.llm.base import (
    ChatModel,
    ChatOptions,
    Completed,
    EventStream,
    FinishReason,
    Message,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from sre_portal.llm.config import ModelConfig
from sre_portal.llm.prices import cost_of_call
from sre_portal.llm.tokens import estimate_prompt, estimate_tokens

LOOK_EVERY = 400  # characters between two looks for repetition
LOOK_BACK = 8_000
PROBE = 40
TIMES = 6  # copies in a row that make a loop …
LEAST = 480  # … and the characters they have to fill together: a rule of dashes is no loop


def is_repeating(text: str) -> bool:
    """Whether a text ends in several exact copies of one piece."""
    tail = text[-LOOK_BACK:]
    earlier = tail.rfind(tail[-PROBE:], 0, len(tail) - 1)
    if len(tail) < LEAST or earlier < 0:
        return False
    period = len(tail) - PROBE - earlier
    copies = max(TIMES, -(-LEAST // period))
    return len(tail) >= copies * period and tail[-copies * period :] == tail[-period:] * copies


class BoundedChat:
    """A model whose answers end after `config.longest_answer` characters, or when it goes round in circles."""

    def __init__(self, chat: ChatModel, config: ModelConfig) -> None:
        self._chat = chat
        self._config = config
        self.name = chat.name

    def stream(self, messages: Sequence[Message], **options: Unpack[ChatOptions]) -> EventStream:
        inner = self._chat.stream(messages, **options)
        return EventStream(self._events(inner, messages), abort=inner.close)

    def _events(self, inner: EventStream, messages: Sequence[Message]) -> Generator[StreamEvent]:
        text = arguments = ""
        next_look = LOOK_EVERY
        with inner:
            for event in inner:
                yield event
                if isinstance(event, TextDelta):
                    text += event.text
                elif isinstance(event, ToolCallDelta):
                    arguments += event.arguments
                if len(text) + len(arguments) >= next_look:
                    next_look += LOOK_EVERY
                    reason = self._reason_to_end(text, arguments)
                    if reason:
                        yield self._completed(text, arguments, reason, messages)
                        return

    def _reason_to_end(self, text: str, arguments: str) -> FinishReason | None:
        if len(text) + len(arguments) > self._config.longest_answer:
            return "length"
        return "repeating" if is_repeating(text) or is_repeating(arguments) else None

    def _completed(self, text: str, arguments: str, reason: FinishReason, messages: Sequence[Message]) -> Completed:
        tokens_in, tokens_out = estimate_prompt(messages), estimate_tokens(text + arguments)
        usage = Usage(tokens_in, tokens_out, cost_of_call(self._config, tokens_in, tokens_out), estimated=True)
        return Completed(text, (), usage, reason, self.name)
