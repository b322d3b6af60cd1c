"""How long a command keeps the server busy, by an O(N) model with measured constants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.commands.invocation import Invocation, understand
from incidents.diagnostics.commands.shell import Unreadable, split_line
from incidents.diagnostics.commands.tables import find_command, read_toml
from incidents.diagnostics.commands.wording import say
from incidents.diagnostics.text import Text

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Estimate:
    """`milliseconds` is None where the count it depends on is not known; `needs` names that count."""

    milliseconds: float | None
    blocking: bool
    basis: Text
    needs: str = ""


def estimate(
    command_line: str,
    *,
    keys: int | None = None,
    elements: int | None = None,
    bytes: int | None = None,
    dataset: int | None = None,
    clients: int | None = None,
    scripts: int | None = None,
) -> Estimate | None:
    """Estimate the time of the first command of a line that has a cost. None: it takes no time worth a word.

    `elements` and `bytes` are of the key that is named, `dataset` is the memory of the whole server.
    """
    counts = {"key": keys, "element": elements, "byte": bytes, "client": clients, "script": scripts}
    counts["gib"] = bytes if dataset is None else dataset
    for name, arguments in _named_commands(command_line):
        if (entry := _entry(name, arguments)) is not None:
            return _estimated(entry, arguments, counts)
    return None


def _named_commands(line: str) -> list[tuple[str, Sequence[str]]]:
    """Return the commands of a line by canonical name, with their arguments."""
    try:
        invocations = [understand(simple) for simple in split_line(line)]
    except Unreadable:
        return []
    return [named for invocation in invocations for named in _names(invocation)]


def _names(invocation: Invocation) -> list[tuple[str, Sequence[str]]]:
    names: list[tuple[str, Sequence[str]]] = [(mode, ()) for mode in invocation.modes]
    command, named = find_command(invocation.words)
    return [*names, (command.name, invocation.words[named:])] if command else names


def _entry(name: str, arguments: Sequence[str]) -> Mapping[str, Any] | None:
    text = " ".join(arguments)
    for entry in read_toml("costs.toml")["cost"]:
        if name in entry["command"] and re.search(entry.get("when", ""), text):
            return dict(entry)
    return None


def _estimated(entry: Mapping[str, Any], arguments: Sequence[str], counts: Mapping[str, int | None]) -> Estimate:
    if "argument" in entry:
        found = re.search(entry["when"], " ".join(arguments))
        amount = float(found.group("amount")) if found else 0.0
        return Estimate(amount * entry["argument"], True, say("cost-argument"))
    unit, each = entry["per"], entry["microseconds"]
    blocking = entry.get("blocking", True)
    name = say(f"unit-{unit}")
    count = counts[unit]
    if not each:
        return Estimate(0.0, False, say("cost-lazy"))
    if count is None:
        unknown = Text(ko=say("cost-unknown", unit=name.ko).ko, en=say("cost-unknown", unit=name.en).en)
        return Estimate(None, blocking, unknown, needs={"gib": "bytes"}.get(unit, f"{unit}s"))
    amount = count / GIB if unit == "gib" else count
    return Estimate(amount * each / 1000, blocking, _basis(name, amount, each, blocking=blocking))


def _basis(unit: Text, count: float, each: float, *, blocking: bool) -> Text:
    sentence = "cost-measured" if blocking else "cost-background"
    shown = f"{count:,.0f}" if count >= 10 else f"{count:.2g}"
    constant = f"{each:,g}"
    return Text(
        ko=say(sentence, unit=unit.ko, count=shown, each=constant).ko,
        en=say(sentence, unit=unit.en, count=shown, each=constant).en,
    )
