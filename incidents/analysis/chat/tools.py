"""What a model may look up while it explains. Everything only reads, and everything is bounded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from incidents.analysis.chat.brief import Brief, Document
from incidents.analysis.events import EventKind, RunEvent
from incidents.diagnostics.commands import check
from incidents.diagnostics.commands.tables import find_command
from sre_portal.llm.base import LLMError, Tool, ToolCall

LONGEST_RESULT = 4_000  # characters that go back to the model
SHOWN_RESULT = 1_200  # and of those, characters that an event keeps
MOST_FOUND = 4

Lookup = Callable[[str], Sequence[Document]]


@dataclass(frozen=True, slots=True)
class Lookups:
    """What the installation can search for a model. None: that tool is not offered."""

    knowledge: Lookup | None = None
    incidents: Lookup | None = None


def _tool(name: str, description: str, required: Sequence[str], **properties: Mapping[str, Any]) -> Tool:
    schema = {
        "type": "object", "properties": properties, "required": list(required), "additionalProperties": False,
    }  # fmt: skip
    return Tool(name, description, schema)


_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
SEARCH_KNOWLEDGE = _tool(
    "search_knowledge", "Search the team's runbooks and troubleshooting guides. Returns documents with labels to cite.",
    ["query"], query=_TEXT,
)  # fmt: skip
READ_EVIDENCE = _tool(
    "read_evidence",
    "Read more lines of a piece of evidence: by number, or those that contain a word. `part` is its label, such as E2.",
    ["part"], part=_TEXT, first_line=_NUMBER, last_line=_NUMBER, containing=_TEXT,
)  # fmt: skip
COMMAND_DOCUMENTATION = _tool(
    "command_documentation", "What a Redis command does on this server: whether it exists, its arguments and its risk.",
    ["command"], command=_TEXT,
)  # fmt: skip
PAST_INCIDENTS = _tool(
    "past_incidents", "Search resolved incidents of this team. Returns what fixed them, with labels to cite.",
    ["query"], query=_TEXT,
)  # fmt: skip


@dataclass
class Toolbox:
    """The tools of one run, and what is left of their allowance."""

    brief: Brief
    lookups: Lookups = field(default_factory=Lookups)
    calls_left: int = 6
    seconds_left: float = 10.0
    clock: Callable[[], float] = time.monotonic

    def offered(self) -> list[Tool]:
        """What may still be called; nothing once the allowance is used up."""
        if self.calls_left <= 0 or self.seconds_left <= 0:
            return []
        tools = [READ_EVIDENCE, COMMAND_DOCUMENTATION]
        tools += [SEARCH_KNOWLEDGE] if self.lookups.knowledge else []
        tools += [PAST_INCIDENTS] if self.lookups.incidents else []
        return tools

    def run(self, call: ToolCall) -> tuple[str, RunEvent]:
        """Answer one call. Return what the model reads (masked) and the event that the page shows (restored)."""
        started = self.clock()
        arguments, result = self._answer(call)
        self.calls_left -= 1
        self.seconds_left -= self.clock() - started
        result = result[:LONGEST_RESULT]
        restored = self.brief.masking.restore
        event = RunEvent(EventKind.TOOL, {
            "name": call.name[:60],
            "arguments": restored(json.dumps(arguments, ensure_ascii=False))[:400],
            "result": restored(result)[:SHOWN_RESULT],
        })  # fmt: skip
        return self.brief.fenced(result), event

    def _answer(self, call: ToolCall) -> tuple[dict[str, Any], str]:
        try:
            arguments = call.parsed()
        except LLMError as failure:
            return {}, failure.detail
        answers: dict[str, Callable[[dict[str, Any]], str]] = {
            "search_knowledge": lambda given: self._search("K", self.lookups.knowledge, given),
            "past_incidents": lambda given: self._search("P", self.lookups.incidents, given),
            "read_evidence": self._read,
            "command_documentation": self._document,
        }
        answer = answers.get(call.name)
        if answer is None or self.calls_left <= 0:
            return arguments, "There is no such tool, or no call is left. Answer with what you have."
        return arguments, answer(arguments)

    def _search(self, letter: str, lookup: Lookup | None, given: Mapping[str, Any]) -> str:
        query = self.brief.masking.restore(str(given.get("query", "")))[:400]
        found = lookup(query)[:MOST_FOUND] if lookup and query.strip() else []
        labels = [self.brief.add_document(letter, one.id, one.title, one.text) for one in found]
        return "\n".join(self.brief.document(label) for label in labels) or "Nothing was found."

    def _read(self, given: Mapping[str, Any]) -> str:
        lines = self.brief.read(
            str(given.get("part", "")).strip().upper()[:8],
            first=_number(given.get("first_line")),
            last=_number(given.get("last_line")),
            containing=self.brief.masking.restore(str(given.get("containing") or ""))[:120],
        )
        return lines or "There are no such lines."

    def _document(self, given: Mapping[str, Any]) -> str:
        asked = " ".join(str(given.get("command", "")).split())[:120]
        command, named = find_command(asked.upper().split())
        if command is None or not named:
            return "There is no such command."
        target = self.brief.target
        verdict = check(command.name, target=target)
        syntax = command.syntax(target) or ""
        parts = [f"{command.name} {syntax}".strip(), f"server: {target.name}", f"since {verdict.since or 'always'}"]
        parts += [f"risk: {verdict.risk.value}", f"complexity: {verdict.complexity}" if verdict.complexity else ""]
        parts += [reason.say(self.brief.base.language) for reason in verdict.reasons]
        parts += [verdict.warning.say(self.brief.base.language)] if verdict.warning else []
        return "\n".join(part for part in parts if part)


def _number(value: Any) -> int:
    return value if isinstance(value, int) and 0 < value < 10**9 else 0
