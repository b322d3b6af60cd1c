"""The desk: cards on the admin's first page that tell what waits. Each app lays its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class DeskCard:
    """One figure with the list behind it. `tone`: none, ok, medium, high or critical, said in `note` as well."""

    title: str
    value: str
    note: str = ""
    href: str = ""  # empty for people who may not open the list
    icon: str = "file"
    tone: str = "none"


def desk_of(request: HttpRequest) -> list[DeskCard]:
    """The cards of all apps, in the order of `ADMIN_DESKS`."""
    layers: Sequence[Callable[[HttpRequest], list[DeskCard]]] = [import_string(name) for name in settings.ADMIN_DESKS]
    return [card for lay in layers for card in lay(request)]
