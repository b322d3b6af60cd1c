"""Do the numbers of a statement stand in what it rests on? As written, or in another unit of the same size."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Things with several parts (times, dates, versions, addresses) must stand in the source as they are.
COMPOSITE = re.compile(
    r"(?<![\w.])\d+(?:[.:/-]\d+){2,}(?![a-z\d_])|(?<![\w.:])\d{1,2}:\d{2}(?![a-z\d_:])", re.IGNORECASE
)
NUMBER = re.compile(
    r"(?<![\w.,<#-])(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s?"
    r"(?P<unit>%|퍼센트|percent|[KMGT]i?B\b|[kmgt]b?\b|bytes?\b|바이트|ms\b|밀리초|[µu]s\b|usec\b|마이크로초"
    r"|seconds?\b|secs?\b|s\b|초|minutes?\b|min\b|분|hours?\b|h\b|시간|days?\b|d\b|일|천|만|억)?",
    re.IGNORECASE,
)
SCALES: dict[str, tuple[float, ...]] = {
    "%": (1.0, 0.01), "퍼센트": (1.0, 0.01), "percent": (1.0, 0.01),
    "k": (1024.0, 1e3), "m": (1024.0**2, 1e6), "g": (1024.0**3, 1e9), "t": (1024.0**4, 1e12),
    "ms": (1.0, 1e-3, 1e3), "밀리초": (1.0, 1e-3, 1e3), "us": (1.0, 1e-6), "µs": (1.0, 1e-6), "usec": (1.0, 1e-6),
    "마이크로초": (1.0, 1e-6), "초": (1.0, 1e3, 1e6), "s": (1.0, 1e3, 1e6), "분": (1.0, 60.0, 6e4),
    "min": (1.0, 60.0, 6e4), "시간": (1.0, 3600.0), "h": (1.0, 3600.0), "일": (1.0, 86400.0), "d": (1.0, 86400.0),
    "천": (1e3,), "만": (1e4,), "억": (1e8,),
}  # fmt: skip
ALIASES = {"seconds": "s", "second": "s", "secs": "s", "sec": "s", "minutes": "min", "minute": "min", "hours": "h",
           "hour": "h", "days": "d", "day": "d", "bytes": "", "byte": "", "바이트": ""}  # fmt: skip
PLACE = re.compile(r"\b[EFHKPA]\d{1,3}(?::\d+(?:-\d+)?)?\b")  # a label is no measurement
ORDINARY = {0.0, 1.0, 2.0}  # "one replica", "2번째": words, not measurements
LEAST_SIGNIFICANT = 0.51  # of the last digit written: what rounding may do


@dataclass(frozen=True, slots=True)
class Number:
    text: str
    value: float
    decimals: int
    unit: str = ""

    @property
    def values(self) -> tuple[float, ...]:
        return tuple(self.value * scale for scale in _scales(self.unit))

    @property
    def slack(self) -> float:
        return float(LEAST_SIGNIFICANT * 10**-self.decimals)


def unsupported(text: str, sources: Iterable[str]) -> list[str]:
    """Return the numbers of a text that stand in none of the sources."""
    known = "\n".join(sources)
    text = PLACE.sub(" ", text)
    composites = [found[0] for found in COMPOSITE.finditer(text)]
    missing = [item for item in composites if item not in known]
    rest = COMPOSITE.sub(" ", text)
    wanted = [number for number in numbers_of(rest) if number.value not in ORDINARY]
    if wanted:
        given = list(numbers_of(COMPOSITE.sub(_spread, known)))
        missing += [number.text for number in wanted if not any(_agree(number, one) for one in given)]
    return missing


def numbers_of(text: str) -> Iterable[Number]:
    for found in NUMBER.finditer(text):
        digits = found["digits"].replace(",", "")
        unit = (found["unit"] or "").lower()
        yield Number(found[0].strip(), float(digits), len(digits.partition(".")[2]), ALIASES.get(unit, unit))


def _spread(found: re.Match[str]) -> str:
    """The parts of a composite are numbers that a statement may name: a port, an hour, a day."""
    return " " + " ".join(re.split(r"[.:/-]", found[0])) + " "


def _scales(unit: str) -> tuple[float, ...]:
    return SCALES.get(unit) or SCALES.get(unit[:1] if unit.endswith("b") or len(unit) == 1 else unit) or (1.0,)


def _agree(said: Number, given: Number) -> bool:
    """Whether what was said is what was given, after rounding and in any unit that fits."""
    if said.value == given.value:
        return True
    return any(
        abs(value - other) <= said.slack * (value / said.value if said.value else 1.0)
        for value in said.values
        for other in given.values
    )
