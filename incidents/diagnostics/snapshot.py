"""One node at one time, as its INFO told it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from incidents.diagnostics.fields import MissingField, read_number
from incidents.diagnostics.findings import Evidence
from incidents.diagnostics.parsers.info import Info

LONGEST_NUMBER = 24  # characters; more is a run id or garbage, and would overflow a float
STATED_WITHIN = 60.0  # seconds that a stated interval may differ from the server's own


@dataclass(frozen=True)
class Snapshot:
    """A sample of one node. Fields that were not printed are unknown, never zero."""

    node: str = ""
    at: datetime | None = None
    info: Info = field(default_factory=Info)
    source: str = "INFO"

    def has(self, name: str) -> bool:
        return name in self.info.fields or f"{name}_human" in self.info.fields

    def value(self, name: str) -> float | int | str:
        """A field as a whole number, a number, or else as text. Raise MissingField when it is absent."""
        if name not in self.info.fields:
            return self.info.fields.number(name)  # its _human twin, or MissingField
        text = self.info.fields.text(name)
        try:
            return int(text) if len(text) <= LONGEST_NUMBER else text
        except ValueError:
            number = read_number(text)
            return text if number is None else number

    def number(self, name: str) -> float:
        value = self.value(name)
        if isinstance(value, str):
            raise MissingField(name)
        return float(value)

    def quote(self, name: str) -> Evidence:
        """The field as evidence, with its line."""
        printed = self.info.fields.quote(name) if name in self.info.fields else f"{name}: ?"
        return Evidence(printed, self.source, self.info.fields.line_of(name), self.node, self.at)

    @property
    def clock(self) -> datetime | None:
        """When the sample was taken: said by whoever pasted it, else by the server's own clock."""
        if self.at is not None:
            return self.at
        usec = self.info.fields.get("server_time_usec", "")
        return datetime.fromtimestamp(int(usec) / 1e6, UTC) if usec.isdecimal() and len(usec) < 18 else None


@dataclass(frozen=True, slots=True)
class Growth:
    """How a counter moved between two samples of one process."""

    before: float
    after: float
    seconds: float

    @property
    def amount(self) -> float:
        return self.after - self.before

    @property
    def per_second(self) -> float:
        return self.amount / self.seconds


def seconds_between(earlier: Snapshot, later: Snapshot) -> float:
    """Time between two samples, by the stated times, the server's clock or its uptime. 0 when nothing tells."""
    measured = _measured(earlier, later, "server_time_usec", 1e6)
    if earlier.at and later.at and _comparable(earlier.at, later.at):
        stated = (later.at - earlier.at).total_seconds()
        # Stated times are often whole seconds or minutes. The server's clock says the same more exactly.
        return measured if measured > 0 and abs(stated - measured) <= STATED_WITHIN else stated
    return measured or _measured(earlier, later, "uptime_in_seconds", 1.0)


def _measured(earlier: Snapshot, later: Snapshot, name: str, unit: float) -> float:
    with suppress(MissingField):
        return (later.number(name) - earlier.number(name)) / unit
    return 0.0


def _comparable(a: datetime, b: datetime) -> bool:
    return (a.tzinfo is None) == (b.tzinfo is None)


def is_restarted(earlier: Snapshot, later: Snapshot) -> bool:
    """Whether the process of the later sample is another one: counters began anew."""
    for name in ("run_id", "process_id"):
        if earlier.has(name) and later.has(name) and earlier.info.fields[name] != later.info.fields[name]:
            return True
    with suppress(MissingField):
        return later.number("uptime_in_seconds") < earlier.number("uptime_in_seconds")
    return False
