"""What an endpoint understands of the OpenAI protocol, learned from what it refuses.

"OpenAI-compatible" covers servers that refuse response_format, stream_options, tools, temperature, or one of two
names for the token limit. Each refusal removes one thing; what was learned is kept per address and model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sre_portal.llm.base import StructuredBy

TOO_LONG = ("context_length", "context length", "context window", "maximum context", "too many tokens", "prompt is too")
SCHEMA_PARAMETERS = {"response_format", "output_config", "response_mime_type"}
WEAKER: dict[StructuredBy, StructuredBy] = {"json_schema": "json_object", "json_object": "instructions"}


def says_too_long(complaint: str) -> bool:
    """Whether a refusal means that the prompt does not fit the model."""
    return any(phrase in complaint.lower() for phrase in TOO_LONG)


@dataclass(frozen=True)
class Dialect:
    structured_by: StructuredBy = "json_schema"
    limit_name: str = "max_tokens"  # or "max_completion_tokens", or "" for neither
    usage_in_stream: bool = True
    temperature: bool = True
    tools: bool = True

    def after_refusal(self, status: int, complaint: str, sent: dict[str, Any]) -> Dialect | None:
        """Return the dialect to try next, or None when the refusal is about something else.

        `complaint` is the endpoint's message with the parameter it names, `sent` the refused request.
        """
        complaint = complaint.lower()
        # OpenRouter says 404 when no endpoint behind it supports a parameter.
        about_parameters = status in (400, 422, 501) or (status == 404 and "support" in complaint)
        if not about_parameters or says_too_long(complaint):
            return None
        if "stream_options" in sent and ("stream_options" in complaint or "include_usage" in complaint):
            return replace(self, usage_in_stream=False)
        if self.limit_name in sent and ("max_tokens" in complaint or "max_completion_tokens" in complaint):
            wants_other = "max_completion_tokens" in complaint and self.limit_name == "max_tokens"
            return replace(self, limit_name="max_completion_tokens" if wants_other else "")
        if "temperature" in sent and "temperature" in complaint:
            return replace(self, temperature=False)
        if "tools" in sent and ("tool" in complaint or "function" in complaint):
            return replace(self, tools=False)
        if not SCHEMA_PARAMETERS.isdisjoint(sent):  # whatever it says: this is what servers stumble over most
            return replace(self, structured_by=WEAKER[self.structured_by])
        return None


def keeps_to_strict_rules(schema: Any) -> bool:
    """Whether OpenAI's `strict` mode accepts a schema: no open object, and every property required."""
    if isinstance(schema, list):
        return all(keeps_to_strict_rules(part) for part in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        names = set(schema.get("properties", {}))
        if schema.get("additionalProperties") is not False or set(schema.get("required", [])) != names:
            return False
    return all(keeps_to_strict_rules(part) for part in schema.values())
