"""What happened to an incident as one row of entries: people and machine together. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from incidents.collaboration.models import Comment
from incidents.models import Incident, IncidentChange

Kind = IncidentChange.Kind

PER_PAGE = 30
COMMENTS = frozenset({Kind.COMMENTED})
MACHINE = frozenset({Kind.ANALYSIS_STARTED, Kind.ANALYSIS_CANCELLED, Kind.ANALYSIS_ENDED, Kind.VERDICT})
# A comment shows by itself that it was edited; the history of changes lists it.
QUIET = frozenset({Kind.COMMENT_EDITED, Kind.COMMENT_DELETED})
SHOWN: Mapping[str, frozenset[str]] = {
    "all": frozenset(Kind) - QUIET,
    "comments": COMMENTS,
    "changes": frozenset(Kind) - COMMENTS - MACHINE,
    "analyses": MACHINE,
}


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment as pages and programs read it. `text` is empty once it was deleted."""

    id: int
    author_id: int | None
    author: str
    text: str
    mentioned: tuple[str, ...]
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    incident_id: int

    @classmethod
    def of(cls, comment: Comment) -> CommentView:
        return cls(
            id=comment.pk, author_id=comment.author_id, author=_name(comment.author),
            text="" if comment.is_deleted else comment.text,
            mentioned=tuple(person.username for person in comment.mentioned.all()),
            created_at=comment.created_at, edited_at=comment.edited_at, deleted_at=comment.deleted_at,
            incident_id=comment.incident_id,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. `actor` is empty for the machine and for people whose account is gone."""

    id: int
    incident_id: int
    kind: str
    at: datetime
    actor: str
    field: str
    before: str
    after: str
    detail: Mapping[str, Any]
    run_id: int | None
    comment: CommentView | None

    @classmethod
    def of(cls, change: IncidentChange) -> Entry:
        return cls(
            id=change.pk, incident_id=change.incident_id, kind=change.kind, at=change.at, actor=_name(change.actor),
            field=change.field, before=change.before, after=change.after, detail=change.detail or {},
            run_id=change.run_id, comment=CommentView.of(change.comment) if change.comment else None,
        )  # fmt: skip

    @property
    def is_machine(self) -> bool:
        return self.kind in (Kind.ANALYSIS_ENDED, Kind.VERDICT)

    @property
    def anchor(self) -> str:
        """Where it stands on its page; stable, to be shared."""
        return f"comment-{self.comment.id}" if self.comment and self.kind == Kind.COMMENTED else f"event-{self.id}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, the newest first. `before` asks for the ones before them; None when there are none."""

    entries: list[Entry]
    before: int | None = None


def timeline_of(incident: Incident) -> list[Entry]:
    """Everything that happened, the oldest first, except edits of comments."""
    changes = rows(IncidentChange.objects.filter(incident=incident, kind__in=SHOWN["all"]))
    return [Entry.of(change) for change in changes.order_by("pk")]


def page_of(
    incident: Incident, *, show: str = "all", before: int | None = None, reach: int | None = None, limit: int = PER_PAGE
) -> Page:
    """A stretch of the timeline. `reach` lengthens the first one as far as an entry that a link leads to."""
    found = IncidentChange.objects.filter(incident=incident, kind__in=SHOWN.get(show, SHOWN["all"]))
    if reach is not None and before is None:
        limit = max(limit, min(found.filter(pk__gte=reach).count() + 5, 500))
    if before is not None:
        found = found.filter(pk__lt=before)
    changes = list(rows(found).order_by("-pk")[: limit + 1])
    entries = [Entry.of(change) for change in changes[:limit]]
    return Page(entries, before=entries[-1].id if len(changes) > limit else None)


def latest(incident: Incident, kinds: Iterable[str], *, limit: int) -> list[Entry]:
    """The last entries of some kinds, the oldest of them first."""
    changes = IncidentChange.objects.filter(incident=incident, kind__in=list(kinds))
    return [Entry.of(change) for change in reversed(rows(changes).order_by("-pk")[:limit])]


def since(incident_id: int, after: int) -> list[Entry]:
    """What has been stored after an id, in order; edits of comments too, for those change what is shown."""
    changes = IncidentChange.objects.filter(incident_id=incident_id, pk__gt=after)
    return [Entry.of(change) for change in rows(changes).order_by("pk")]


def rows(changes: QuerySet[IncidentChange]) -> QuerySet[IncidentChange]:
    """With everything that an entry needs, in a number of queries that does not grow."""
    return changes.select_related("actor", "comment__author").prefetch_related("comment__mentioned")


def _name(user: Any) -> str:
    return str(user.get_username()) if user else ""
