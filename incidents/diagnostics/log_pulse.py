"""How many lines of which severity a log has in which stretch of time, in bounded memory however long it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

STEPS = (1, 5, 15, 60, 300, 900, 3600, 21_600, 86_400, 604_800)  # seconds that a stretch may have
MOST = 400  # stretches
RANKS = 5  # routine, low, medium, high, critical
_EPOCH = datetime(1970, 1, 1)


class LogPulse:
    """Counts by stretch and rank of severity. Stretches grow when there would be too many."""

    def __init__(self) -> None:
        self.seconds = STEPS[0]
        self.counts: dict[int, list[int]] = {}

    def add(self, at: datetime, rank: int) -> None:
        naive = at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
        stretch = int((naive - _EPOCH).total_seconds()) // self.seconds
        counts = self.counts.get(stretch)
        if counts is None:
            counts = self.counts[stretch] = [0] * RANKS
            if len(self.counts) > MOST:
                self.coarsen()
                self.add(at, rank)
                return
        counts[rank] += 1

    def coarsen(self) -> None:
        """Take the next larger stretch. A log of centuries keeps the largest."""
        larger = next((step for step in STEPS if step > self.seconds), self.seconds * 4)
        coarse: dict[int, list[int]] = {}
        for stretch, counts in self.counts.items():
            into = coarse.setdefault(stretch * self.seconds // larger, [0] * RANKS)
            for rank, count in enumerate(counts):
                into[rank] += count
        self.seconds, self.counts = larger, coarse

    def rows(self) -> Iterator[tuple[datetime, list[int]]]:
        """Every stretch that has lines, by its beginning."""
        for stretch, counts in sorted(self.counts.items()):
            yield _EPOCH + timedelta(seconds=stretch * self.seconds), counts

    def __bool__(self) -> bool:
        return bool(self.counts)


def merged(pulses: Iterable[LogPulse]) -> LogPulse:
    """The pulse of several nodes, each by its own clock."""
    whole = LogPulse()
    beating = [pulse for pulse in pulses if pulse]
    while any(whole.seconds < pulse.seconds for pulse in beating):
        whole.coarsen()
    for pulse in beating:
        for stretch, counts in pulse.counts.items():
            into = whole.counts.setdefault(stretch * pulse.seconds // whole.seconds, [0] * RANKS)
            for rank, count in enumerate(counts):
                into[rank] += count
    while len(whole.counts) > MOST:
        whole.coarsen()
    return whole
