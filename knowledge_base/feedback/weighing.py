"""From votes to a shift of the score: slow to move, bounded, and no person counts more than twice. Pure."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "weight.toml"


class BrokenWeights(ValueError):
    """The data file does not hold what it must."""


@dataclass(frozen=True, slots=True)
class Weights:
    bound: float
    prior: float
    per_person: float
    of_report: float


@dataclass(frozen=True, slots=True)
class Vote:
    person: int
    helped: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is known of a document from feedback. `shift` is what its score gains or loses."""

    helped: int = 0
    wrong: int = 0
    shift: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.helped or self.wrong)


@cache
def weights() -> Weights:
    """The shipped weights. Raises BrokenWeights for a name or value that can't be."""
    with FILE.open("rb") as stream:
        found = tomllib.load(stream)
    names = {field.name for field in fields(Weights)}
    if found.keys() != names:
        raise BrokenWeights(f"{FILE.name} needs exactly {', '.join(sorted(names))}.")
    if not (0 <= found["bound"] <= 0.3 and found["prior"] > 0 and found["per_person"] > 0):
        raise BrokenWeights(f"{FILE.name}: bound lies within 0–0.3, prior and per_person are positive.")
    return Weights(**found)


def opinion_of(votes: Iterable[Vote], using: Weights | None = None) -> Opinion:
    """Sum votes up. The counts are of all votes; the shift weighs them."""
    votes, using = list(votes), using or weights()
    helped, wrong = _limited(votes, using.per_person)
    share = (helped + using.prior) / (helped + wrong + 2 * using.prior)
    count = sum(vote.helped for vote in votes)
    return Opinion(count, len(votes) - count, round(using.bound * (2 * share - 1), 4))


def _limited(votes: Iterable[Vote], per_person: float) -> tuple[float, float]:
    """The weight on either side, each person's scaled down to what one person may have."""
    sides: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for vote in votes:
        sides[vote.person][0 if vote.helped else 1] += vote.weight
    helped = wrong = 0.0
    for yes, no in sides.values():
        scale = min(1.0, per_person / (yes + no))
        helped, wrong = helped + yes * scale, wrong + no * scale
    return helped, wrong
