"""Put a request into the words of the OpenAI protocol, as far as an endpoint's dialect goes. Imports no SDK."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sre_portal.llm.base import Message, Schema, Tool
from sre_portal.llm.dialect import Dialect, keeps_to_strict_rules
from sre_portal.llm.sdk_chat import ChatRequest

OPENAI = "https://api.openai.com/v1"

SCHEMA_IN_WORDS = (
    "Answer with one JSON object and nothing else: no prose around it, no code fence. "
    "It has to keep to this JSON Schema:\n{schema}"
)


def first_dialect(base_url: str) -> Dialect:
    """OpenAI itself has renamed the token limit; most others still know only the old name."""
    return Dialect(limit_name="max_completion_tokens" if base_url.startswith(OPENAI) else "max_tokens")


def body_of(model: str, request: ChatRequest, dialect: Dialect) -> dict[str, Any]:
    """Return the parameters of a streamed chat completion."""
    body: dict[str, Any] = {"model": model, "stream": True}
    if dialect.usage_in_stream:
        body["stream_options"] = {"include_usage": True}
    if request.max_tokens and dialect.limit_name:
        body[dialect.limit_name] = request.max_tokens
    if request.temperature is not None and dialect.temperature:
        body["temperature"] = request.temperature
    if request.tools and dialect.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    messages = request.messages
    if request.schema:
        body |= _response_format(request.schema, dialect)
        if dialect.structured_by != "json_schema":
            messages = with_schema_in_words(messages, request.schema)
    body["messages"] = [_message(message) for message in messages]
    return body


def _response_format(schema: Schema, dialect: Dialect) -> dict[str, Any]:
    if dialect.structured_by == "instructions":
        return {}
    if dialect.structured_by == "json_object":
        return {"response_format": {"type": "json_object"}}
    described = {"name": schema.name, "schema": schema.schema, "strict": keeps_to_strict_rules(schema.schema)}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def with_schema_in_words(messages: Sequence[Message], schema: Schema) -> tuple[Message, ...]:
    """Ask for the schema in the system message, for endpoints that can't be held to it."""
    wish = SCHEMA_IN_WORDS.format(schema=json.dumps(schema.schema, ensure_ascii=False))
    if messages and messages[0].role == "system":
        return (Message("system", f"{messages[0].content}\n\n{wish}"), *messages[1:])
    return (Message("system", wish), *messages)


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _message(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        body["tool_call_id"] = message.tool_call_id
    return body
