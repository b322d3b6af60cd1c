"""What the local OpenAI-compatible server answers: honest replies and every misbehaviour we know of."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

LONG = 60.0  # seconds; "for ever" as far as a test is concerned. The server wakes sleepers when it stops.


@dataclass(frozen=True)
class Reply:
    """One answer, as data. Counts (`stall_after`, …) are in pieces of text that go out first."""

    text: str = ""
    pieces: Iterable[str] | None = None  # the text deltas; None cuts `text` into words
    tool_calls: Sequence[tuple[str, Mapping[str, Any] | str]] = ()  # (name, arguments)
    reasoning: Sequence[str] = ()  # deltas of the "reasoning_content" some servers send first
    refusal: str = ""
    finish_reason: str | None = "stop"
    usage: bool = True

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] | str = ""  # a string is sent as it is, a mapping as {"error": …}

    wait: float = 0.0  # seconds before the response headers
    wait_body: float = 0.0  # seconds between the headers and the first piece
    pace: float = 0.0  # seconds between pieces
    batch: int = 1  # pieces per write
    pings: float = 0.0  # seconds between the keep-alive comments of a stalled stream; 0 sends none
    stall_after: int | None = None
    cut_after: int | None = None
    garbage_after: int | None = None
    error_after: int | None = None  # pieces, then an error object in the middle of the stream

    def deltas(self) -> Iterable[str]:
        return re.findall(r"\S*\s*", self.text)[:-1] if self.pieces is None else self.pieces


def failure(status: int, message: str, *, code: str | None = None, param: str | None = None, **rest: Any) -> Reply:
    """An error in the shape that OpenAI gives it."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Reply(status=status, error=error, **rest)


def rate_limited(retry_after: str = "1") -> Reply:
    return failure(429, "Rate limit reached.", code="rate_limit_exceeded", headers={"Retry-After": retry_after})


def out_of_quota() -> Reply:
    return failure(429, "You exceeded your current quota.", code="insufficient_quota")


def tool_call(name: str, arguments: Mapping[str, Any] | str) -> Reply:
    return Reply(tool_calls=[(name, arguments)], finish_reason="tool_calls")


def example_of(schema: Mapping[str, Any], *, text: str = "text", root: Mapping[str, Any] | None = None) -> Any:
    """Return a small value that keeps to a JSON Schema (the part of the language that reports use)."""
    root = root or schema
    if "$ref" in schema:
        target: Any = root
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        return example_of(target, text=text, root=root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], text=text, root=root)
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: example_of(part, text=text, root=root) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example_of(schema.get("items", {}), text=text, root=root)]
    return {"integer": 1, "number": 0.5, "boolean": True, "null": None}.get(kind, text)


def wanted_schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the JSON Schema a chat request asks for, or None."""
    wish = body.get("response_format") or {}
    schema = wish.get("json_schema", {}).get("schema")
    return schema if isinstance(schema, Mapping) else None


def honest(body: Mapping[str, Any]) -> Reply:
    """Keep to the schema when one is given, else say one sentence."""
    schema = wanted_schema(body)
    if schema is not None:
        return Reply(json.dumps(example_of(schema), ensure_ascii=False))
    if (body.get("response_format") or {}).get("type") == "json_object":
        return Reply('{"answer": "used_memory stands at maxmemory."}')
    return Reply("used_memory stands at maxmemory and nothing may be evicted, so writes fail.")


def _without_schema_support(body: Mapping[str, Any]) -> Reply:
    if "response_format" in body:
        return failure(400, "response_format is not supported by this model", param="response_format")
    return Reply('{"answer": "used_memory stands at maxmemory."}')


def _hallucinated_citation(body: Mapping[str, Any]) -> Reply:
    schema = wanted_schema(body)
    if schema is not None:
        return Reply(json.dumps(example_of(schema, text="kb-no-such-document-en")))
    return Reply("As [kb-no-such-document-en] says, run FLUSHALL at once.")


def _tool_loop(body: Mapping[str, Any]) -> Reply:
    tools = body.get("tools") or []
    if not tools:
        return honest(body)
    return tool_call(tools[0]["function"]["name"], example_of(tools[0]["function"]["parameters"]))


SENTENCE = "The memory is full and the memory is full. "

# Model name -> what asking for that model gets. Everything else is answered honestly.
MISBEHAVIOURS: dict[str, Callable[[Mapping[str, Any]], Reply]] = {
    "rate-limited": lambda body: rate_limited(),
    "out-of-quota": lambda body: out_of_quota(),
    "server-error": lambda body: Reply(status=500, error="<html>Internal Server Error</html>"),
    "overloaded": lambda body: failure(503, "The engine is currently overloaded."),
    "wrong-key": lambda body: failure(401, "Incorrect API key provided.", code="invalid_api_key"),
    "unknown-model": lambda body: failure(404, "The model does not exist.", code="model_not_found"),
    "too-long": lambda body: failure(
        400, "This model's maximum context length is 8192 tokens.", code="context_length_exceeded"
    ),
    "slow-headers": lambda body: replace(honest(body), wait=LONG),
    "slow-first-byte": lambda body: replace(honest(body), wait_body=LONG),
    "slow": lambda body: replace(honest(body), pace=0.2),
    "stall": lambda body: replace(honest(body), stall_after=3),
    "stall-with-pings": lambda body: replace(honest(body), stall_after=3, pings=0.05),
    "cut": lambda body: replace(honest(body), cut_after=3),
    "garbage": lambda body: replace(honest(body), garbage_after=3),
    "error-in-the-middle": lambda body: replace(honest(body), error_after=3),
    "empty": lambda body: Reply(""),
    "invalid-json": lambda body: Reply('{"summary": "Memory is full", "steps": ["a", '),
    "wrong-schema": lambda body: Reply('{"unexpected": true, "summary": 17}'),
    "refusal": lambda body: Reply(refusal="I'm sorry, I can't help with that."),
    "filtered": lambda body: Reply("I", finish_reason="content_filter"),
    "hallucinated-citation": _hallucinated_citation,
    "endless": lambda body: Reply(pieces=(f"word{n} " for n in range(100_000)), batch=100, finish_reason="length"),
    "repeating": lambda body: Reply(pieces=(SENTENCE for _ in range(20_000)), batch=50, finish_reason="length"),
    "tool-loop": _tool_loop,
    "no-usage": lambda body: replace(honest(body), usage=False),
    "no-schema-support": _without_schema_support,
    "no-finish-reason": lambda body: replace(honest(body), finish_reason=None),
    "reasoning": lambda body: replace(honest(body), reasoning=["The user ", "pastes INFO."]),
}


def vector_of(text: str, dimensions: int) -> list[float]:
    """Return a unit vector that anyone can explain: each word adds one to a place of its own."""
    vector = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()):
        place = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % dimensions
        vector[place] += 1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]
