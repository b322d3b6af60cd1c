"""Find out what a configured model can do, with three short calls and no retries.

report = check(config)
report.is_usable, report.first_token_ms, report.streaming, report.structured_by, report.tools
report.failure.reason("ko")     # why not, if it is not usable
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from sre_portal.llm.base import ChatModel, Completed, Message, Schema, StructuredBy, TextDelta, Tool, Usage, complete
from sre_portal.llm.config import EmbeddingConfig, ModelConfig
from sre_portal.llm.errors import LLMError
from sre_portal.llm.registry import bare_chat, build_embeddings

COUNT = [Message("user", "Count from 1 to 10, separated by spaces. Write nothing else.")]
STATE = [Message("user", "Is this true: 2 + 2 = 4? Put true or false in the field `answer`.")]
LOOK_UP = [Message("user", "Use the tool `look_up` to look up the word redis.")]

ANSWER = Schema(
    "check",
    {
        "type": "object",
        "properties": {"answer": {"type": "boolean"}},
        "required": ["answer"],
        "additionalProperties": False,
    },
)
TOOL = Tool(
    "look_up",
    "Look a word up.",
    {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
)


@dataclass(frozen=True)
class CheckReport:
    """What was found. None means that it could not be looked at, because an earlier call failed."""

    model: str
    address: str
    failure: LLMError | None = None
    first_token_ms: float | None = None
    total_ms: float | None = None
    streaming: bool | None = None
    structured_by: StructuredBy | None = None  # "" when even the request in words brought no JSON
    tools: bool | None = None
    dimensions: int | None = None  # of an embedding model
    usage: Usage | None = None

    @property
    def is_usable(self) -> bool:
        return self.failure is None


@dataclass(frozen=True)
class _Timing:
    first_token_ms: float
    total_ms: float
    pieces: int
    usage: Usage


def check(config: ModelConfig, *, within: float = 30.0) -> CheckReport:
    """Ask the model (not its fallbacks) and report. Never raises LLMError."""
    address = urlsplit(config.base_url).netloc or config.provider
    try:
        chat = bare_chat(config)
        timing = _time(chat, within)
    except LLMError as failure:
        return CheckReport(config.name, address, failure=failure)
    structured_by, usage_of_schema = _structured_by(chat, within)
    tools, usage_of_tools = _calls_tools(chat, within)
    return CheckReport(
        model=config.name,
        address=address,
        first_token_ms=timing.first_token_ms,
        total_ms=timing.total_ms,
        streaming=timing.pieces > 1,
        structured_by=structured_by,
        tools=tools,
        usage=timing.usage + usage_of_schema + usage_of_tools,
    )


def check_embeddings(config: EmbeddingConfig) -> CheckReport:
    """Embed two short texts and report. Never raises LLMError."""
    address = urlsplit(config.base_url).netloc or config.provider
    started = time.monotonic()
    try:
        answer = build_embeddings(config).embed(["memory is full", "메모리가 가득 찼습니다"])
    except LLMError as failure:
        return CheckReport(config.name, address, failure=failure)
    total_ms = (time.monotonic() - started) * 1000
    return CheckReport(config.name, address, total_ms=total_ms, dimensions=len(answer.vectors[0]), usage=answer.usage)


def _time(chat: ChatModel, within: float) -> _Timing:
    started = time.monotonic()
    first: float | None = None
    pieces = 0
    usage = Usage()
    with chat.stream(COUNT, within=within) as events:
        for event in events:
            if isinstance(event, TextDelta):
                first = first or time.monotonic()
                pieces += 1
            elif isinstance(event, Completed):
                usage = event.usage
    ended = time.monotonic()
    return _Timing(((first or ended) - started) * 1000, (ended - started) * 1000, pieces, usage)


def _structured_by(chat: ChatModel, within: float) -> tuple[StructuredBy | None, Usage]:
    try:
        end = complete(chat, STATE, schema=ANSWER, within=within)
    except LLMError:
        return None, Usage()
    try:
        fits = isinstance(json.loads(end.text).get("answer"), bool)
    except (ValueError, AttributeError):
        fits = False
    return end.structured_by if fits else "", end.usage


def _calls_tools(chat: ChatModel, within: float) -> tuple[bool | None, Usage]:
    try:
        end = complete(chat, LOOK_UP, tools=[TOOL], within=within)
    except LLMError:
        return None, Usage()
    return any(call.name == TOOL.name for call in end.tool_calls), end.usage
