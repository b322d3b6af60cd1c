"""What closed incidents say about the product's confidence: rows, reliability by category, corrections in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from incidents.analysis.correction import Correction, Outcome, correction_of, settings
from incidents.analysis.evaluation import BINS
from incidents.closing.models import Closing, ConfidenceSwitch
from incidents.models import Category, Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ALL = ""  # the category that stands for all of them
Right = Incident.DiagnosisRight
SHARES: Mapping[str, float] = {Right.YES: 1.0, Right.PARTLY: 0.5, Right.NO: 0.0}
MOST = 2_000  # rows that are read at once


@dataclass(frozen=True, slots=True)
class Bar:
    """Reports of about the same confidence, and how many of them were right."""

    low: float
    high: float
    outcomes: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How confidence and outcomes of one category compare. `correction` is what history asks for."""

    category: str
    outcomes: int
    right: float
    confidence: float
    ece: float
    brier: float
    bars: tuple[Bar, ...]
    correction: Correction | None
    is_on: bool = True

    @property
    def label(self) -> str:
        return str(Category(self.category).label) if self.category in Category.values else self.category


def outcomes_by_category() -> dict[str, list[Outcome]]:
    """Confirmed outcomes, the newest of each category. A reopened closing confirms nothing."""
    rows = Closing.objects.filter(
        reopened_at__isnull=True, said_confidence__isnull=False, incident__status=Incident.Status.RESOLVED
    )
    rows = rows.exclude(diagnosis_right="").order_by("-id")[:MOST]
    found: dict[str, list[Outcome]] = defaultdict(list)
    for category, confidence, right in rows.values_list("said_category", "said_confidence", "diagnosis_right"):
        if confidence is not None and len(found[category]) < settings().newest:
            found[category].append(Outcome(confidence, SHARES[right]))
    return dict(found)


def reliability_of(category: str, outcomes: Sequence[Outcome], *, is_on: bool = True) -> Reliability:
    count = len(outcomes) or 1
    bars = tuple(_bars(outcomes))
    return Reliability(
        category=category,
        outcomes=len(outcomes),
        right=sum(one.right for one in outcomes) / count,
        confidence=sum(one.confidence for one in outcomes) / count,
        ece=sum(bar.outcomes * abs(bar.confidence - bar.right) for bar in bars) / count,
        brier=sum((one.confidence - one.right) ** 2 for one in outcomes) / count,
        bars=bars,
        correction=correction_of(category, outcomes) if category else None,
        is_on=is_on,
    )


def _bars(outcomes: Sequence[Outcome]) -> Iterable[Bar]:
    for index in range(BINS):
        inside = [one for one in outcomes if min(int(one.confidence * BINS), BINS - 1) == index]
        if inside:
            yield Bar(
                index / BINS, (index + 1) / BINS, len(inside),
                sum(one.confidence for one in inside) / len(inside), sum(one.right for one in inside) / len(inside),
            )  # fmt: skip


def reliability() -> list[Reliability]:
    """All categories together first, then each that has outcomes, in the catalogue's order."""
    found, is_on = outcomes_by_category(), Switches()
    everything = [one for outcomes in found.values() for one in outcomes]
    rows = [reliability_of(ALL, everything, is_on=is_on(ALL))]
    return rows + [reliability_of(name, found[name], is_on=is_on(name)) for name in Category.values if name in found]


def corrections_in_force() -> dict[str, Correction]:
    """What lowers the confidence of the next report, by category. Two small queries."""
    is_on = Switches()
    if not is_on(ALL):
        return {}
    found = {name: correction_of(name, outcomes) for name, outcomes in outcomes_by_category().items() if is_on(name)}
    return {name: correction for name, correction in found.items() if correction is not None}


class Switches:
    """Which corrections are on. The newest row of a category is in force; without one it is on."""

    def __init__(self) -> None:
        rows = ConfidenceSwitch.objects.order_by("-id").values_list("category", "is_on")[:MOST]
        self._newest: dict[str, bool] = {}
        for category, is_on in rows:
            self._newest.setdefault(category, is_on)

    def __call__(self, category: str) -> bool:
        return self._newest.get(ALL, True) and self._newest.get(category, True)


def switch_correction(*, category: str, is_on: bool, reason: str, by: User | None) -> ConfidenceSwitch:
    """Let history lower confidence, or not, from the next analysis on. Raises ValidationError."""
    row = ConfidenceSwitch(category=category, is_on=is_on, reason=reason.strip(), changed_by=by)
    row.full_clean()
    row.save()
    return row
