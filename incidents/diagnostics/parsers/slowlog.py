"""SLOWLOG GET and Valkey's COMMANDLOG GET."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.diagnostics.parsers.replies import Leaf, is_list, line_of, moment, plain, read_reply, whole


@dataclass(frozen=True, slots=True)
class SlowCommand:
    """One entry. `duration_us` holds bytes when the log is of large requests or replies."""

    id: int | None
    at: datetime | None
    duration_us: int
    arguments: tuple[str, ...]
    client: str = ""  # "10.0.0.7:51844"
    client_name: str = ""
    line: int | None = None

    @property
    def command(self) -> str:
        return self.arguments[0].upper() if self.arguments else ""

    @property
    def statement(self) -> str:
        return " ".join(self.arguments)


@dataclass(frozen=True, slots=True)
class Slowlog:
    entries: tuple[SlowCommand, ...] = ()


def parse(value: Any) -> Slowlog:
    return Slowlog(())
