"""What a rule can say: a finding with its evidence, or aloud that it could not look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from incidents.diagnostics.text import Text


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """4 for critical down to 1 for low, so that severities can be compared."""
        return {"critical": 4, "high": 3, "medium": 2, "low": 1}[self.value]

    def lowered(self) -> Severity:
        """One tier less, for evidence that may be history (guard G3 of the catalogue)."""
        order = [Severity.LOW, Severity.LOW, Severity.MEDIUM, Severity.HIGH]
        return order[self.rank - 1]


class Category(StrEnum):
    MEMORY = "memory"
    CONNECTION = "connection"
    REPLICATION = "replication"
    CLUSTER = "cluster"
    PERFORMANCE = "performance"
    PERSISTENCE = "persistence"
    SECURITY = "security"
    AVAILABILITY = "availability"  # crashes, restarts and configuration that fit none of the seven


class Risk(StrEnum):
    READ_ONLY = "read-only"
    CHANGES_SETTINGS = "changes-settings"
    BLOCKS = "blocks"
    LOSES_DATA = "loses-data"


class State(StrEnum):
    ACTIVE = "active"  # wrong now
    RECOVERED = "recovered"  # was wrong, and the evidence shows that it ended
    HISTORY = "history"  # a total since start: it happened, nobody can say when
    RISK = "risk"  # works today, will not on the wrong day
    CONTEXT = "context"  # true and worth knowing, no trouble by itself


@dataclass(frozen=True, slots=True)
class Evidence:
    """The very line or field that a statement rests on."""

    text: str
    source: str = ""  # name of the piece: "server.log", "INFO", "CLIENT LIST"
    line: int | None = None  # 1-based line within the source
    node: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do, with the command if there is one, what it risks and how to know that it worked."""

    command: str
    text: Text
    risk: Risk = Risk.READ_ONLY
    where: str = ""
    undo: str = ""
    verify: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule states about one node. `id` is public and never reused."""

    id: str
    category: Category
    severity: Severity
    title: Text
    summary: Text
    evidence: tuple[Evidence, ...] = ()
    state: State = State.ACTIVE
    node: str = ""
    actions: tuple[Action, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_trouble(self) -> bool:
        return self.state is State.ACTIVE


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that could not look, and what it would have needed. Absent is not healthy."""

    id: str
    missing: tuple[str, ...]
    node: str = ""
