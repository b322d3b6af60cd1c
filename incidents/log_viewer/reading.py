"""The lines of one text and what is known of each: severity, time, and the findings that quote it.

Evidence never changes, so what was read of it is kept for the next request of somebody who scrolls.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from incidents.diagnostics.parsers.server_log import parse_log_lines, recognise_line
from incidents.evidence_rows import QUOTE_LENGTH

if TYPE_CHECKING:
    from incidents.models import AnalysisRun, EvidenceItem

SEVERITIES = ("", "low", "medium", "high", "critical")  # by rank; the first is a line that is no reason to worry
UNKNOWN_TIME = -1.0


@dataclass(frozen=True, slots=True)
class LogIndex:
    """Rank of severity and time of every line; a line without a time has that of the one above."""

    ranks: bytes
    times: Sequence[float]  # seconds, by the log's own clock taken as UTC; UNKNOWN_TIME before the first one

    @property
    def is_timed(self) -> bool:
        return bool(self.times) and self.times[-1] != UNKNOWN_TIME


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding that quotes a line."""

    line: int
    finding: str
    title: str
    severity: str


@dataclass(frozen=True, slots=True)
class _Key:
    """Names an unchanging text. Beside its id because ids come again when rows are deleted."""

    pk: int
    size: int
    added: datetime


def key_of(item: EvidenceItem) -> _Key:
    return _Key(item.pk, item.size, item.added_at)


def lines_of(item: EvidenceItem) -> list[str]:
    return _lines(key_of(item))


def index_of(item: EvidenceItem) -> LogIndex:
    """Read every line; a second for 50,000 of them, the first time."""
    return _index(key_of(item))


@lru_cache(maxsize=4)
def _lines(key: _Key) -> list[str]:
    from incidents.models import EvidenceItem

    text: str = EvidenceItem.objects.values_list("text", flat=True).get(pk=key.pk)
    return text.split("\n")


@lru_cache(maxsize=32)
def _index(key: _Key) -> LogIndex:
    lines = _lines(key)
    ranks, times = bytearray(len(lines)), array("d", [UNKNOWN_TIME]) * len(lines)
    for entry in parse_log_lines(lines):
        ranks[entry.line - 1] = rank_of(entry.message)
        if entry.at is not None:
            times[entry.line - 1] = seconds_of(entry.at)
    for number in range(1, len(times)):
        if times[number] == UNKNOWN_TIME:
            times[number] = times[number - 1]
    return LogIndex(bytes(ranks), times)


def rank_of(line: str) -> int:
    meaning = recognise_line(line)
    return meaning.severity.rank if meaning is not None and meaning.severity is not None else 0


def seconds_of(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


# --- Findings --------------------------------------------------------------------------------------------------


def marks_of(item: EvidenceItem, run: AnalysisRun | None) -> list[Mark]:
    """The lines of a text that the findings of a run quote, in the order of the text."""
    return _marks(key_of(item), run.pk, run.finished_at) if run is not None and run.result else []


@lru_cache(maxsize=32)
def _marks(key: _Key, run_id: int, finished_at: datetime | None) -> list[Mark]:
    from incidents.models import AnalysisRun

    result = AnalysisRun.objects.values_list("result", flat=True).get(pk=run_id) or {}
    wanted = _quoted(result.get("findings", []))
    best: dict[str, int] = {}
    for number, line in enumerate(_lines(key), start=1):
        bare = line.strip()[:QUOTE_LENGTH]
        if bare in wanted and (bare not in best or number in wanted[bare][1]):
            best[bare] = number
    marks = [
        Mark(number, finding["id"], finding["title"], finding["severity"])
        for quote, number in best.items()
        for finding in wanted[quote][0].values()
    ]
    return sorted(marks, key=lambda mark: mark.line)


def _quoted(findings: Sequence[Mapping[str, Any]]) -> dict[str, tuple[dict[str, Mapping[str, Any]], set[int]]]:
    """By quote: the findings that rest on it, and the lines where they say it stands."""
    quoted: dict[str, tuple[dict[str, Mapping[str, Any]], set[int]]] = {}
    for finding in findings:
        for quote in finding.get("evidence", []):
            text = str(quote.get("text", "")).strip()[:QUOTE_LENGTH]
            if text:
                by_id, numbers = quoted.setdefault(text, ({}, set()))
                by_id.setdefault(finding["id"], finding)
                numbers.add(quote.get("line") or 0)
    return quoted
