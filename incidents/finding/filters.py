"""What a list of incidents is asked for, as an address writes it: read, written back, and said in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from incidents.models import Category, Incident, Severity
from incidents.texts import storable_text

LONGEST = 400  # characters of one value
UNRESOLVED = "unresolved"
UNJUDGED = "unjudged"
NOBODY, ME = "nobody", "me"
PERIODS: Mapping[str, tuple[timedelta, Any]] = {
    "1h": (timedelta(hours=1), _("last hour")),
    "24h": (timedelta(hours=24), _("last 24 hours")),
    "7d": (timedelta(days=7), _("last 7 days")),
    "30d": (timedelta(days=30), _("last 30 days")),
    "90d": (timedelta(days=90), _("last 90 days")),
    "365d": (timedelta(days=365), _("last 12 months")),
}
PERIOD_WORDS = {name: words for name, (_span, words) in PERIODS.items()}
ORDERS: Mapping[str, Any] = {
    "newest": _("Newest first"),
    "severity": _("Worst first"),
    "updated": _("Last changed first"),
    "stale": _("Longest unchanged first"),
    "oldest": _("Oldest first"),
}
CHOICES: Mapping[str, Mapping[str, Any]] = {
    "status": {UNRESOLVED: _("Not resolved"), **dict(Incident.Status.choices)},
    "severity": dict(Severity.choices),
    "category": dict(Category.choices),
    "deployment": dict(Incident.Deployment.choices),
    "right": {**dict(Incident.DiagnosisRight.choices), UNJUDGED: _("Not judged")},
}
LABELS: Mapping[str, Any] = {
    "q": _("Words"), "status": _("Status"), "severity": _("Severity"), "category": _("Category"),
    "deployment": _("Deployment"), "right": _("Was the diagnosis right?"), "assignee": _("With"),
    "reporter": _("Reported by"), "watcher": _("Watched by"), "version": _("Redis version"),
    "period": _("Reported"), "since": _("Reported from"), "until": _("Reported until"),
    "resolved": _("Resolved"), "cause": _("Root cause"), "finding": _("Finding"), "document": _("Cites"),
}  # fmt: skip
MANY = tuple(CHOICES)


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Filters that all must hold. Of those with several values one must hold. Unknown values count as not asked."""

    q: str = ""
    status: tuple[str, ...] = ()  # statuses, or `unresolved`
    severity: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    deployment: tuple[str, ...] = ()
    right: tuple[str, ...] = ()  # was the diagnosis right: yes, partly, no, or `unjudged`
    assignee: str = ""  # a user name, `me` or `nobody`
    reporter: str = ""  # a user name or `me`
    watcher: str = ""  # a user name or `me`
    version: str = ""  # the beginning of one: 7 or 7.2
    period: str = ""  # reported in the last 7d
    since: str = ""  # a day or a moment
    until: str = ""
    resolved: str = ""  # in the last 7d
    cause: str = ""
    finding: str = ""
    document: str = ""
    order: str = "newest"

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> IncidentFilter:
        """Read an address' parameters, or a mapping of texts."""
        known: dict[str, Any] = {}
        for item in fields(cls):
            given = _texts(values, item.name)
            if item.name in MANY:
                known[item.name] = tuple(dict.fromkeys(text for text in given if text in CHOICES[item.name]))
            elif given and _is_usable(item.name, given[-1]):
                known[item.name] = given[-1]
        return cls(**known)

    @property
    def is_set(self) -> bool:
        return any(getattr(self, item.name) for item in fields(self) if item.name != "order")

    @property
    def query(self) -> str:
        """The address' part that asks for the same; empty for the whole list."""
        return urlencode(list(self._parameters()))

    def _parameters(self) -> Iterator[tuple[str, str]]:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in MANY:
                yield from ((item.name, one) for one in value)
            elif value and (item.name, value) != ("order", "newest"):
                yield item.name, value

    def without(self, name: str, value: str) -> IncidentFilter:
        """The same list with one condition less."""
        left = tuple(one for one in getattr(self, name) if one != value) if name in MANY else ""
        changes: dict[str, Any] = {name: left}
        return replace(self, **changes)

    def ordered(self, order: str) -> IncidentFilter:
        return replace(self, order=order)


def unknown_values(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """What was asked for and can't be understood, by name: a program should be told, a page goes on without."""
    problems: dict[str, list[str]] = {}
    for item in fields(IncidentFilter):
        usable = CHOICES[item.name].__contains__ if item.name in MANY else _checks(item.name)
        wrong = [text for text in _texts(values, item.name) if not usable(text)]
        if wrong:
            problems[item.name] = wrong
    return problems


def moment_of(text: str, *, end: bool = False) -> datetime | None:
    """A day or a moment in the portal's zone; a day's end is the beginning of the next. None for anything else."""
    try:
        day, moment = parse_date(text), parse_datetime(text)
    except ValueError:
        return None
    if moment is None:
        return None
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    return moment + timedelta(days=1) if end and day is not None else moment


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition in words, and the address of the list without it."""

    name: str
    label: str
    value: str
    query: str


def chips_of(wanted: IncidentFilter, *, names: Mapping[tuple[str, str], str] | None = None) -> list[Chip]:
    """Every condition that is set. `names` says causes, findings and documents in words."""
    found = []
    for name, label in LABELS.items():
        values = getattr(wanted, name)
        for value in values if name in MANY else filter(None, [values]):
            said = (names or {}).get((name, value)) or _said(name, value)
            found.append(Chip(name, str(label), said, wanted.without(name, value).query))
    return found


def _said(name: str, value: str) -> str:
    if name in MANY:
        return str(CHOICES[name][value])
    if name in ("period", "resolved"):
        return str(PERIOD_WORDS[value])
    if name in ("assignee", "reporter", "watcher") and value in (ME, NOBODY):
        return str(_("me") if value == ME else _("nobody"))
    return value


def _texts(values: Mapping[str, Any], name: str) -> list[str]:
    """The values given for a name: repeated parameters, a list, or one text with commas for those with choices."""
    given: Any = values.getlist(name) if isinstance(values, QueryDict) else values.get(name)
    listed = given if isinstance(given, list | tuple) else [given] if given else []
    texts = [storable_text(str(text).strip()[:LONGEST]) for text in listed]
    if name in MANY:
        texts = [part.strip() for text in texts for part in text.split(",")]
    return [text for text in texts if text]


def _is_usable(name: str, value: str) -> bool:
    return bool(_checks(name)(value))


def _checks(name: str) -> Any:
    if name in ("period", "resolved"):
        return PERIODS.__contains__
    if name in ("since", "until"):
        return lambda text: moment_of(text) is not None
    return ORDERS.__contains__ if name == "order" else bool
