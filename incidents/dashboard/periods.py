"""The stretch of time that figures are about, and its division into equal parts for trends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

DEFAULT = "30d"
# Length, and the length of one part of a trend.
LENGTHS: Mapping[str, tuple[timedelta, timedelta]] = {
    "7d": (timedelta(days=7), timedelta(days=1)),
    "30d": (timedelta(days=30), timedelta(days=3)),
    "90d": (timedelta(days=90), timedelta(days=9)),
    "365d": (timedelta(days=365), timedelta(days=36.5)),
}


@dataclass(frozen=True, slots=True)
class Part:
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Period:
    name: str
    start: datetime
    end: datetime
    part: timedelta

    @classmethod
    def named(cls, name: str, *, now: datetime) -> Period:
        """The period of a name; the usual one for a name that is none."""
        name = name if name in LENGTHS else DEFAULT
        length, part = LENGTHS[name]
        return cls(name, now - length, now, part)

    @property
    def parts(self) -> list[Part]:
        count = round((self.end - self.start) / self.part)
        return [Part(self.start + n * self.part, self.start + (n + 1) * self.part) for n in range(count)]
