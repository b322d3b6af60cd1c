"""Pastes for the tests of rules: what an operator would hand in, and what the rules say to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.findings import Finding, Severity, State
from incidents.diagnostics.intake import IncidentInput, UploadedText
from incidents.diagnostics.rules.engine import Examination

MASTER = "# Server\nredis_version:7.2.4\nuptime_in_seconds:90000\nrun_id:aaaa\n# Replication\nrole:master\n"
REPLICA = (
    "# Server\nredis_version:7.2.4\nuptime_in_seconds:90000\n# Replication\nrole:slave\nmaster_host:10.0.0.1\n"
    "master_port:6379\n"
)


def log(*messages: str, role: str = "M", day: str = "02 Mar 2026", start: str = "09:00:00", step: int = 1) -> str:
    """Write messages as a server logs them, one per `step` seconds."""
    hour, minute, second = (int(part) for part in start.split(":"))
    at = (hour * 60 + minute) * 60 + second
    lines = []
    for index, message in enumerate(messages):
        now = at + index * step
        clock = f"{now // 3600:02}:{now // 60 % 60:02}:{now % 60:02}.000"
        lines.append(f"77:{role} {day} {clock} * {message}")
    return "\n".join(lines)


def examine_paste(
    info: str = "", logs: str = "", files: Mapping[str, str] | None = None, **artifacts: Any
) -> Examination:
    intake = IncidentInput(
        redis_info=info,
        error_logs=tuple(logs.splitlines()),
        artifacts=artifacts,
        files=tuple(UploadedText(name, text) for name, text in (files or {}).items()),
    )
    return diagnose(intake).examination


def found(examination: Examination, rule_id: str) -> list[Finding]:
    return [finding for finding in examination.findings if finding.id == rule_id]


def verdict(examination: Examination, rule_id: str) -> tuple[Severity, State] | None:
    """The worst thing a rule says, or None when it is silent."""
    findings = found(examination, rule_id)
    return (findings[0].severity, findings[0].state) if findings else None


def is_skipped(examination: Examination, rule_id: str) -> bool:
    return any(skipped.id == rule_id for skipped in examination.skipped)
