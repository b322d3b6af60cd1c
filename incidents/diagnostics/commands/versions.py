"""Versions as tuples, and the spans of versions in which a thing exists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Version = tuple[int, ...]
ALWAYS: Version = (0,)
NEVER = 999  # the major version that stands in data for "this product has it not"
UNSAID_PATCH = 10**6  # "7.4" without a patch number is taken for the newest 7.4


def parse_version(text: str) -> Version | None:
    """Read "7.0.15", "v7.2" or "7.0.15-debian"; None when there is no number in it."""
    found = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in found.group().split(".")) if found else None


def at_least(version: Version, bound: Version) -> bool:
    """Compare a version, which may lack its patch number, with a bound."""
    padded = (*version, *(UNSAID_PATCH,) * max(0, len(bound) - len(version)))
    return padded >= bound


def say_version(version: Sequence[int]) -> str:
    """Write a bound as people say it: (7, 0, 0) is 7.0, (6, 2, 5) stays."""
    parts = list(version)
    while len(parts) > 2 and parts[-1] == 0:
        parts.pop()
    return ".".join(str(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Span:
    """From the first version that has a thing up to, not including, the first without it."""

    since: Version
    until: Version | None = None

    @classmethod
    def read(cls, bounds: Sequence[str]) -> Span:
        since = parse_version(bounds[0]) or ALWAYS
        return cls(since, parse_version(bounds[1]) if len(bounds) > 1 else None)

    def covers(self, version: Version | None) -> bool:
        """Say whether a version lies in the span. An unknown version does while the span is open."""
        if version is None:
            return self.until is None
        return at_least(version, self.since) and (self.until is None or not at_least(version, self.until))
