"""How common terms are. A large collection's figures are kept for a while: reading them costs more than they move."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from knowledge_base.lexical.base import Frequencies

EXACT_UP_TO = 2_000  # chunks; below, every change matters and asking is cheap
KEPT_SECONDS = 120.0
MOST_TERMS = 50_000

Counter = Callable[[Sequence[str]], Mapping[str, int]]


@dataclass
class KeptFrequencies:
    """Of one database, for all threads of a process."""

    total: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    read_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, terms: Sequence[str], *, count_all: Callable[[], int], count: Counter) -> Frequencies:
        with self.lock:
            if monotonic() - self.read_at > KEPT_SECONDS or len(self.counts) > MOST_TERMS:
                self.forget()
            if self.total <= EXACT_UP_TO:
                self.forget()
                self.total, self.read_at = count_all(), monotonic()
            unknown = [term for term in terms if term not in self.counts]
            if unknown:
                self.counts |= dict.fromkeys(unknown, 0) | dict(count(unknown))
            return Frequencies(self.total, {term: self.counts[term] for term in terms if self.counts[term]})

    def forget(self) -> None:
        self.total, self.counts, self.read_at = 0, {}, float("-inf")
