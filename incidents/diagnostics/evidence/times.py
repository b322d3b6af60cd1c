"""Times as people and `date` write them beside a paste, read as naive wall clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from incidents.diagnostics.parsers.log_times import MONTHS

_ZONE = r"(?:\s?(?P<zone>Z|UTC|GMT|KST|[+-]\d\d:?\d\d))?"
_ISO = re.compile(
    r"(?<![\d.])(?P<year>20\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[T ,]{1,2}"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,9})?)?" + _ZONE
)
_DATE = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:(?P<name>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2})|"
    r"(?P<day2>\d{1,2}) (?P<name2>[A-Z][a-z]{2}))(?: (?P<year2>20\d\d))? "
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)"
    r"(?: (?P<zone>[A-Z]{3,5}|[+-]\d{4}))?(?: (?P<year>20\d\d))?"
)
_EPOCH = re.compile(r"(?<!\d)1[0-9]{9}(?!\d)")


def find_time(text: str) -> tuple[datetime | None, str]:
    """Return the first time in a short text and the text without it. None when there is none."""
    text = text[:400]
    for pattern, build in ((_ISO, _from_iso), (_DATE, _from_date)):
        if matched := pattern.search(text):
            at = build(matched)
            if at is not None:
                return at, (text[: matched.start()] + " " + text[matched.end() :]).strip()
    return None, text


def read_time(text: str) -> datetime | None:
    """Return the time that a field such as `timestamp` states, also as Unix time."""
    at, _ = find_time(text)
    if at is None and _EPOCH.fullmatch(text.strip()):
        at = datetime.fromtimestamp(int(text), tz=UTC).replace(tzinfo=None)
    return at


def _from_iso(match: re.Match[str]) -> datetime | None:
    return _build(match["year"], match["month"], match["day"], match)


def _from_date(match: re.Match[str]) -> datetime | None:
    year, month = match["year"] or match["year2"], MONTHS.get(match["name"] or match["name2"])
    return _build(year, month, match["day"] or match["day2"], match) if year and month else None


def _build(year: str | int, month: str | int, day: str | int, match: re.Match[str]) -> datetime | None:
    try:
        return datetime(
            int(year), int(month), int(day), int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
        )  # fmt: skip
    except ValueError:
        return None
