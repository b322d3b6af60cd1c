"""What happened, in order: the server by its log, the analyses, the people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from incidents.analysis.report import AnalysisResult, ReportedFinding
from incidents.collaboration.timeline import MACHINE, timeline_of
from incidents.collaboration.wording import sentence
from incidents.models import Incident

MOST_OF_LOG, MOST_OF_FINDING = 12, 3
LONGEST_QUOTE = 160
RANK = {"critical": 0, "high": 1, "medium": 2, "low": 3}


class Lane(StrEnum):
    SERVER = "server"  # what the evidence tells, by the clock of its log
    PEOPLE = "people"
    ANALYSIS = "analysis"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened. `quote` is evidence, word for word."""

    at: datetime
    lane: Lane
    text: str
    who: str = ""
    quote: str = ""
    tone: str = ""  # a severity, for what the server told


def moments_of(incident: Incident, report: AnalysisResult | None) -> list[Moment]:
    """Everything with a time, the oldest first."""
    found = [*_of_server(report.findings if report else ()), *_of_people(incident)]
    return sorted(found, key=lambda moment: (moment.at, moment.lane))


def _of_server(findings: Iterable[ReportedFinding]) -> list[Moment]:
    """The evidence with a time, of the gravest findings first when there is too much; each line once."""
    told: dict[tuple[datetime, str], Moment] = {}
    for finding in sorted(findings, key=lambda one: RANK.get(one.severity, 9)):
        for quote in finding.evidence[:MOST_OF_FINDING]:
            at = _moment(quote.at)
            key = (at, quote.text) if at else None
            if at and key and key not in told and finding.state in ("active", "recovered", "history"):
                told[key] = Moment(at, Lane.SERVER, finding.title, quote.node, _short(quote.text), finding.severity)
    return list(told.values())[:MOST_OF_LOG]


def _of_people(incident: Incident) -> Iterator[Moment]:
    for entry in timeline_of(incident):
        lane = Lane.ANALYSIS if entry.kind in MACHINE else Lane.PEOPLE
        if entry.comment is None:
            yield Moment(entry.at, lane, sentence(entry))
        elif entry.comment.text:
            yield Moment(entry.at, lane, _short(entry.comment.text), entry.actor)


def _moment(text: str) -> datetime | None:
    """A time of the evidence. One without a zone counts as the portal's; None for what can't be read."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    if found is None:
        return None
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1] + "…"
