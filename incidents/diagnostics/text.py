"""A sentence that exists in Korean and in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

LANGUAGES = ("ko", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """One statement in both languages of the product. `{name}` marks a value to be filled in."""

    ko: str
    en: str

    @classmethod
    def same(cls, text: str) -> Text:
        """Wrap text that reads alike in both languages, such as a command or a field name."""
        return cls(ko=text, en=text)

    @classmethod
    def of(cls, value: Mapping[str, str] | str) -> Text:
        """Read a Text from a data file: a table with `ko` and `en`, or one string for both."""
        if isinstance(value, str):
            return cls.same(value)
        return cls(ko=value["ko"], en=value["en"])

    def format(self, **values: Any) -> Text:
        """Fill in the values, a Text in its own language.

        `[[…]]` is only said where all its names have values. Elsewhere a name without one is "?", or nothing if it
        ends in `_text`.
        """
        return Text(ko=_fill(self.ko, _said(values, "ko"), "ko"), en=_fill(self.en, _said(values, "en"), "en"))

    def say(self, language: str) -> str:
        return self.ko if language == "ko" else self.en

    def __bool__(self) -> bool:
        return bool(self.ko or self.en)


class _Lenient(Formatter):
    """Format with our own units, and never raise: a value that the evidence lacks must not break a report.

    Units after the colon: bytes (1.5 GB), pct (0.97 as 97 %), num (12,345), secs (3 h 20 m), mins, usec.
    """

    def __init__(self, known: Mapping[str, Callable[[float], str]]) -> None:
        self.units = known

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        if isinstance(key, str) and key in kwargs:
            return kwargs[key]
        return "" if isinstance(key, str) and key.endswith("_text") else "?"

    def format_field(self, value: Any, format_spec: str) -> str:
        unit = self.units.get(format_spec)
        if unit is None:
            return str(value) if isinstance(value, str) else str(format(value, format_spec))
        return unit(float(value)) if isinstance(value, int | float) else str(value)


def size(value: float) -> str:
    """Bytes as people say them, in powers of 1024 as Redis counts."""
    for unit in ("B", "KB", "MB", "GB"):
        if abs(value) < 1024:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"


def percent(value: float) -> str:
    share = value * 100
    return f"{share:.1f} %" if 0 < abs(share) < 10 or 99 < share < 100 else f"{share:.0f} %"


def count(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"


_SPANS = (("m", 60, 7200, 1, "s"), ("h", 3600, 172_800, 60, "m"), ("d", 86400, float("inf"), 3600, "h"))
_TIME_WORDS = {
    "ko": {"s": "초", "m": "분", "h": "시간", "d": "일"},
    "en": {"s": " s", "m": " m", "h": " h", "d": " d"},
}


def duration(value: float, language: str = "en") -> str:
    """Seconds as the two largest units that matter."""
    words = _TIME_WORDS[language if language in _TIME_WORDS else "en"]
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 120:
        return f"{value:.0f}{words['s']}" if value >= 10 else f"{value:.1f}{words['s']}"
    for unit, seconds, below, small, tail in _SPANS:
        if value < below:
            rest = round(value % seconds / small)
            whole = f"{value // seconds:.0f}{words[unit]}"
            return f"{whole} {rest}{words[tail]}" if rest else whole
    return f"{value:.0f}{words['s']}"


def units(language: str) -> dict[str, Callable[[float], str]]:
    return {
        "bytes": size,
        "pct": percent,
        "num": count,
        "secs": lambda value: duration(value, language),
        "mins": lambda value: duration(value * 60, language),
        "usec": lambda value: duration(value / 1e6, language),
    }


UNITS = units("en")
_FORMATTERS = {language: _Lenient(units(language)) for language in LANGUAGES}


def _said(values: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {name: value.say(language) if isinstance(value, Text) else value for name, value in values.items()}


# "used_memory is at its limit[[ of {maxmemory:bytes}]]": words that are only said where their values are known.
_OPTIONAL = re.compile(r"\[\[(.*?)\]\]")


def _fill(template: str, values: Mapping[str, Any], language: str) -> str:
    if "[[" in template:
        template = _OPTIONAL.sub(lambda found: found[1] if _is_known(found[1], values) else "", template)
    return _FORMATTERS[language].vformat(template, (), values) if "{" in template else template


def _is_known(template: str, values: Mapping[str, Any]) -> bool:
    return all(values.get(name) not in (None, "") for name in placeholders(template))


def placeholders(template: str) -> list[str]:
    """The names that a template wants filled in."""
    return [name for _, name, _, _ in Formatter().parse(template) if name]
