"""Which lines of a text somebody asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from incidents.diagnostics.evidence.times import read_time
from incidents.log_viewer.reading import SEVERITIES, UNKNOWN_TIME, index_of, key_of, lines_of, seconds_of

if TYPE_CHECKING:
    from incidents.models import EvidenceItem


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Words, the least severity, and a stretch of time by the log's own clock."""

    q: str = ""
    level: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> LogFilter:
        def told(name: str) -> str:
            return str(values.get(name, "")).strip()[:200]

        level = told("level") if told("level") in SEVERITIES else ""
        return cls(q=told("q"), level=level, since=told("since"), until=told("until"))

    @property
    def unread(self) -> str:
        """A time that cannot be read; nothing is asked of it."""
        return next((text for text in (self.since, self.until) if text and _seconds(text) is None), "")

    @property
    def is_set(self) -> bool:
        return self != LogFilter()

    @property
    def needs_index(self) -> bool:
        return bool(self.level or self.since or self.until)

    @property
    def query(self) -> str:
        return urlencode({name: value for name, value in asdict(self).items() if value})


def rows_of(item: EvidenceItem, wanted: LogFilter) -> Sequence[int]:
    """The numbers of the lines that match, from 1; all of them when nothing is asked."""
    if not wanted.is_set:
        return range(1, len(lines_of(item)) + 1)
    key = (key_of(item), wanted)
    known = _found.get(key)
    return known if known is not None else _found.put(key, _search(item, wanted))


def _search(item: EvidenceItem, wanted: LogFilter) -> list[int]:
    lines, words = lines_of(item), wanted.q.lower()
    numbers: Sequence[int] = range(1, len(lines) + 1)
    if words:
        numbers = [number for number, line in enumerate(lines, start=1) if words in line.lower()]
    if wanted.needs_index:
        index = index_of(item)
        least = SEVERITIES.index(wanted.level)
        begin, end = _seconds(wanted.since), _seconds(wanted.until)
        numbers = [
            number for number in numbers
            if index.ranks[number - 1] >= least and _is_within(index.times[number - 1], begin, end)
        ]  # fmt: skip
    return list(numbers)


def _is_within(time: float, begin: float | None, end: float | None) -> bool:
    if begin is None and end is None:
        return True
    return time != UNKNOWN_TIME and (begin is None or time >= begin) and (end is None or time <= end)


@lru_cache(maxsize=256)
def _seconds(text: str) -> float | None:
    """A time as the log writes it or as a browser's field gives it. None for anything else."""
    moment = read_time(text.replace("T", " ") if text else "")
    return seconds_of(moment) if moment is not None else None


class _Found:
    """The last few searches: who scrolls through their result asks for it again and again."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.rows: dict[object, list[int]] = {}

    def get(self, key: object) -> list[int] | None:
        return self.rows.get(key)

    def put(self, key: object, rows: list[int]) -> list[int]:
        while len(self.rows) >= self.most:
            self.rows.pop(next(iter(self.rows)), None)
        self.rows[key] = rows
        return rows


_found = _Found(16)
