"""Google's models through their own SDK. The only module that imports `google.genai`, and only when used.

    chat = GoogleChat(ModelConfig(provider="google", model="gemini-3.8-flash", api_key=key))

The SDK is an extra: without it the first answer raises LLMError(NOT_INSTALLED), which says what to install.
"""

from __future__ import annotations

import base64
import functools
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sre_portal.llm.base import FinishReason, Message, StreamEvent, ToolCall
from sre_portal.llm.collecting import Collector
from sre_portal.llm.dialect import Dialect
from sre_portal.llm.exchange import Timeouts, http_client
from sre_portal.llm.openai_wire import with_schema_in_words
from sre_portal.llm.sdk_chat import ChatRequest, SdkChat, load_sdk, silence

FINISH: dict[str, FinishReason] = {"STOP": "stop", "MAX_TOKENS": "length"}
REFUSALS = {"SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "RECITATION", "MODEL_ARMOR"}


class GoogleChat(SdkChat):
    """A Gemini model."""

    def _first_dialect(self) -> Dialect:
        return Dialect(limit_name="max_output_tokens")

    def _sender(self) -> Callable[[dict[str, Any]], Iterable[Any]]:
        client = _client(self._config.base_url, self._config.api_key, self._config.timeouts)

        def send(body: dict[str, Any]) -> Iterable[Any]:
            contents = body["contents"]
            config = {name: value for name, value in body.items() if name != "contents"}
            chunks = client.models.generate_content_stream(model=self._config.model, contents=contents, config=config)
            return _begun(chunks)

        return send

    def _body(self, request: ChatRequest, dialect: Dialect) -> dict[str, Any]:
        messages: Iterable[Message] = request.messages
        body: dict[str, Any] = {"automatic_function_calling": {"disable": True}}
        if request.schema and dialect.structured_by != "instructions":
            body["response_mime_type"] = "application/json"
        if request.schema and dialect.structured_by == "json_schema":
            body["response_json_schema"] = dict(request.schema.schema)
        elif request.schema:
            messages = with_schema_in_words(request.messages, request.schema)
        if request.max_tokens and dialect.limit_name:
            body[dialect.limit_name] = request.max_tokens
        if request.temperature is not None and dialect.temperature:
            body["temperature"] = request.temperature
        if request.tools and dialect.tools:
            functions = [
                {"name": tool.name, "description": tool.description, "parameters_json_schema": dict(tool.parameters)}
                for tool in request.tools
            ]
            body["tools"] = [{"function_declarations": functions}]
        system = "\n\n".join(message.content for message in messages if message.role == "system")
        if system:
            body["system_instruction"] = system
        body["contents"] = _contents([message for message in messages if message.role != "system"])
        return body

    def _take(self, chunk: Any, collector: Collector) -> Iterable[StreamEvent]:
        _take_usage(chunk.usage_metadata, collector)
        blocked = getattr(chunk.prompt_feedback, "block_reason", None)
        if blocked:
            collector.refusal = f"prompt blocked: {_name(blocked)}"
        for candidate in (chunk.candidates or ())[:1]:
            for part in getattr(candidate.content, "parts", None) or ():
                yield from _take_part(part, collector)
            reason = _name(candidate.finish_reason)
            if reason in REFUSALS:
                collector.refusal = reason.lower()
            elif reason:
                collector.finish = FINISH.get(reason, "unknown")


@functools.lru_cache(maxsize=32)
def _client(base_url: str, api_key: str, timeouts: Timeouts) -> Any:
    genai = load_sdk("google.genai", "google-genai")
    silence("google_genai", "httpx2", "httpcore2")
    options = {
        "httpx_client": http_client(timeouts, base_url),
        "timeout": round(timeouts.first_token * 1000),  # else the SDK turns the client's own limits off
        **({"base_url": base_url} if base_url else {}),
    }
    return genai.Client(api_key=api_key or "no-key", vertexai=False, http_options=options)


def _begun(chunks: Iterator[Any]) -> Iterator[Any]:
    """Wait for the first chunk: the SDK sends nothing before it is asked for one."""
    first = list(itertools.islice(chunks, 1))
    return itertools.chain(first, chunks)


def _take_usage(usage: Any, collector: Collector) -> None:
    if usage is None:
        return
    collector.tokens_in = usage.prompt_token_count
    answered, thought = usage.candidates_token_count, usage.thoughts_token_count or 0
    collector.tokens_out = None if answered is None else answered + thought
    collector.tokens_cached = usage.cached_content_token_count or 0


def _take_part(part: Any, collector: Collector) -> Iterator[StreamEvent]:
    if part.function_call:
        call = part.function_call
        signature = base64.b64encode(part.thought_signature).decode() if part.thought_signature else ""
        yield from collector.add_tool_piece(
            len(collector.tool_calls()),  # calls come whole, one part each
            id=call.id or "",
            name=call.name or "",
            arguments=json.dumps(call.args or {}, ensure_ascii=False),
            opaque=signature,
        )
    elif part.thought:
        collector.add_thought(part.text)
    else:
        yield from collector.add_text(part.text)


def _name(value: Any) -> str:
    """Return the bare name of one of the SDK's enumerations."""
    return str(getattr(value, "value", value) or "")


def _contents(messages: list[Message]) -> list[dict[str, Any]]:
    """Put messages into turns. A tool's answer has to name the function, which only the call knows."""
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    contents: list[dict[str, Any]] = []
    for message in messages:
        role = "model" if message.role == "assistant" else "user"
        parts = _parts(message, names)
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        else:
            contents.append({"role": role, "parts": parts})
    return contents


def _parts(message: Message, names: dict[str, str]) -> list[dict[str, Any]]:
    if message.role == "tool":
        name = names.get(message.tool_call_id, message.tool_call_id)
        return [{"function_response": {"name": name, "response": {"result": message.content}}}]
    parts: list[dict[str, Any]] = [{"text": message.content}] if message.content else []
    return [*parts, *map(_call_part, message.tool_calls)]


def _call_part(call: ToolCall) -> dict[str, Any]:
    signature = {"thought_signature": base64.b64decode(call.opaque)} if call.opaque else {}
    return {"function_call": {"name": call.name, "args": call.parsed()}, **signature}
