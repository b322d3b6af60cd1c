# ruff: noqa: S608  (names of tables and columns are constants of this module; values are parameters)
"""Median and ninetieth percentile of a span of time, whole and part by part: ranked by the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import connection

from incidents.dashboard.periods import Period

Column = Literal["created_at", "diagnosed_at", "resolved_at"]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """In seconds. None where nothing was measured."""

    count: int = 0
    median: float | None = None
    ninetieth: float | None = None


@dataclass(frozen=True, slots=True)
class Durations:
    whole: Quantiles
    parts: list[Quantiles]


def durations(period: Period, *, start: Column, end: Column, within: Column) -> Durations:
    """How long it took from one moment of incidents to another, for those whose `within` lies in the period."""
    seconds, part = _difference(start, end), _part_number(within)
    spans = f"""WITH spans AS (
        SELECT {seconds} AS seconds, {part} AS part FROM incidents_incident
        WHERE {within} >= %s AND {within} < %s AND {start} IS NOT NULL AND {end} IS NOT NULL)"""
    values = [_moment(period.start), period.part.total_seconds(), _moment(period.start), _moment(period.end)]
    with connection.cursor() as cursor:
        cursor.execute(f"{spans} SELECT part, count(*) FROM spans GROUP BY part ORDER BY part", values)
        found = {int(number): count for number, count in cursor.fetchall()}
        whole = _ranked(cursor, spans, values, "seconds", _ranks(sum(found.values())))
        # Ordered by part, each part's ranks follow those of the parts before it: one sort serves them all.
        before, ranks, count_of = 0, [], {}
        for number, count in sorted(found.items()):
            ranks += [before + rank for rank in _ranks(count)]
            count_of[number] = (before, count)
            before += count
        by_part = _ranked(cursor, spans, values, "part, seconds", ranks)
    return Durations(
        _quantiles(whole, 0, sum(found.values())),
        [_quantiles(by_part, *count_of.get(number, (0, 0))) for number in range(len(period.parts))],
    )


def _ranks(count: int) -> list[int]:
    """The places of the median and of the ninetieth percentile among so many."""
    return [(count + 1) // 2, (count * 9 + 9) // 10] if count else []


def _ranked(cursor: Any, spans: str, values: list[Any], order: str, ranks: list[int]) -> dict[int, float]:
    """The seconds that stand at these ranks in an order."""
    if not ranks:
        return {}
    marks = ", ".join(["%s"] * len(ranks))
    cursor.execute(
        f"{spans}, ranked AS (SELECT seconds, row_number() OVER (ORDER BY {order}) AS rank FROM spans) "
        f"SELECT rank, seconds FROM ranked WHERE rank IN ({marks})",
        [*values, *ranks],
    )
    return {rank: float(seconds) for rank, seconds in cursor.fetchall()}


def _quantiles(seconds: dict[int, float], before: int, count: int) -> Quantiles:
    median, ninetieth = (seconds.get(before + rank) for rank in _ranks(count) or (-1, -1))
    return Quantiles(count, median, ninetieth)


def _difference(start: str, end: str) -> str:
    if connection.vendor == "postgresql":
        return f"EXTRACT(EPOCH FROM ({end} - {start}))"
    return f"(julianday({end}) - julianday({start})) * 86400.0"


def _part_number(column: str) -> str:
    """Which part of the period a moment lies in; takes the period's start and the part's seconds."""
    if connection.vendor == "postgresql":
        return f"CAST(floor(EXTRACT(EPOCH FROM ({column} - %s::timestamptz)) / %s) AS integer)"
    return f"CAST((julianday({column}) - julianday(%s)) * 86400.0 / %s AS INTEGER)"


def _moment(moment: datetime) -> Any:
    """A moment as the database's driver takes it in raw SQL."""
    return connection.ops.adapt_datetimefield_value(moment)


def counts(period: Period, *, within: Column) -> list[int]:
    """How many incidents have this moment in each part of the period."""
    sql = (
        f"SELECT {_part_number(within)} AS part, count(*) FROM incidents_incident "
        f"WHERE {within} >= %s AND {within} < %s GROUP BY 1"
    )
    values = [_moment(period.start), period.part.total_seconds(), _moment(period.start), _moment(period.end)]
    found = [0] * len(period.parts)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        for part, count in cursor.fetchall():
            found[min(max(int(part), 0), len(found) - 1)] += count
    return found
