"""What people do together at an incident: comment, watch, tick steps off, mark notices as seen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from incidents.collaboration.mentions import mentioned_in
from incidents.collaboration.models import ActionTick, Comment, CommentRevision, Notice, Watch
from incidents.collaboration.recording import Kind, Reason, begin_watching, record
from incidents.models import AnalysisRun, Incident
from incidents.texts import storable_text

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Clock = Callable[[], datetime]

LONGEST_COMMENT = 10_000  # characters
COMMENTS_PER_MINUTE = 20  # of one person; a script that runs wild must not bury an incident


class EmptyComment(ValueError):
    """There is nothing but space in it."""


class CommentTooLong(ValueError):
    """It has more than LONGEST_COMMENT characters."""


class TooManyComments(RuntimeError):
    """This person has written COMMENTS_PER_MINUTE comments within a minute."""


class CommentChanged(RuntimeError):
    """The comment was edited elsewhere since this editor was opened; `comment` is how it stands now."""

    def __init__(self, comment: Comment) -> None:
        super().__init__(f"comment {comment.pk} was changed")
        self.comment = comment


# --- Comments --------------------------------------------------------------------------------------------------


@transaction.atomic
def add_comment(*, incident: Incident, author: User, text: str, clock: Clock = timezone.now) -> Comment:
    """Say something about an incident. Raise EmptyComment, CommentTooLong or TooManyComments."""
    text = _checked(text)
    recent = Comment.objects.filter(author=author, created_at__gt=clock() - timedelta(minutes=1))
    if recent.count() >= COMMENTS_PER_MINUTE:
        raise TooManyComments
    people = mentioned_in(text)
    comment = Comment.objects.create(incident=incident, author=author, text=text, created_at=clock())
    comment.mentioned.set(people)
    begin_watching(incident.pk, [author.pk, *(person.pk for person in people)])
    record(
        incident_id=incident.pk, kind=Kind.COMMENTED, actor=author, comment=comment, concerns=_called(people)
    )  # fmt: skip
    return comment


@transaction.atomic
def edit_comment(
    *, comment: Comment, actor: User, text: str, seen: str | None = None, clock: Clock = timezone.now
) -> Comment:
    """Change a comment; the text before is kept. Who is named for the first time hears of it.

    `seen` is the text that the editor started from. Raise CommentChanged when that is no longer the text, and
    PermissionDenied for anybody but the author.
    """
    comment = _own(comment, actor)
    text = _checked(text)
    if seen is not None and _lines(seen) != _lines(comment.text):
        raise CommentChanged(comment)
    if text == comment.text:
        return comment
    CommentRevision.objects.create(comment=comment, text=comment.text, until=clock())
    before, comment.text, comment.edited_at = comment.text, text, clock()
    comment.save(update_fields=["text", "edited_at"])
    known = set(comment.mentioned.values_list("pk", flat=True))
    people = mentioned_in(text)
    comment.mentioned.set(people)
    new = [person for person in people if person.pk not in known]
    begin_watching(comment.incident_id, [person.pk for person in new])
    record(
        incident_id=comment.incident_id, kind=Kind.COMMENT_EDITED, actor=actor, comment=comment,
        before=before, after=text, concerns=_called(new),
    )  # fmt: skip
    return comment


@transaction.atomic
def delete_comment(*, comment: Comment, actor: User, clock: Clock = timezone.now) -> Comment:
    """Take a comment off the page. Its place stays, for others may have answered it. Raise PermissionDenied."""
    comment = _own(comment, actor)
    comment.deleted_at = clock()
    comment.save(update_fields=["deleted_at"])
    Notice.objects.filter(change__comment=comment, is_unread=True).update(is_unread=False)
    record(incident_id=comment.incident_id, kind=Kind.COMMENT_DELETED, actor=actor, comment=comment)
    return comment


def _own(comment: Comment, actor: User) -> Comment:
    comment = Comment.objects.select_for_update(no_key=True).get(pk=comment.pk)
    if comment.author_id != actor.pk or comment.is_deleted:
        raise PermissionDenied
    return comment


def _checked(text: str) -> str:
    text = storable_text(_lines(text).strip())
    if not text:
        raise EmptyComment
    if len(text) > LONGEST_COMMENT:
        raise CommentTooLong
    return text


def _lines(text: str) -> str:
    """Forms send lines with a carriage return, programs without."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _called(people: Iterable[User]) -> dict[int, str]:
    return {person.pk: Reason.MENTIONED.value for person in people}


# --- Watching --------------------------------------------------------------------------------------------------


@transaction.atomic
def watch(*, incident: Incident, user: User, is_on: bool) -> None:
    """Begin or end watching. Viewers see the list of watchers change; the timeline does not tell it."""
    from incidents.runs import wakeups

    Watch.objects.update_or_create(incident=incident, user=user, defaults={"is_on": is_on})
    transaction.on_commit(lambda: wakeups.incident_changed(incident.pk))


# --- Steps of a report -----------------------------------------------------------------------------------------


def step_key(title: str, command: str) -> str:
    """The same step has the same key in the rules' report and in the one that a model wrote over it."""
    return hashlib.sha256(f"{title}\0{command}".encode()).hexdigest()[:12]


class NoSuchStep(ValueError):
    """The run's report has no step of that key."""


@transaction.atomic
def tick(*, run: AnalysisRun, step: str, actor: User, clock: Clock = timezone.now) -> ActionTick:
    """Note that somebody did a step. The first one counts when two do it at once. Raise NoSuchStep."""
    title = _title_of(run, step)
    done, is_new = ActionTick.objects.get_or_create(
        run=run, step=step,
        defaults={"incident_id": run.incident_id, "title": title[:300], "done_by": actor, "done_at": clock()},
    )  # fmt: skip
    if is_new:
        detail = {"step": step, "title": title[:300]}
        record(incident_id=run.incident_id, kind=Kind.STEP_DONE, actor=actor, run=run, detail=detail)
        begin_watching(run.incident_id, [actor.pk])
    return done


@transaction.atomic
def untick(*, run: AnalysisRun, step: str, actor: User) -> bool:
    """Take a tick back. Return False when there was none."""
    done = ActionTick.objects.filter(run=run, step=step).first()
    if done is None:
        return False
    done.delete()
    detail = {"step": step, "title": done.title}
    record(incident_id=run.incident_id, kind=Kind.STEP_REOPENED, actor=actor, run=run, detail=detail)
    return True


def _title_of(run: AnalysisRun, step: str) -> str:
    result = run.result or {}
    for one in [*result.get("immediate_actions", []), *result.get("detailed_steps", [])]:
        if step_key(str(one.get("title", "")), str(one.get("command", ""))) == step:
            return str(one["title"])
    raise NoSuchStep(step)


# --- Notices ---------------------------------------------------------------------------------------------------


def mark_seen(*, user_id: int, incident_id: int | None = None) -> int:
    """Mark the notices about one incident as seen, or all of them. Return how many were not."""
    unread = Notice.objects.filter(user_id=user_id, is_unread=True)
    if incident_id is not None:
        unread = unread.filter(incident_id=incident_id)
    return unread.update(is_unread=False) if unread.exists() else 0  # most have none, and a write locks SQLite
