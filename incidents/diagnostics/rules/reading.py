"""The catalogue as documentation: what a rule looks at, told from its data and the source of its function."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.parsers.info import is_known
from incidents.diagnostics.parsers.log_catalogue import load_patterns
from incidents.diagnostics.parsers.redis_conf import known_names
from incidents.diagnostics.rules.engine import DOSSIER_RULES, NODE_RULES
from incidents.diagnostics.rules.expressions import names_in
from incidents.diagnostics.rules.specs import TIERS, RuleSpec, all_rules
from incidents.diagnostics.text import UNITS

_WORD = re.compile(r'"([a-z][a-z0-9_-]+)"')
_ERROR = re.compile(r'error_(?:count|growth)\(view, "([A-Z]+)"\)')
_SETTING = re.compile(r"""(?:config|has_config)\(\s*["']([a-z][a-z0-9-]+)["']""")
_QUOTED = re.compile(r"""(?:get|has|delta|rate)\(\s*["']([a-z][a-z0-9_]+)["']""")
_KIND = re.compile(r"EvidenceKind\.([A-Z_]+)")
_CONSTANT = re.compile(r"\b([A-Z][A-Z_]{3,})\b")
_CALL = re.compile(r"\b(_?[a-z]\w+)\(")
# What the structured views of INFO are made of.
_SECTIONS = {
    "XINFO": "XINFO GROUPS", ".commands": "commandstats", ".percentiles": "latencystats", ".errors": "errorstats",
    ".databases": "keyspace", "keys()": "keyspace", ".replicas": "replication", ".masters": "sentinel",
    ".modules": "modules",
}  # fmt: skip
PACKAGE = "incidents.diagnostics.rules."
MACHINERY = ("engine", "view", "expressions", "specs", "words")
DEPTH = 3  # functions that a rule's function calls, and theirs

# How a cut that is no tier says its unit: by the end of its name.
_SUFFIXES = {
    "_bytes": "bytes", "_share": "pct", "_share_per_minute": "pct", "_seconds": "secs", "_usec": "usec", "_ms": "ms",
    "_per_second": "per_second",
}  # fmt: skip
_AFTER = {"percent": " %", "per_second": " /s", "per_minute": " /min", "kbps": " KB/s", "ms": " ms", "days": " d"}


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a rule looks. Empty parts are not looked at."""

    sections: tuple[str, ...]  # sections of INFO and replies that are read as a whole
    fields: tuple[str, ...]
    settings: tuple[str, ...]
    opens: tuple[str, ...]  # log events
    closes: tuple[str, ...]
    latency: tuple[str, ...]
    kinds: tuple[EvidenceKind, ...]


@cache
def reading_of(rule_id: str) -> Reading:
    """What a rule of the catalogue looks at. Raises KeyError for a rule that is not there."""
    spec = all_rules()[rule_id]
    sources, constants = _sources(rule_id)
    expressions = [text for text in (spec.when, spec.unless, spec.value) if text]
    told = "\n".join((*sources, *expressions))
    words = {*_WORD.findall("\n".join(sources)), *constants}
    fields = {name for text in expressions for name in (*names_in(text), *_QUOTED.findall(text))}
    fields |= {name for need in spec.needs if not need.startswith("config:") for name in need.split("|")}
    fields |= {name for name in words if is_known(name)} | {f"errorstat_{code}" for code in _ERROR.findall(told)}
    settings = {*_SETTING.findall(told), *(need.removeprefix("config:") for need in spec.needs if ":" in need)}
    if ".settings" in told:
        settings |= {name for name in words if name in known_names() and not is_known(name)}
    opens, closes = (spec.log.opens, spec.log.closes) if spec.log else ((), ())
    events = {name for name in words if name in load_patterns()} - {*opens, *closes}
    return Reading(
        sections=tuple(sorted({section for mark, section in _SECTIONS.items() if mark in told})),
        fields=tuple(sorted(fields)),
        settings=tuple(sorted(settings)),
        opens=(*opens, *sorted(events)),
        closes=closes,
        latency=spec.latency,
        kinds=tuple(EvidenceKind[name] for name in sorted(set(_KIND.findall(told)))),
    )


def _sources(rule_id: str) -> tuple[list[str], set[str]]:
    """The source of the rule's function and of the rules' functions that it calls, and the words of their constants."""
    function = NODE_RULES.get(rule_id) or DOSSIER_RULES.get(rule_id)
    sources: list[str] = []
    constants: set[str] = set()
    seen: set[str] = set()
    waiting: list[tuple[Callable[..., Any], int]] = [(function, DEPTH)] if function else []
    while waiting:
        current, depth = waiting.pop()
        if current.__name__ in seen:
            continue
        seen.add(current.__name__)
        source, module = inspect.getsource(current), sys.modules[current.__module__]
        sources.append(source)
        constants |= {word for name in _CONSTANT.findall(source) for word in _strings(getattr(module, name, None))}
        called: list[Any] = [getattr(module, name, None) for name in _CALL.findall(source)] if depth > 1 else []
        waiting += [(found, depth - 1) for found in called if _is_of_rules(found)]
    return sources, constants


def _is_of_rules(found: Any) -> bool:
    """Whether it is a function of the rules, as opposed to the engine that runs them."""
    module = getattr(found, "__module__", "") or ""
    return inspect.isfunction(found) and module.startswith(PACKAGE) and module.removeprefix(PACKAGE) not in MACHINERY


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | frozenset):
        yield from (item for item in value if isinstance(item, str))


def say_threshold(spec: RuleSpec, name: str, value: float) -> str:
    """A threshold with its unit, as a reader knows it."""
    unit = spec.unit if name in TIERS else next((u for end, u in _SUFFIXES.items() if name.endswith(end)), "")
    if unit in UNITS:
        return UNITS[unit](value)
    return f"{value:,g}{_AFTER.get(unit, '')}"


def severities_of(spec: RuleSpec) -> tuple[str, ...]:
    """The tiers that a rule may reach by its data, worst first; the one it states where it has none."""
    tiers = tuple(name for name in TIERS if name in spec.thresholds)
    return tiers or (spec.severity.value,)
