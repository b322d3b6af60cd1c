"""Metrics of redis_exporter as text, given INFO's names."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from incidents.diagnostics.fields import InfoFields
from incidents.diagnostics.parsers.info import Info, from_mapping

_SAMPLE = re.compile(
    r"^\s{0,8}(redis_[a-z0-9_]{2,100})(?:\{([^}]{0,1000})\})?\s{1,8}([+-]?[\d.]{1,30}(?:e[+-]?\d{1,3})?)(?:\s+\d{10,13})?\s{0,8}$"
)
_LABEL = re.compile(r'([a-z_]{1,40})="([^"]{0,300})"')
_NAMES = Path(__file__).with_name("exporter_names.toml")


@cache
def names() -> dict[str, str]:
    """Return INFO's field for each metric whose name differs from "redis_" and the field."""
    return dict(tomllib.loads(_NAMES.read_text(encoding="utf-8"))["names"])


def is_metric_line(line: str) -> bool:
    return _SAMPLE.match(line[:1500]) is not None


def parse(text: str) -> Info:
    """Read samples as one INFO. Of a metric with labels (per database, per replica) the first one stands."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        matched = _SAMPLE.match(line[:1500])
        if matched is None:
            continue
        name = info_name(matched[1])
        if name not in values:
            values[name], lines[name] = _number(matched[3]), number
        for label, value in _LABEL.findall(matched[2] or ""):
            if label in ("maxmemory_policy", "redis_version", "role", "redis_mode", "run_id"):
                values.setdefault(label, value)
    plain = from_mapping(values).fields
    return Info(InfoFields(dict(plain), lines))


def info_name(metric: str) -> str:
    return names().get(metric) or metric.removeprefix("redis_")


def _number(text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(value)) if value.is_integer() and abs(value) < 1e18 else text
