"""What rules know of the other documents. Gathered beforehand, so that the rules stay pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from knowledge_base.linting.draft import Draft


@dataclass(frozen=True, slots=True)
class Surroundings:
    today: date
    translations: frozenset[str] = frozenset()  # languages in which the same topic is written
    missing_ids: frozenset[str] = frozenset()  # referred to, and not there
    neighbours: tuple[Draft, ...] = ()  # documents that may say the same or the opposite
