"""Lower confidence where confirmed outcomes say that it was too high. Pure; the outcomes are handed in."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

from incidents.analysis.phrases import phrases

FILE = Path(__file__).parent / "correction.toml"
STEPS = 40  # of the bisection; far finer than what is shown
EDGE = 0.001  # a confidence of 0 or 1 has no log-odds


class BrokenCorrection(ValueError):
    """The data file does not hold what it must."""


@dataclass(frozen=True, slots=True)
class Settings:
    least_outcomes: int
    certainty: float
    prior: float
    most: float
    newest: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A closed incident: how sure its report was, and how right (1 yes, 0.5 partly, 0 no)."""

    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Correction:
    """What a category's history does to its reports from now on. `shift` is in log-odds and never positive."""

    category: str
    outcomes: int
    right: float
    confidence: float  # the mean that reports had said
    shift: float


@cache
def settings() -> Settings:
    """The shipped settings. Raises BrokenCorrection."""
    with FILE.open("rb") as stream:
        found = tomllib.load(stream)
    if found.keys() != {field.name for field in fields(Settings)}:
        raise BrokenCorrection(f"{FILE.name} needs exactly the settings that it ships with.")
    if any(not isinstance(value, int | float) or value <= 0 for value in found.values()):
        raise BrokenCorrection(f"{FILE.name}: every setting is a positive number.")
    return Settings(**found)


def correction_of(category: str, outcomes: Sequence[Outcome], using: Settings | None = None) -> Correction | None:
    """What a history asks for. None while it is too short, or honest, or too modest."""
    using = using or settings()
    said = [min(max(one.confidence, EDGE), 1 - EDGE) for one in outcomes]
    right = sum(one.right for one in outcomes)
    if len(outcomes) < using.least_outcomes or not _is_overconfident(said, right, using.certainty):
        return None
    mean = sum(said) / len(said)
    aim = (right + using.prior * mean) / (len(said) + using.prior)
    return Correction(category, len(said), right, round(mean, 3), round(_shift_to(said, aim, using.most), 3))


def _is_overconfident(said: Sequence[float], right: float, certainty: float) -> bool:
    spread = sqrt(sum(share * (1 - share) for share in said))
    return sum(said) - right > certainty * spread


def _shift_to(said: Sequence[float], aim: float, most: float) -> float:
    """The shift after which the same reports would have said what came true, within the limit."""
    low, high = -most, 0.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if sum(shifted(share, middle) for share in said) / len(said) > aim:
            high = middle
        else:
            low = middle
    return high


def shifted(confidence: float, shift: float) -> float:
    share = min(max(confidence, EDGE), 1 - EDGE)
    return 1 / (1 + exp(-(log(share / (1 - share)) + shift)))


def correct(report: dict[str, Any], corrections: Mapping[str, Correction]) -> dict[str, Any]:
    """A report with its confidence lowered where history says so, and a note that tells why."""
    correction = corrections.get(str(report.get("category", "")))
    if correction is None or "confidence_history" in (report.get("facts") or {}):
        return report
    before = float(report["confidence_score"])
    after = round(shifted(before, correction.shift), 3)
    if after >= before:
        return report
    history = {**asdict(correction), "before": before, "after": after}
    return {
        **report,
        "confidence_score": after,
        "facts": {**(report.get("facts") or {}), "confidence_history": history},
        "notes": [*(report.get("notes") or ()), _note(history, str(report.get("language", "en")))],
    }


def _note(history: Mapping[str, Any], language: str) -> str:
    text = phrases()["confidence_lowered"]
    return text.format(
        before=f"{history['before']:.0%}", after=f"{history['after']:.0%}", outcomes=history["outcomes"],
        right=f"{history['right']:g}",
    ).say(language)  # fmt: skip
