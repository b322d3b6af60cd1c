"""MEMORY STATS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from incidents.diagnostics.fields import InfoFields


@dataclass(frozen=True, slots=True)
class MemoryStats:
    """`fields` under the names the server prints ("clients.normal"), databases apart."""

    fields: InfoFields = field(default_factory=InfoFields)
    databases: Mapping[str, InfoFields] = field(default_factory=dict)  # "db.0" → overhead.hashtable.main, …


def parse(value: Any) -> MemoryStats:
    return MemoryStats()
