"""Managed services: what they block and where the same thing is done there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.commands.tables import read_toml
from incidents.diagnostics.text import Text


@dataclass(frozen=True, slots=True)
class ServicePath:
    """How something is done on a managed service: a sentence, and a command of its own tool if there is one."""

    text: Text
    command: str = ""


def service_name(service: str) -> str:
    return str(_service(service)["name"])


def is_blocked(service: str, command: str) -> bool:
    """Say whether a service refuses a command, given by its full name such as CONFIG SET."""
    entry = _service(service)
    if command in entry.get("allowed", ()):
        return False
    return command in entry["blocked"] or command.split()[0] in entry["blocked"]


def allows_setting(service: str, name: str) -> bool:
    """Say whether CONFIG may touch a setting where CONFIG works at all."""
    allowed = _service(service).get("settings")
    return allowed is None or name.lower() in allowed


def needs_the_node(program: str) -> bool:
    """Say whether a program only makes sense on the server's own host."""
    return program in read_toml("services.toml")["node_programs"]["names"]


def path_for(service: str, words: Sequence[str]) -> ServicePath:
    """Return how a command is done on a service. Each service has a last entry that fits everything."""
    upper = [words[0].upper(), *(word.upper() if index == 0 else word for index, word in enumerate(words[1:]))]
    line = " ".join(upper)
    entry = _service(service)
    path = next(one for one in entry["paths"] if re.search(one["match"], line))
    values = _values(entry, words)
    return ServicePath(_fill_text(Text.of(path["text"]), values), _fill(path.get("command", ""), values))


def _service(service: str) -> Mapping[str, Any]:
    entry: Mapping[str, Any] = read_toml("services.toml")[service]
    return entry


def _values(entry: Mapping[str, Any], words: Sequence[str]) -> dict[str, str]:
    """Return name, value and the service's own parameter name of a CONFIG SET."""
    name = words[2] if len(words) > 2 else "<name>"
    value = words[3] if len(words) > 3 else "<value>"
    known = entry.get("parameters", {})
    parameters = known.get(f"{name} {value.split()[0]}" if value.split() else name, known.get(name, [name]))
    if len(parameters) > 1 and len(value.split()) == len(parameters) + 1:  # class hard soft seconds
        return {"name": name, "value": value.split()[1], "parameter": parameters[0]}
    return {"name": name, "value": value, "parameter": parameters[0]}


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Fill in {name}, {value} and {parameter}; other braces, as in JSON, stay."""
    return re.sub(r"\{(name|value|parameter)\}", lambda found: values[found.group(1)], template)


def _fill_text(text: Text, values: Mapping[str, str]) -> Text:
    return Text(ko=_fill(text.ko, values), en=_fill(text.en, values))
