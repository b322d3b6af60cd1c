"""An incident of our own making, and what a model might answer to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from incidents.analysis.chat.analyst import ChatAnalyst
from incidents.analysis.chat.brief import Brief
from incidents.analysis.chat.masking import Masking
from incidents.analysis.events import EventKind, RunEvent
from incidents.analysis.house_rules import HouseRuling
from incidents.analysis.pipeline import RetrievedKnowledge, analyze
from incidents.analysis.report import AnalysisResult, Reference
from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput
from sre_portal.llm.scripted import Line, ScriptedChat

INFO = """# Server
redis_version:7.2.4
redis_mode:standalone
tcp_port:6379
uptime_in_seconds:864000
# Clients
connected_clients:112
maxclients:10000
# Memory
used_memory:1073741000
used_memory_human:1024.00M
used_memory_rss:1181116006
maxmemory:1073741824
maxmemory_policy:noeviction
mem_fragmentation_ratio:1.10
# Persistence
loading:0
rdb_last_bgsave_status:ok
aof_enabled:0
# Stats
total_commands_processed:88123456
rejected_connections:0
evicted_keys:0
errorstat_OOM:count=5312
# Replication
role:master
connected_slaves:0
# Keyspace
db0:keys=912345,expires=120,avg_ttl=0"""
ERRORS = "redis.exceptions.ResponseError: OOM command not allowed when used memory > 'maxmemory'."
RUNBOOK = Reference(
    id="kb-memory-oom-noeviction-en", title="Memory is full and nothing may be evicted", score=0.8,
    excerpt="Raise the limit: `redis-cli CONFIG SET maxmemory 2gb`. Look first: `redis-cli INFO memory`.",
)  # fmt: skip
HOUSE = HouseRuling("house-clients", "No client lists", ("CLIENT LIST",), (), ("Never run CLIENT LIST here.",))
KNOWLEDGE = RetrievedKnowledge(references=[RUNBOOK], excerpts={RUNBOOK.id: RUNBOOK.excerpt}, rulings=[HOUSE])


def intake(*, description: str = "Writes fail since noon.", pasted: Sequence[str] = ()) -> IncidentInput:
    return IncidentInput(
        description=description, redis_info=INFO, artifacts={"client_errors": ERRORS}, pasted=tuple(pasted)
    )


def brief_of(given: IncidentInput | None = None, *, language: str = "en") -> Brief:
    """A brief that has been written, so that its lines have been shown."""
    diagnosis = diagnose(given or intake())
    base = write_report(diagnosis, incident_id="INC-1", language=language)
    brief = Brief.of(diagnosis, base, KNOWLEDGE, Masking(), characters=24_000)
    brief.written()
    return brief


def said(text: str, *cites: str, quotes: Sequence[str] = ()) -> dict[str, Any]:
    return {"text": text, "cites": list(cites), "quotes": list(quotes)}


GOOD = said("Memory is full and `noeviction` forbids making room, so writes fail.", "F1", quotes=["noeviction"])
ANSWER: dict[str, Any] = {
    "explanation": [GOOD, said("5,312 commands were refused with OOM.", "F1", "F2")],
    "summary": said("Memory is full; writes are refused.", "F1"),
    "root_hypothesis": "H1",
    "severity": "critical",
    "category": "memory",
    "deviation": said(""),
    "steps": [],
    "prevention": [],
}
HOLDS = {"verdict": "holds", "reason": said("The findings fit the held hypothesis.", "F1"), "rewrites": []}


def answered(**changes: Any) -> str:
    return json.dumps({**ANSWER, **changes}, ensure_ascii=False)


def scripted(*lines: Line | Mapping[str, Any]) -> ScriptedChat:
    return ScriptedChat(*(json.dumps(line) if isinstance(line, Mapping) else line for line in lines))


def run(analyst: ChatAnalyst, given: IncidentInput | None = None, *, language: str = "en") -> list[RunEvent]:
    events: Iterator[RunEvent] = analyze(
        given or intake(), incident_id="INC-1", language=language, analyst=analyst, retriever=_knowledge
    )
    return list(events)


def _knowledge(diagnosis: Any, *, language: str) -> RetrievedKnowledge:
    return KNOWLEDGE


def reports(events: Sequence[RunEvent]) -> list[Mapping[str, Any]]:
    """The rules' report first, the last one after it."""
    return [event.payload for event in events if event.kind is EventKind.REPORT]


def notices(events: Sequence[RunEvent]) -> dict[str, str]:
    return {event.payload["code"]: event.payload["message"] for event in events if event.kind is EventKind.NOTICE}


def words(events: Sequence[RunEvent]) -> str:
    return "".join(event.payload["delta"] for event in events if event.kind is EventKind.TEXT)


def rules_report(given: IncidentInput | None = None, *, language: str = "en") -> AnalysisResult:
    return write_report(diagnose(given or intake()), incident_id="INC-1", language=language)
