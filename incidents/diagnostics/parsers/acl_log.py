"""ACL LOG."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.diagnostics.parsers.client_list import Client


@dataclass(frozen=True, slots=True)
class AclLogEntry:
    """Refusals of one kind; the server merges those that repeat within a minute."""

    count: int
    reason: str  # auth, command, key, channel
    context: str  # toplevel, multi, lua, module
    object: str
    username: str
    age_seconds: float | None
    client: Client
    created_at: datetime | None = None
    updated_at: datetime | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class AclLog:
    entries: tuple[AclLogEntry, ...] = ()


def parse(value: Any) -> AclLog:
    return AclLog()
