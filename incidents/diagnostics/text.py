"""A sentence that exists in Korean and in English."""

from __future__ import annotations

from collections.abc import Mapping
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
        """Fill in the values. A name without a value stays as it is written."""
        return Text(ko=_fill(self.ko, values), en=_fill(self.en, values))

    def say(self, language: str) -> str:
        return self.ko if language == "ko" else self.en

    def __bool__(self) -> bool:
        return bool(self.ko or self.en)


class _Lenient(Formatter):
    """Leave unknown names alone: a value that the evidence lacks must not raise in the middle of a report."""

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        if isinstance(key, str) and key in kwargs:
            return kwargs[key]
        return "?"


_FORMATTER = _Lenient()


def _fill(template: str, values: Mapping[str, Any]) -> str:
    return _FORMATTER.vformat(template, (), values) if "{" in template else template
