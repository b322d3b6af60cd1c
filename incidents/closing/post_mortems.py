"""Start a post-mortem, save it without losing anybody's words, bring back an earlier version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from incidents.closing.documents.building import post_mortem_text
from incidents.closing.models import PostMortem, PostMortemVersion
from incidents.models import Incident, Language
from incidents.texts import storable_text

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Clock = Callable[[], datetime]
LONGEST = 100_000  # characters
CONTEXT = 2  # unchanged lines around a change


class TooLong(ValueError):
    """The text is longer than a post-mortem may be."""


class EditConflict(RuntimeError):
    """Somebody else saved since the editor was opened. `current` is what stands now; nothing was saved."""

    def __init__(self, current: PostMortem) -> None:
        super().__init__(f"version {current.version} was saved in between")
        self.current = current


def post_mortem_of(incident: Incident, language: str) -> PostMortem | None:
    return incident.post_mortems.filter(language=language).select_related("incident", "updated_by").first()


def start_post_mortem(
    *, incident: Incident, language: str, actor: User | None, clock: Clock = timezone.now
) -> PostMortem:
    """Fill the template in from everything that is known. The one that is there already stays as it is."""
    language = Language(language).value
    if (existing := post_mortem_of(incident, language)) is not None:
        return existing
    body = storable_text(post_mortem_text(incident, language=language))
    with translation.override(language):
        note = _("Filled in from the incident")
    try:
        with transaction.atomic():
            started = PostMortem.objects.create(
                incident=incident, language=language, body=body, updated_by=actor, updated_at=clock()
            )
            _keep(started, note, actor)
    except IntegrityError:  # two people began at the same moment
        return PostMortem.objects.get(incident=incident, language=language)
    return started


@transaction.atomic
def save_post_mortem(
    *, post_mortem: PostMortem, body: str, seen: int, note: str = "", actor: User | None, clock: Clock = timezone.now
) -> PostMortem:
    """Save a text that was edited from version `seen`. Raises TooLong, or EditConflict when that has passed."""
    body = storable_text(body.replace("\r\n", "\n").rstrip() + "\n")
    if len(body) > LONGEST:
        raise TooLong
    current = PostMortem.objects.select_for_update().select_related("incident").get(pk=post_mortem.pk)
    if body == current.body:
        return current
    # A conditional UPDATE, so that of two who save at once one learns of the other on every database.
    ours = PostMortem.objects.filter(pk=current.pk, version=seen)
    changed = ours.update(body=body, version=seen + 1, updated_by=actor, updated_at=clock())
    current.refresh_from_db()
    if not changed:
        raise EditConflict(current)
    _keep(current, storable_text(note.strip())[:200], actor)
    return current


def restore_version(
    *, post_mortem: PostMortem, number: int, actor: User | None, clock: Clock = timezone.now
) -> PostMortem:
    """Save an earlier version as the newest one. Raises PostMortemVersion.DoesNotExist."""
    earlier = post_mortem.versions.get(number=number)
    note = _("Version %(number)d brought back") % {"number": number}
    return save_post_mortem(
        post_mortem=post_mortem, body=earlier.body, seen=post_mortem.version, note=note, actor=actor, clock=clock
    )


def _keep(post_mortem: PostMortem, note: str, actor: User | None) -> None:
    PostMortemVersion.objects.create(
        post_mortem=post_mortem, number=post_mortem.version, body=post_mortem.body, note=note, saved_by=actor,
        saved_at=post_mortem.updated_at,
    )  # fmt: skip


# --- Differences ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a comparison. `mark` is "+", "-", " " or "…" for lines that were left out."""

    mark: str
    text: str


def difference(before: str, after: str) -> list[DiffLine]:
    """What was added and taken away, with a little of what stands around it. Empty when nothing was."""
    old, new = before.splitlines(), after.splitlines()
    found: list[DiffLine] = []
    groups = SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)
    for number, group in enumerate(groups):
        if number:
            found.append(DiffLine("…", ""))
        for kind, i1, i2, j1, j2 in group:
            if kind == "equal":
                found += [DiffLine(" ", line) for line in old[i1:i2]]
                continue
            found += [DiffLine("-", line) for line in old[i1:i2]]
            found += [DiffLine("+", line) for line in new[j1:j2]]
    return found
