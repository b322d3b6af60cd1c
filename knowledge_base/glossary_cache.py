"""The compiled glossary of this process, in step with the table that curators edit."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.db.models import Count, Max

from knowledge_base.glossary import Concept, Glossary, Weight, read_glossary
from knowledge_base.models import GlossaryEntry

RECHECK_SECONDS = 2.0  # how long another process's edit may go unseen


@dataclass(frozen=True, slots=True)
class _Cached:
    glossary: Glossary
    state: Any  # of the table when it was read
    checked: float


_lock = threading.Lock()
_cached: _Cached | None = None


def shipped_file() -> Path:
    return Path(settings.BASE_DIR) / "fixtures" / "glossary.toml"


@cache
def shipped_glossary() -> Glossary:
    return read_glossary(shipped_file())


def current_glossary() -> Glossary:
    """The glossary as the table has it now; the shipped one while the table is empty."""
    global _cached
    cached = _cached
    if cached is not None and monotonic() - cached.checked < RECHECK_SECONDS:
        return cached.glossary
    with _lock:
        state = GlossaryEntry.objects.aggregate(count=Count("pk"), last=Max("updated_at"))
        glossary = cached.glossary if cached is not None and cached.state == state else _read()
        _cached = _Cached(glossary, state, monotonic())
    return glossary


def forget_glossary() -> None:
    """Read the table anew at the next use."""
    global _cached
    _cached = None


def glossary_of(entries: list[GlossaryEntry]) -> Glossary:
    return Glossary.of(
        Concept(
            name=entry.concept,
            ko=tuple(map(str, entry.ko)),
            en=tuple(map(str, entry.en)),
            log=tuple(map(str, entry.log)),
            weight=Weight(entry.weight),
        )
        for entry in entries
    )


def _read() -> Glossary:
    entries = list(GlossaryEntry.objects.all())
    return glossary_of(entries) if entries else shipped_glossary()
