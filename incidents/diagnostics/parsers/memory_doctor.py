"""MEMORY DOCTOR."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from incidents.diagnostics.parsers.replies import plain, scalar

# Title of each bullet → name of its branch in the server's getMemoryDoctorReport().
BRANCHES = MappingProxyType(
    {
        "peak memory": "big_peak",
        "high total rss": "high_frag",
        "high allocator fragmentation": "high_alloc_frag",
        "high allocator rss overhead": "high_alloc_rss",
        "high process rss overhead": "high_proc_rss",
        "big slave buffers": "big_slave_buf",
        "big replica buffers": "big_slave_buf",
        "big client buffers": "big_client_buf",
        "many scripts": "many_scripts",
    }
)
_BULLET = re.compile(r"^\s{0,20}\* ([A-Z][\w /]{2,60}): (.*)")


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


def parse(text: Any) -> MemoryDoctor:
    """Read the doctor's letter, also as one quoted string."""
    letter = plain(text)
    if "\n" not in letter.strip():
        letter = scalar(letter).replace("\\n", "\n")
    issues = []
    for number, line in enumerate(letter.split("\n"), start=1):
        if matched := _BULLET.match(line[:4000]):
            title, body = matched.groups()
            issues.append(MemoryIssue(BRANCHES.get(title.lower(), ""), title, body.strip(), number))
    lower = letter.lower()
    return MemoryDoctor(
        issues=tuple(issues),
        is_healthy="can't find any memory issue" in lower,
        is_empty="empty or is using very little memory" in lower,
    )
