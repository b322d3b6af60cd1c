"""Bring two people's changes of one text together. Pure.

Fields that only one of them changed are taken over; a field that both changed differently is a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Merged:
    content: dict[str, Any]  # of a conflicting field: mine
    conflicts: tuple[str, ...]
    taken_over: tuple[str, ...]  # fields that came from the other side


def merge(*, base: Content, theirs: Content, mine: Content) -> Merged:
    content, conflicts, taken_over = dict(mine), [], []
    for name in mine:
        was, other, own = base.get(name), theirs.get(name), mine[name]
        if other in (was, own):
            continue
        if own == was:
            content[name] = other
            taken_over.append(name)
        else:
            conflicts.append(name)
    return Merged(content, tuple(conflicts), tuple(taken_over))
