"""The catalogue of rules: read from `catalogue/*.toml`, checked, and kept as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from incidents.diagnostics.findings import Action, Category, Risk, Severity, State
from incidents.diagnostics.text import Text

FOLDER = Path(__file__).parent / "catalogue"
TIERS = ("critical", "high", "medium", "low")
UNITS = (
    "", "bytes", "pct", "percent", "num", "per_second", "per_minute", "kbps", "usec", "ms", "secs", "mins", "days",
)  # fmt: skip
NOTHING = Text("", "")


class BrokenCatalogue(ValueError):
    """A data file that does not fit the schema. Says which rule and which key."""


@dataclass(frozen=True, slots=True)
class LogCondition:
    """Which log events open the trouble, which close it, and how many it takes."""

    opens: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()
    count: int = 1
    within_seconds: float = 0.0  # 0: anywhere in the log


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule as data. A rule is generic (`log`, `when`/`value`, `counter`) or has a function of the same id."""

    id: str
    category: Category
    title: Text
    summary: Mapping[str, Text]  # variants by name; "" is the plain one
    means: Text
    guard: Text = NOTHING
    severity: Severity = Severity.MEDIUM
    state: State = State.ACTIVE
    thresholds: Mapping[str, float] = field(default_factory=dict)
    descending: bool = False  # tiers fire at or below their threshold
    needs: tuple[str, ...] = ()
    when: str = ""
    unless: str = ""
    value: str = ""
    counter: str = ""
    latency: tuple[str, ...] = ()  # LATENCY events; thresholds in ms over their maximum
    is_ratio: bool = False  # guard G2: silent on a tiny instance
    is_rate: bool = False  # guard G1: at most low while warming up
    scope: str = "node"  # or "incident": looks at all nodes at once
    log: LogCondition | None = None
    explains: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    since: str = ""
    source: str = ""
    topic: str = ""
    unit: str = ""  # of the tiers, see UNITS; other cuts say theirs at the end of their name


_KEYS = {
    "category", "title", "summary", "means", "guard", "severity", "state", "thresholds", "descending", "needs", "when",
    "unless", "value", "counter", "latency", "is_ratio", "is_rate", "scope", "log", "explains", "actions", "since",
    "source", "topic", "unit",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A signal that is known and not judged, and why."""

    id: str
    category: Category
    title: Text
    reason: Text


@cache
def left_out() -> Mapping[str, LeftOut]:
    """Every signal that no rule judges, by id. Raises BrokenCatalogue on a file that does not fit."""
    with (FOLDER.parent / "left_out.toml").open("rb") as stream:
        tables = tomllib.load(stream)
    try:
        return {
            name: LeftOut(name, Category(table["category"]), Text.of(table["title"]), Text.of(table["reason"]))
            for name, table in tables.items()
        }
    except (KeyError, ValueError, TypeError) as exc:
        raise BrokenCatalogue(f"left_out.toml: {exc!r}") from exc


@cache
def all_rules() -> Mapping[str, RuleSpec]:
    """Every rule by id, in the order of the files. Raises BrokenCatalogue on a file that does not fit."""
    rules: dict[str, RuleSpec] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        with file.open("rb") as stream:
            tables = tomllib.load(stream)
        for rule_id, table in tables.items():
            if rule_id in rules:
                raise BrokenCatalogue(f"{file.name}: {rule_id} stands twice in the catalogue.")
            rules[rule_id] = read_rule(rule_id, table)
    return rules


def read_rule(rule_id: str, table: Mapping[str, Any]) -> RuleSpec:
    unknown = set(table) - _KEYS
    if unknown:
        raise BrokenCatalogue(f"{rule_id}: unknown keys {', '.join(sorted(unknown))}.")
    if table.get("unit", "") not in UNITS:
        raise BrokenCatalogue(f"{rule_id}: unknown unit {table['unit']}.")
    try:
        return RuleSpec(
            id=rule_id,
            category=Category(table["category"]),
            title=Text.of(table["title"]),
            summary=_variants(table["summary"]),
            means=Text.of(table["means"]),
            guard=Text.of(table.get("guard", "")),
            severity=Severity(table.get("severity", "medium")),
            state=State(table.get("state", "active")),
            thresholds=_thresholds(table.get("thresholds", {})),
            log=_log_condition(table["log"]) if "log" in table else None,
            actions=tuple(read_action(item) for item in table.get("actions", [])),
            needs=tuple(table.get("needs", ())),
            explains=tuple(table.get("explains", ())),
            latency=tuple(table.get("latency", ())),
            **{key: table[key] for key in _PLAIN if key in table},
        )
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        raise BrokenCatalogue(f"{rule_id}: {exc!r}") from exc


_PLAIN = (
    "descending",
    "when",
    "unless",
    "value",
    "counter",
    "is_ratio",
    "is_rate",
    "scope",
    "since",
    "source",
    "topic",
    "unit",
)


def _log_condition(table: Mapping[str, Any]) -> LogCondition:
    unknown = set(table) - {"opens", "closes", "count", "within_seconds"}
    if unknown:
        raise ValueError(f"log has unknown keys {', '.join(sorted(unknown))}")
    return LogCondition(
        opens=tuple(table.get("opens", ())),
        closes=tuple(table.get("closes", ())),
        count=int(table.get("count", 1)),
        within_seconds=float(table.get("within_seconds", 0.0)),
    )


def read_action(table: Mapping[str, Any]) -> Action:
    return Action(
        command=table.get("command", ""),
        text=Text.of(table.get("text", "")),
        risk=Risk(table.get("risk", "read-only")),
        where=table.get("where", ""),
        undo=table.get("undo", ""),
        verify=table.get("verify", ""),
    )


def _variants(value: Mapping[str, Any]) -> dict[str, Text]:
    """`summary = {ko, en}`, or named variants of that shape."""
    if "en" in value:
        return {"": Text.of(value)}
    return {"" if name == "default" else name: Text.of(text) for name, text in value.items()}


def _thresholds(table: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(number) for name, number in table.items()}
