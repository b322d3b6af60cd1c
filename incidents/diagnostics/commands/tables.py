"""The tables of commands and settings, read once."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from incidents.diagnostics.commands.targets import PRODUCTS, Target
from incidents.diagnostics.commands.versions import Span, Version, parse_version

FOLDER = Path(__file__).with_name("tables")
MODULE_FAMILY = re.compile(r"(?:FT|JSON|TS|BF|CF|CMS|TOPK|TDIGEST|GRAPH|AI|RG|TFUNCTION)\.[A-Z_]+", re.I)


@dataclass(frozen=True, slots=True)
class Command:
    """One command or subcommand ("CLIENT KILL") and the servers that have it."""

    name: str
    spans: Mapping[str, Span]
    arities: Mapping[str, int]  # by product; negative means "at least", and the command's own words count
    group: str
    flags: frozenset[str]
    complexity: str
    syntaxes: Mapping[str, str | None]  # by product; None where the grammar is not known
    deprecated: Mapping[str, Sequence[str]]  # product → (since, replacement, …)

    def exists_in(self, target: Target) -> bool:
        span = self.spans.get(target.product)
        return span is not None and span.covers(target.version)

    def syntax(self, target: Target) -> str | None:
        return self.syntaxes.get(target.product, self.syntaxes.get("redis"))

    def arity(self, target: Target) -> int:
        return self.arities[target.product]

    def since(self, target: Target) -> Version | None:
        span = self.spans.get(target.product)
        return span.since if span else None


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter of CONFIG GET and CONFIG SET."""

    name: str
    spans: Mapping[str, Span]
    changeable: Mapping[str, Span]
    type: str
    values: tuple[str, ...]
    values_since: Mapping[str, Mapping[str, str]]
    alias: str  # the newer name of the same setting, if there is one
    protected: bool

    def exists_in(self, target: Target) -> bool:
        span = self.spans.get(target.product)
        return span is not None and span.covers(target.version)

    def changes_in(self, target: Target) -> bool:
        span = self.changeable.get(target.product)
        return span is not None and span.covers(target.version)


@cache
def commands() -> Mapping[str, Command]:
    rows = _read_json("commands.json")["commands"]
    return {name: _command(name, row) for name, row in rows.items()}


@cache
def settings() -> Mapping[str, Setting]:
    rows = _read_json("configuration.json")["settings"]
    return {name: _setting(name, row) for name, row in rows.items()}


@cache
def sentinel_commands() -> frozenset[str]:
    """Return the top-level commands that a Sentinel answers."""
    return frozenset(_read_json("commands.json")["about"]["sentinel_commands"])


@cache
def containers() -> frozenset[str]:
    """Return the commands that exist through their subcommands."""
    return frozenset(name.split()[0] for name in commands() if " " in name)


@cache
def read_toml(name: str) -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def find_command(words: Sequence[str]) -> tuple[Command | None, int]:
    """Return the command that words begin with, and how many words name it (0 when none does)."""
    known = commands()
    if len(words) > 1 and (found := known.get(f"{words[0]} {words[1]}".upper())):
        return found, 2
    if words and (found := known.get(words[0].upper())):
        return found, 1
    return None, 0


def is_module_command(word: str) -> bool:
    """Say whether a word is a command of a module family such as FT. or JSON."""
    return MODULE_FAMILY.fullmatch(word) is not None


def _command(name: str, row: Mapping[str, Any]) -> Command:
    syntax = row.get("syntax")
    arity = row.get("arity", -1)
    if syntax is None and arity > 0:  # undocumented, but the number of arguments is fixed
        syntax = " ".join(["<argument>"] * (arity - len(name.split())))
    return Command(
        name=name,
        spans=_spans(row),
        arities={"redis": arity, "valkey": row.get("valkey_arity", arity)},
        group=row.get("group", ""),
        flags=frozenset(row.get("flags", ())),
        complexity=row.get("complexity", ""),
        syntaxes={"redis": syntax, "valkey": row.get("valkey_syntax", syntax)},
        deprecated=row.get("deprecated", {}),
    )


def _setting(name: str, row: Mapping[str, Any]) -> Setting:
    return Setting(
        name=name,
        spans=_spans(row),
        changeable=_spans(row.get("set", {})),
        type=row.get("type", "string"),
        values=tuple(row.get("values", ())),
        values_since=row.get("values_since", {}),
        alias=row.get("alias", ""),
        protected=row.get("protected", False),
    )


def _spans(row: Mapping[str, Any]) -> dict[str, Span]:
    return {product: Span.read(row[product]) for product in PRODUCTS if product in row}


def _read_json(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def value_since(setting: Setting, value: str, target: Target) -> Version | None:
    """Return the version that brought one value of an enumeration, or None if it was always there."""
    bounds = setting.values_since.get(value, {})
    if not bounds:
        return None
    return parse_version(bounds.get(target.product, "999"))
