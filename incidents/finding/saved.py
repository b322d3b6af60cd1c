"""Saved views: lists under a name, one's own or shared, one of them to open with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from incidents.finding.filters import IncidentFilter
from incidents.finding.models import DefaultView, SavedView
from incidents.texts import storable_text

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_OWN = 50
MOST_SHOWN = 40


class NameTaken(ValueError):
    """Somebody has two views of one name."""


class TooManyViews(ValueError):
    """Somebody has as many views as anybody may have."""


def views_of(user: User) -> QuerySet[SavedView]:
    return SavedView.objects.seen_by(user).select_related("owner")[:MOST_SHOWN]


def default_view_of(user: User) -> SavedView | None:
    """The view that somebody's list opens with. None when there is none, or it is not shared any more."""
    chosen = DefaultView.objects.filter(user=user).select_related("view").first()
    if chosen is None or not (chosen.view.owner_id == user.pk or chosen.view.is_shared):
        return None
    return chosen.view


@transaction.atomic
def save_view(*, owner: User, name: str, wanted: IncidentFilter, is_shared: bool, is_default: bool) -> SavedView:
    """Keep a list under a name; the same name again keeps the new list. Raise TooManyViews."""
    name = storable_text(name.strip())
    own = SavedView.objects.filter(owner=owner)
    if own.exclude(name=name).count() >= MOST_OWN:
        raise TooManyViews
    values = {"query": wanted.query[:2000], "is_shared": is_shared}
    view, _ = SavedView.objects.update_or_create(owner=owner, name=name, defaults=values)
    if is_default:
        open_with(user=owner, view=view)
    return view


def change_view(*, view: SavedView, name: str, is_shared: bool) -> SavedView:
    """Rename, share or keep to oneself. Raise NameTaken."""
    view.name, view.is_shared = storable_text(name.strip()), is_shared
    try:
        with transaction.atomic():
            view.save(update_fields=["name", "is_shared"])
    except IntegrityError:
        raise NameTaken from None
    return view


def open_with(*, user: User, view: SavedView | None) -> None:
    """Choose the view that the list opens with; None opens with everything."""
    if view is None:
        DefaultView.objects.filter(user=user).delete()
    else:
        DefaultView.objects.update_or_create(user=user, defaults={"view": view})


def editable_view(user: User, view_id: int) -> SavedView:
    """A view that somebody may change: one's own; an administrator may tidy up shared ones. Raise Http404."""
    views = SavedView.objects.seen_by(user) if user.is_superuser else SavedView.objects.filter(owner=user)
    return get_object_or_404(views, pk=view_id)


def seen_view(user: User, view_id: int) -> SavedView:
    return get_object_or_404(SavedView.objects.seen_by(user), pk=view_id)
