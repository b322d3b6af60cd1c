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

    routine: bool = False  # asks whether all is well
    troubled: bool = True  # says, or shows, that something goes wrong
    grave: bool = False  # the whole service, all writes, data for good
    mild: bool = False  # rare, small, or a question


def manner_of(testimony: Testimony) -> Manner:
    prose = testimony.heard("prose")[:LEADING]
    complains = bool(testimony.errors.strip())
    said = {name: any(pattern.search(prose) for pattern in patterns) for name, patterns in _patterns().items()}
    return Manner(
        routine=said["routine"] and not complains,
        troubled=complains or (said["trouble"] and not said["curious"]),
        grave=said["grave"],
        mild=said["mild"] and not said["grave"],
    )


@cache
def _patterns() -> Mapping[str, tuple[re.Pattern[str], ...]]:
    with FILE.open("rb") as stream:
        return {name: tuple(pattern_of(item) for item in items) for name, items in tomllib.load(stream).items()}
