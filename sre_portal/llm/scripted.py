"""A chat model that says what it was told to: for tests and demonstrations without a network.

chat = ScriptedChat("Memory is full.", LLMError(ErrorKind.TIMEOUT), ToolCall("1", "search", "{}"))
chat.calls          # the messages of every call so far
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import Unpack

from sre_portal.llm.base import (
    ChatOptions,
    Completed,
    EventStream,
    Message,
    StreamEvent,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from sre_portal.llm.errors import LLMError
from sre_portal.llm.tokens import estimate_prompt, estimate_tokens

Line = str | ToolCall | LLMError | Sequence[str | LLMError]


class ScriptedChat:
    """Answers each call with the next line of its script; the last one stays.

    A string is streamed by words; a list of strings as they stand, and an error in it breaks the answer off there.
    """

    def __init__(self, *script: Line, name: str = "scripted") -> None:
        self._script = list(script) or [""]
        self.name = name
        self.calls: list[tuple[Message, ...]] = []

    def stream(self, messages: Sequence[Message], **options: Unpack[ChatOptions]) -> EventStream:
        line = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        self.calls.append(tuple(messages))
        return EventStream(self._events(line, messages))

    def _events(self, line: Line, messages: Sequence[Message]) -> Generator[StreamEvent]:
        text = ""
        calls: tuple[ToolCall, ...] = ()
        if isinstance(line, LLMError):
            raise line
        if isinstance(line, ToolCall):
            calls = (line,)
            yield ToolCallDelta(0, line.name, line.arguments)
            yield line
        else:
            for piece in re.findall(r"\s*\S+", line) if isinstance(line, str) else line:
                if isinstance(piece, LLMError):
                    raise piece
                text += piece
                yield TextDelta(piece)
        usage = Usage(estimate_prompt(messages), estimate_tokens(text), estimated=True)
        yield Completed(text, calls, usage, "tool_calls" if calls else "stop", self.name)
