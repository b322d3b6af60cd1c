"""What pages of the team read. Every query starts from the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import Http404

from incidents.collaboration.models import Comment, Notice, Watch
from incidents.collaboration.timeline import QUIET, Entry, rows
from incidents.models import Incident, IncidentChange

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FEED_PAGE = 50
FEEDS = ("all", "mine", "mentions", "watching")
MOST_UNREAD = 99
MOST_PEOPLE = 200


def comment_for(user: User, incident_id: int, comment_id: int) -> Comment:
    """One comment. Raise Http404 for one that does not exist or that this person may not see."""
    visible = Incident.objects.visible_to(user).filter(pk=incident_id)
    found = Comment.objects.filter(pk=comment_id, incident__in=visible).select_related("author", "incident").first()
    if found is None:
        raise Http404
    return found


def own_comment_for(user: User, incident_id: int, comment_id: int) -> Comment:
    """A comment that this person may edit. Raise Http404 for those of others and for deleted ones."""
    comment = comment_for(user, incident_id, comment_id)
    if comment.author_id != user.pk or comment.is_deleted:
        raise Http404
    return comment


def people() -> list[User]:
    """Who may be given an incident or be mentioned, by name."""
    may = get_user_model().objects.with_perm(
        "incidents.change_incident", backend="django.contrib.auth.backends.ModelBackend"
    )  # fmt: skip
    return list(may.order_by("username")[:MOST_PEOPLE])


def is_watching(user: User, incident: Incident) -> bool:
    return Watch.objects.filter(incident=incident, user_id=user.pk, is_on=True).exists()


# --- The feed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An entry with its incident. `reason` says why it concerns the reader, empty when it does not."""

    entry: Entry
    incident: Incident
    is_unread: bool
    reason: str

    @property
    def address(self) -> str:
        """Where it happened: a link to the very entry, that marks it."""
        return f"{self.incident.get_absolute_url()}?entry={self.entry.id}#{self.entry.anchor}"


@dataclass(frozen=True, slots=True)
class Feed:
    items: list[FeedItem]
    before: int | None  # asks for the items before these; None when there are none


def feed_of(user: User, *, show: str = "all", before: int | None = None) -> Feed:
    """What happened over all incidents, the newest first."""
    changes = IncidentChange.objects.filter(incident__in=Incident.objects.visible_to(user)).exclude(kind__in=QUIET)
    changes = changes.filter(_concerning(user, show))
    if before is not None:
        changes = changes.filter(pk__lt=before)
    found = list(rows(changes).select_related("actor", "comment__author", "incident").order_by("-pk")[: FEED_PAGE + 1])
    shown = found[:FEED_PAGE]
    notices = {notice.change_id: notice for notice in Notice.objects.filter(user=user, change__in=shown)}
    items = [_item(change, notices.get(change.pk)) for change in shown]
    return Feed(items, before=shown[-1].pk if len(found) > FEED_PAGE else None)


def _concerning(user: User, show: str) -> Q:
    match show:
        case "mine":
            return Q(incident__assignee=user) | Q(incident__reporter=user)
        case "mentions":
            return Q(pk__in=Notice.objects.filter(user=user, reason=Notice.Reason.MENTIONED).values("change_id"))
        case "watching":
            return Q(incident__in=Watch.objects.filter(user=user, is_on=True).values("incident_id"))
    return Q()


def _item(change: IncidentChange, notice: Notice | None) -> FeedItem:
    reason = notice.get_reason_display() if notice else ""
    return FeedItem(Entry.of(change), change.incident, is_unread=bool(notice and notice.is_unread), reason=reason)


def unread_count(user: User) -> int:
    """How many notices somebody has not seen, counted to one beyond what is shown."""
    return int(Notice.objects.filter(user_id=user.pk, is_unread=True)[: MOST_UNREAD + 1].count())


def comments_of(incident: Incident) -> QuerySet[Comment]:
    return incident.comments.select_related("author").prefetch_related("mentioned").order_by("pk")


def watchers_of(incident: Incident) -> QuerySet[Any]:
    return incident.watches.filter(is_on=True).select_related("user").order_by("user__username")
