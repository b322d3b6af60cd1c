"""Times as logs print them, read as the wall clock of the machine that wrote them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], start=1
    )
}
QUARTER_HOUR = 900  # seconds; every time zone is a multiple of it away from UTC

_NAMED = re.compile(r"(\d{1,2}) ([A-Z][a-z]{2})(?: (\d{4}))? (\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?$")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:Z|[+-]\d\d:?\d\d)?$")
_SYSLOG = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)$")
_EPOCH = re.compile(r"(\d{10})(\d{3})?(?:\.\d+)?$")


class LogClock:
    """Reads the stamps of one log in order.

    The result is naive: the clock that the log itself shows, without its zone, so that it can be compared
    with the log's other lines and found again by eye. What a stamp leaves out comes from its neighbours:
    the year from `year`, and the zone of a UNIX time (signal handlers print those) from the line before.
    """

    def __init__(self, year: int | None = None) -> None:
        self._year = year or datetime.now(tz=UTC).year
        self._offset: timedelta | None = None
        self.last: datetime | None = None

    def read(self, stamp: str) -> datetime | None:
        """Return the time, or None when the stamp is none."""
        at = self._parse(stamp)
        if at is not None:
            self.last = at
        return at

    def read_epoch(self, seconds: float) -> datetime | None:
        """Return a UNIX time on the log's own clock, which is usually local time."""
        try:
            at = datetime.fromtimestamp(seconds, tz=UTC).replace(tzinfo=None)
        except (OverflowError, OSError, ValueError):
            return None
        if self.last is not None:
            away = (self.last - at).total_seconds()
            # More than a day apart is no zone: the neighbour is simply an older line.
            if abs(away) < 86_400:
                self._offset = timedelta(seconds=round(away / QUARTER_HOUR) * QUARTER_HOUR)
        at += self._offset or timedelta()
        self.last = at
        return at

    def _parse(self, stamp: str) -> datetime | None:
        if match := _NAMED.match(stamp):
            day, month, year, *clock = match.groups()
            return self._build(year, month, day, clock)
        if match := _ISO.match(stamp):
            year, number, day, *clock = match.groups()
            return _moment(int(year), int(number), int(day), *_time_of_day(*clock))
        if match := _SYSLOG.match(stamp):
            month, day, *clock = match.groups()
            return self._build(None, month, day, [*clock, None])
        if match := _EPOCH.match(stamp):
            return self.read_epoch(int(match[1]) + int(match[2] or 0) / 1000)
        return None

    def _build(self, year: str | None, month: str, day: str, clock: list[str | None]) -> datetime | None:
        number = MONTHS.get(month)
        if number is None:
            return None
        if year is None and self.last is not None and self.last.month == 12 and number == 1:
            self._year = self.last.year + 1  # a log without years passed new year's eve
        at = _moment(int(year) if year else self._year, number, int(day), *_time_of_day(*clock))
        if year is not None and at is not None:
            self._year = at.year
        return at


@lru_cache(maxsize=4096)
def _time_of_day(hour: str, minute: str, second: str, fraction: str | None) -> tuple[int, int, int, int]:
    return int(hour), int(minute), int(second), int((fraction or "0")[:6].ljust(6, "0"))


def _moment(year: int, month: int, day: int, hour: int, minute: int, second: int, micro: int) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), micro)
    except ValueError:
        return None
