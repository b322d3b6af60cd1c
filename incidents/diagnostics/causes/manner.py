"""How a report is written: as a question or a complaint, and how grave its writer finds it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from incidents.diagnostics.causes.weighing import Testimony
from incidents.diagnostics.causes.words import pattern_of

FILE = Path(__file__).parent / "manner.toml"
LEADING = 4_000  # characters of prose in which people say what matters to them


@dataclass(frozen=True, slots=True)
class Manner:
    """What the wording of a report says beside its subject."""

    at_ease: bool = False  # asks whether all is well, wants to learn, or says that nothing is wrong
    grave: bool = False  # the whole service, all writes, data for good
    mild: bool = False  # rare, small, or a question


def manner_of(testimony: Testimony) -> Manner:
    prose = testimony.heard("prose")[:LEADING]
    said = {name: any(pattern.search(prose) for pattern in patterns) for name, patterns in _patterns().items()}
    asks = said["routine"] or said["well"] or (said["curious"] and not said["trouble"])
    return Manner(
        at_ease=asks and not testimony.errors.strip(),
        grave=said["grave"],
        mild=said["mild"] and not said["grave"],
    )


@cache
def _patterns() -> Mapping[str, tuple[re.Pattern[str], ...]]:
    with FILE.open("rb") as stream:
        return {name: tuple(pattern_of(item) for item in items) for name, items in tomllib.load(stream).items()}
