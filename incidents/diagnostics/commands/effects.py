"""What a command does to a server: its risk, a warning, how to undo it and how to see that it worked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from incidents.diagnostics.commands.tables import Command, read_toml
from incidents.diagnostics.findings import Risk
from incidents.diagnostics.text import Text

RISK_ORDER = (Risk.READ_ONLY, Risk.CHANGES_SETTINGS, Risk.BLOCKS, Risk.LOSES_DATA)


@dataclass(frozen=True, slots=True)
class Effect:
    risk: Risk
    warning: Text | None = None
    undo: str = ""
    verify: str = ""


HARMLESS = Effect(Risk.READ_ONLY)


def worst(risks: Sequence[Risk]) -> Risk:
    return max(risks, key=RISK_ORDER.index, default=Risk.READ_ONLY)


def effect_of(command: Command, arguments: Sequence[str]) -> Effect:
    """Return the effect of one command, from its entry in effects.toml or else from its flags."""
    text = " ".join(arguments)
    for entry in _entries().get(command.name, ()):
        if "when" not in entry or re.search(entry["when"], text):
            effect = _filled(entry, arguments)
            return _setting_effect(effect, arguments) if command.name == "CONFIG SET" else effect
    return Effect(_risk_of_flags(command))


def _risk_of_flags(command: Command) -> Risk:
    if command.name.endswith(" HELP"):
        return Risk.READ_ONLY
    if "write" in command.flags or "admin" in command.flags:
        return Risk.CHANGES_SETTINGS
    return Risk.READ_ONLY


@cache
def _entries() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for entry in read_toml("effects.toml")["effect"]:
        names = entry["command"] if isinstance(entry["command"], list) else [entry["command"]]
        for name in names:
            entries.setdefault(name, []).append(entry)
    return entries


def _filled(entry: Mapping[str, Any], arguments: Sequence[str]) -> Effect:
    warning = entry.get("warning")
    return Effect(
        Risk(entry["risk"]),
        Text.of(warning) if warning else None,
        _fill(entry.get("undo", ""), arguments),
        _fill(entry.get("verify", ""), arguments),
    )


def _fill(template: str, arguments: Sequence[str]) -> str:
    """Put arguments in the place of {0}, {1} … and all of them in the place of {rest}."""
    filled = template.replace("{rest}", " ".join(quote(word) for word in arguments))
    for index, word in enumerate(arguments):
        filled = filled.replace(f"{{{index}}}", quote(word))
    return re.sub(r"\{\d\}", "<…>", filled)


def quote(word: str) -> str:
    """Quote a word that a shell would split or expand; stand-ins stay as they are."""
    if word and not re.search(r"[\s\"'*?;&|()~]", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _setting_effect(effect: Effect, arguments: Sequence[str]) -> Effect:
    """Combine the effects of all settings that one CONFIG SET changes."""
    names, values = arguments[::2], arguments[1::2]
    entries = [_setting_entry(name, value) for name, value in zip(names, values, strict=False)]
    risks = [effect.risk, *(Risk(entry["risk"]) for entry in entries if "risk" in entry)]
    warnings = [Text.of(entry["warning"]) for entry in entries if "warning" in entry]
    checks = [entry["verify"] for entry in entries if "verify" in entry]
    return Effect(
        worst(risks),
        Text(ko=" ".join(one.ko for one in warnings), en=" ".join(one.en for one in warnings)) if warnings else None,
        "CONFIG SET " + " ".join(f"{name} <old value>" for name in names) if names else effect.undo,
        checks[0] if checks else effect.verify,
    )


def _setting_entry(name: str, value: str) -> Mapping[str, Any]:
    for entry in read_toml("effects.toml")["setting"]:
        if entry["name"] == name.lower() and re.search(entry.get("when", ""), value):
            return dict(entry)
    return {}


def host_effect(program: str, arguments: Sequence[str], redirected: Sequence[str]) -> Effect:
    """Return the effect of a program of the host, from host_commands.toml."""
    entry = read_toml("host_commands.toml")["programs"].get(program, "changes-settings")
    rest = " ".join(arguments)
    risk = entry if isinstance(entry, str) else entry["risk"]
    if not isinstance(entry, str):
        risk = next((rule["risk"] for rule in entry["rules"] if re.search(rule["match"], rest)), risk)
    writes_kernel = any(re.match(r"\d?>>?\s+/(?:sys|proc|etc)/", one) for one in redirected)
    return Effect(worst([Risk(risk), Risk.CHANGES_SETTINGS]) if writes_kernel else Risk(risk))
