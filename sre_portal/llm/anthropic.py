"""Anthropic's models through their own SDK. The only module that imports `anthropic`, and only when used.

    chat = AnthropicChat(ModelConfig(provider="anthropic", model="claude-sonnet-5-5", api_key=key))

No temperature is sent: the current models refuse one. The SDK is an extra: without it the first answer raises
LLMError(NOT_INSTALLED), which says what to install.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from typing import Any

from sre_portal.llm.base import FinishReason, Message, StreamEvent, StructuredBy
from sre_portal.llm.collecting import Collector
from sre_portal.llm.dialect import Dialect
from sre_portal.llm.exchange import Timeouts, http_client
from sre_portal.llm.openai_wire import with_schema_in_words
from sre_portal.llm.sdk_chat import ChatRequest, SdkChat, load_sdk, silence

ANTHROPIC = "https://api.anthropic.com"
LONGEST_ANSWER = 8_192  # tokens; the protocol wants a limit, and all models allow this one

FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}


class AnthropicChat(SdkChat):
    """A Claude model."""

    def _first_dialect(self) -> Dialect:
        return Dialect(limit_name="")  # always sent, never negotiable

    def _structured_by(self, dialect: Dialect) -> StructuredBy:
        return "json_schema" if dialect.structured_by == "json_schema" else "instructions"

    def _sender(self) -> Callable[[dict[str, Any]], Iterable[Any]]:
        client = _client(self._config.base_url, self._config.api_key, self._config.timeouts)

        def send(body: dict[str, Any]) -> Iterable[Any]:
            chunks: Iterable[Any] = client.messages.create(**body, stream=True)
            return chunks

        return send

    def _body(self, request: ChatRequest, dialect: Dialect) -> dict[str, Any]:
        messages: Iterable[Message] = request.messages
        body: dict[str, Any] = {"model": self._config.model, "max_tokens": request.max_tokens or LONGEST_ANSWER}
        if request.schema and dialect.structured_by == "json_schema":
            body["output_config"] = {"format": {"type": "json_schema", "schema": dict(request.schema.schema)}}
        elif request.schema:
            messages = with_schema_in_words(request.messages, request.schema)
        if request.tools and dialect.tools:
            body["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
                for tool in request.tools
            ]
        system = "\n\n".join(message.content for message in messages if message.role == "system")
        if system:
            body["system"] = system
        body["messages"] = _turns(message for message in messages if message.role != "system")
        return body

    def _take(self, chunk: Any, collector: Collector) -> Iterable[StreamEvent]:
        if chunk.type == "content_block_delta":
            return _continue(chunk.index, chunk.delta, collector)
        if chunk.type == "content_block_start":
            return _begin(chunk.index, chunk.content_block, collector)
        if chunk.type == "message_start":
            _take_usage(chunk.message.usage, collector)
        elif chunk.type == "message_delta":
            _take_usage(chunk.usage, collector)
            _take_finish(chunk.delta.stop_reason, collector)
        return ()


@functools.lru_cache(maxsize=32)
def _client(base_url: str, api_key: str, timeouts: Timeouts) -> Any:
    sdk = load_sdk("anthropic", "anthropic")
    silence("anthropic", "httpx2", "httpcore2")
    return sdk.Anthropic(
        api_key=api_key or "no-key",
        base_url=base_url or ANTHROPIC,
        http_client=http_client(timeouts, base_url),
        max_retries=0,
    )


def _begin(index: int, block: Any, collector: Collector) -> Iterable[StreamEvent]:
    if block.type == "text":
        return collector.add_text(block.text)
    if block.type == "tool_use":
        # Thoughts have to come back unchanged before the tool call they led to.
        opaque = json.dumps(list(collector.blocks.values())) if collector.blocks else ""
        collector.blocks.clear()
        return collector.add_tool_piece(index, id=block.id, name=block.name, opaque=opaque)
    if block.type in ("thinking", "redacted_thinking"):
        collector.blocks[index] = block.model_dump(exclude_none=True)
    return ()


def _continue(index: int, delta: Any, collector: Collector) -> Iterable[StreamEvent]:
    if delta.type == "text_delta":
        return collector.add_text(delta.text)
    if delta.type == "input_json_delta":
        return collector.add_tool_piece(index, arguments=delta.partial_json)
    if delta.type == "thinking_delta":
        collector.blocks[index]["thinking"] += delta.thinking
        collector.add_thought(delta.thinking)
    elif delta.type == "signature_delta":
        collector.blocks[index]["signature"] = delta.signature
    return ()


def _take_finish(reason: str | None, collector: Collector) -> None:
    if reason == "refusal":
        collector.refusal = "the model's own safety check"
    elif reason:
        collector.finish = FINISH.get(reason, "unknown")


def _take_usage(usage: Any, collector: Collector) -> None:
    """Take the counts in. Anthropic counts what was cached apart from the other input."""
    cached = getattr(usage, "cache_read_input_tokens", None) or 0
    written = getattr(usage, "cache_creation_input_tokens", None) or 0
    if getattr(usage, "input_tokens", None) is not None:
        collector.tokens_in = usage.input_tokens + cached + written
        collector.tokens_cached = cached
    collector.tokens_out = usage.output_tokens


def _turns(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Put messages into turns of user and assistant. Results of several tools share one turn."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.content}]
    text = [{"type": "text", "text": message.content}] if message.content else []
    thoughts = [thought for call in message.tool_calls if call.opaque for thought in json.loads(call.opaque)]
    calls = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.parsed()} for call in message.tool_calls
    ]
    return [*thoughts, *text, *calls]
