"""The API's documentation as a page of the portal, drawn from the OpenAPI schema: no foreign script, no CDN."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

from incidents.language import current_language

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    id: str
    summary: str
    description: str
    parameters: list[Mapping[str, Any]] = field(default_factory=list)
    body: str = ""  # an example as JSON, empty without a body
    fields: list[tuple[str, str, bool, str]] = field(default_factory=list)  # name, type, required, description
    answers: list[tuple[str, str, str]] = field(default_factory=list)  # status, description, example as JSON


@cache
def _groups(language: str) -> dict[str, list[Operation]]:
    """The operations by their tag, in the language that is active. They change with a release only."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    groups: dict[str, list[Operation]] = {}
    for tag, operation in _operations(schema):
        groups.setdefault(tag, []).append(operation)
    return groups


@login_not_required
def docs(request: HttpRequest) -> HttpResponse:
    address = request.build_absolute_uri("/api/v1/analyze")
    example = f"redis-cli INFO ALL | jq -Rs '{{redis_info: .}}' | curl -H 'Authorization: Token …' --json @- {address}"
    context = {"section": "api", "groups": _groups(current_language()), "example": example}
    return render(request, "api_docs.html", context)


def _operations(schema: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                yield methods[method].get("tags", ["api"])[0], _operation(schema, path, method, methods[method])


def _operation(schema: Mapping[str, Any], path: str, method: str, spec: Mapping[str, Any]) -> Operation:
    body = _json_schema(spec.get("requestBody", {}))
    return Operation(
        method=method.upper(), path=path, id=spec.get("operationId", ""),
        summary=spec.get("summary", ""), description=spec.get("description", ""),
        parameters=spec.get("parameters", []),
        body=_pretty(_example(schema, body)) if body else "",
        fields=list(_fields(schema, body)) if body else [],
        answers=[
            (status, answer.get("description", ""), _pretty(_example(schema, _json_schema(answer))))
            for status, answer in spec.get("responses", {}).items()
        ],
    )  # fmt: skip


def _json_schema(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = holder.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _resolve(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in part:
        resolved: Mapping[str, Any] = schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
        return resolved
    if len(part.get("allOf", ())) == 1:
        return _resolve(schema, part["allOf"][0])
    return part


def _fields(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Iterator[tuple[str, str, bool, str]]:
    resolved = _resolve(schema, part)
    required = set(resolved.get("required", ()))
    for name, value in resolved.get("properties", {}).items():
        inner = _resolve(schema, value)
        if not inner.get("readOnly") and not value.get("readOnly"):
            yield name, _type(inner), name in required, value.get("description", "") or inner.get("description", "")


def _type(part: Mapping[str, Any]) -> str:
    if "oneOf" in part:
        return " | ".join(_type(choice) for choice in part["oneOf"])
    if "enum" in part:
        return " | ".join(str(value) for value in part["enum"] if value not in ("", None))
    kind = part.get("type", "any")
    return str(" | ".join(kind) if isinstance(kind, list) else kind)


def _example(schema: Mapping[str, Any], part: Mapping[str, Any], depth: int = 0) -> Any:
    """A value of the schema's shape. Cut off below four levels, where examples stop to help."""
    part = _resolve(schema, part)
    if not part or depth > 4:
        return None
    if "example" in part:
        return part["example"]
    if "default" in part:
        return part["default"]
    if "enum" in part:
        return part["enum"][0]
    if part.get("type") == "array":
        inner = _example(schema, part.get("items", {}), depth + 1)
        return [] if inner is None else [inner]
    if "properties" in part:
        return {name: _example(schema, value, depth + 1) for name, value in part["properties"].items()}
    scalars = {"string": "", "integer": 0, "number": 0.0, "boolean": True, "object": {}}
    return scalars.get(str(part.get("type")))


def _pretty(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
