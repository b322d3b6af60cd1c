"""What goes into an import and what comes out of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"  # somebody has changed the document here, and the row says something else
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands in the place of a row that could not be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Stands in the place of a file that is the same as at the last import, and so is its document."""

    id: str


Row = Mapping[str, Any] | Unreadable | Unchanged


@dataclass(frozen=True, slots=True)
class Sourced:
    """A row with the file it came from, and what was guessed or left out in reading it."""

    row: Row
    source: str = ""
    digest: str = ""  # of the file, where it holds just this document
    remarks: tuple[str, ...] = ()
    draft_only: bool = False  # too little structure to be published as it is


@dataclass(frozen=True, slots=True)
class Verdict:
    row: int  # from 1
    id: str
    outcome: Outcome
    reasons: Mapping[str, list[str]] = field(default_factory=dict)
    source: str = ""
    remarks: tuple[str, ...] = ()
    title: str = ""

    @property
    def sentence(self) -> str:
        """Why, in one line."""
        return " ".join(reason for reasons in self.reasons.values() for reason in reasons)


@dataclass(frozen=True, slots=True)
class Policy:
    """What an import may do."""

    status: str = "stated"  # of new documents: as their row says, "draft" or "published"
    keep_conflicts: bool = False  # documents changed here since the last import stay as they are
    may_publish: bool = True  # else published documents are not touched and none is published
    label: str = ""  # where the rows come from; remembered with the documents

    @property
    def remembers(self) -> bool:
        return bool(self.label)


AS_STATED = Policy()


@dataclass(frozen=True, slots=True)
class ImportReport:
    verdicts: list[Verdict]
    applied: bool  # False: nothing was changed (a dry run, or all-or-nothing with a refused row)

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(verdict.outcome.value for verdict in self.verdicts)
        return {outcome.value: found[outcome.value] for outcome in Outcome}
