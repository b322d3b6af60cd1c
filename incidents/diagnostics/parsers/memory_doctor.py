"""MEMORY DOCTOR."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemoryIssue:
    """One bullet: `id` is the branch of the server's code (big_peak, high_frag, …), empty if unknown."""

    id: str
    title: str
    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class MemoryDoctor:
    issues: tuple[MemoryIssue, ...] = ()
    is_healthy: bool = False  # "can't find any memory issue"
    is_empty: bool = False  # too little data to judge: no answer


def parse(text: str) -> MemoryDoctor:
    return MemoryDoctor()
