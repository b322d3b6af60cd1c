"""The port to full-text search: which chunks share terms with a question, and how common each term is.

Adapters only find candidates; `ranking` scores them, so that every database answers alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge_base.passages import Filters


@dataclass(frozen=True, slots=True)
class Frequencies:
    """In how many of `total` chunks each term stands."""

    total: int
    counts: Mapping[str, int]


class LexicalIndex(Protocol):
    def frequencies(self, terms: Sequence[str]) -> Frequencies: ...

    def candidates(
        self, weights: Mapping[str, float], *, counts: Mapping[str, int], filters: Filters, limit: int
    ) -> list[str]:
        """Keys of the chunks that share most of the weighted terms, best first. `counts` are their frequencies."""
        ...
