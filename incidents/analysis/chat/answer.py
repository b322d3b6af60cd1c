"""What a model is asked to write, as a JSON Schema and as values, and how an answer is read however it came."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from incidents.analysis.chat.json_reader import read_json
from incidents.diagnostics.findings import Category, Severity
from sre_portal.llm.base import Schema

LABEL = re.compile(r"\b(?:[FHKPA]\d{1,3}|E\d{1,3}(?::\d{1,9}(?:-\d{1,9})?)?)\b")
MOST_STATEMENTS = 24
MOST_STEPS = 8


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a model says, and what it says it rests on."""

    text: str
    cites: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A step that a model would add."""

    statement: Statement
    command: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    explanation: tuple[Statement, ...] = ()
    summary: Statement = Statement("")
    root_hypothesis: str = ""
    severity: str = ""
    category: str = ""
    deviation: Statement = Statement("")
    steps: tuple[Proposal, ...] = ()
    prevention: tuple[Statement, ...] = ()

    @property
    def says_something(self) -> bool:
        return any(statement.text for statement in self.explanation)


@dataclass(frozen=True, slots=True)
class Weighing:
    """The answer of the second round."""

    verdict: str = ""  # holds, rival, undecided; empty when unreadable
    reason: Statement = Statement("")
    rewrites: Mapping[int, Statement] = field(default_factory=dict)


# --- Schemas ---------------------------------------------------------------------------------------------------


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
_STATEMENT = _object(text=_TEXT, cites=_list(_TEXT), quotes=_list(_TEXT))
EXPLANATION = Schema(
    "explanation",
    _object(
        explanation=_list(_STATEMENT),
        summary=_STATEMENT,
        root_hypothesis=_TEXT,
        severity={"type": "string", "enum": [one.value for one in Severity]},
        category={"type": "string", "enum": [*(one.value for one in Category), "none"]},
        deviation=_STATEMENT,
        steps=_list(_object(title=_TEXT, command=_TEXT, cites=_list(_TEXT))),
        prevention=_list(_STATEMENT),
    ),
)
WEIGHING = Schema(
    "weighing",
    _object(
        verdict={"type": "string", "enum": ["holds", "rival", "undecided"]},
        reason=_STATEMENT,
        rewrites=_list(_object(number={"type": "integer"}, text=_TEXT, cites=_list(_TEXT), quotes=_list(_TEXT))),
    ),
)


REPLY = Schema("reply", _object(explanation=_list(_STATEMENT)))


# --- Reading ---------------------------------------------------------------------------------------------------


def read_answer(text: str) -> Answer:
    """Read an answer. What is missing, of the wrong type or cut off is left out; prose counts as statements."""
    data = read_json(text)
    if not isinstance(data, Mapping):
        return Answer(explanation=tuple(_paragraphs(text)) if data is None else ())
    return Answer(
        explanation=_statements(data.get("explanation")),
        summary=_statement(data.get("summary")),
        root_hypothesis=_string(data.get("root_hypothesis")),
        severity=_string(data.get("severity")).lower(),
        category=_string(data.get("category")).lower(),
        deviation=_statement(data.get("deviation")),
        steps=tuple(_proposal(item) for item in _items(data.get("steps"))[:MOST_STEPS] if isinstance(item, Mapping)),
        prevention=_statements(data.get("prevention")),
    )


def read_weighing(text: str) -> Weighing:
    data = read_json(text)
    if not isinstance(data, Mapping):
        return Weighing()
    rewrites = {
        item["number"]: _statement(item)
        for item in _items(data.get("rewrites"))
        if isinstance(item, Mapping) and isinstance(item.get("number"), int)
    }
    verdict = _string(data.get("verdict")).lower()
    return Weighing(
        verdict if verdict in ("holds", "rival", "undecided") else "", _statement(data.get("reason")), rewrites
    )


def _string(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _statements(value: Any) -> tuple[Statement, ...]:
    if isinstance(value, str):
        return tuple(_paragraphs(value))
    found = (_statement(item) for item in _items(value)[:MOST_STATEMENTS])
    return tuple(statement for statement in found if statement.text)


def _statement(value: Any) -> Statement:
    """Read one statement. Labels in brackets inside its text count as cites, as some models write them there."""
    if isinstance(value, str):
        return Statement(value.strip(), tuple(_labels(value)))
    if not isinstance(value, Mapping):
        return Statement("")
    text = _string(value.get("text"))
    cites = [_string(item) for item in _items(value.get("cites"))]
    quotes = [_string(item) for item in _items(value.get("quotes"))]
    return Statement(text, tuple(dict.fromkeys([*filter(None, cites), *_labels(text)])), tuple(filter(None, quotes)))


def _proposal(value: Mapping[str, Any]) -> Proposal:
    statement = _statement({**value, "text": value.get("title")})
    return Proposal(statement, _string(value.get("command")))


def _labels(text: str) -> list[str]:
    return [label for bracket in re.findall(r"\[([^\]\n]{1,80})\]", text) for label in LABEL.findall(bracket)]


def _paragraphs(text: str) -> list[Statement]:
    """An answer that came as prose after all."""
    lines = [line.strip(" -*#\t") for line in text.splitlines() if line.strip(" -*#`\t")]
    return [_statement(line) for line in lines[:MOST_STATEMENTS]]
