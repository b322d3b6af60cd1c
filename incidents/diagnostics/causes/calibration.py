"""From the strength of a verdict to how often such verdicts are right."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from incidents.diagnostics.causes.weighing import Weighed
from incidents.diagnostics.rules.specs import BrokenCatalogue

FILE = Path(__file__).parent / "calibration.toml"
DISTANT = 20.0  # margin to a rival that does not exist
HINT = 0.5  # log-odds of likeness from which it counts as evidence of its own kind


@cache
def table() -> Mapping[str, Any]:
    """The calibration table. Raises BrokenCatalogue when a ladder does not rise."""
    with FILE.open("rb") as stream:
        found = tomllib.load(stream)
    for name in ("told", "seen"):
        if any(low[0] >= high[0] or low[1] > high[1] for low, high in pairwise(found[name])):
            raise BrokenCatalogue(f"{FILE.name}: the ladder {name} does not rise.")
    return found


def confidence_in_cause(root: Weighed, ranked: Sequence[Weighed]) -> float:
    """How often a verdict like this one is right."""
    ladder = table()["seen" if root.active else "told"]
    return climb(ladder, strength_of(root, ranked))


def confidence_in_health(doubt: float, *, well_seen: bool) -> float:
    """How often "nothing is wrong" is right, given the confidence of the best hypothesis that says otherwise."""
    share = table()["healthy_well_seen" if well_seen else "healthy_barely_seen"]
    return float(max(0.1, share - table()["doubt"] * doubt))


def strength_of(root: Weighed, ranked: Sequence[Weighed]) -> float:
    """Log-odds, adjusted for the kinds of evidence and for the nearest rival of another category."""
    kinds = bool(root.active) + bool(root.said) + (root.resembles > HINT)
    rivals = [w.score for w in ranked if w.hypothesis.category != root.hypothesis.category and not w.explained_by]
    margin = root.score - max(rivals, default=root.score - DISTANT)
    values = table()
    return float(
        root.score + values["per_kind"] * (kinds - 1) + values["per_margin"] * min(0, margin - values["margin"])
    )


def climb(ladder: Sequence[Sequence[float]], strength: float) -> float:
    """The share at a strength, interpolated between rungs and level beyond the ends."""
    if strength <= ladder[0][0]:
        return float(ladder[0][1])
    for (low, below), (high, above) in pairwise(ladder):
        if strength <= high:
            return float(below + (above - below) * (strength - low) / (high - low))
    return float(ladder[-1][1])
