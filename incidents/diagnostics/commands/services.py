"""Managed services: what they block and where the same thing is done there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.commands.tables import read_toml
from incidents.diagnostics.text import Text

UNITS = {"kb": 1024, "mb": 1024**2, "gb": 1024**3}


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


def path_for(service: str, words: Sequence[str], *, product: str = "redis") -> ServicePath:
    """Return how a command is done on a service. Each service has a last entry that fits everything."""
    line = " ".join([*(word.upper() for word in words[:2]), *words[2:]])
    entry = _service(service)
    path = next(one for one in entry["paths"] if re.search(one["match"], f"{line} "))
    values = _values(entry, words)
    command = path.get(f"{product}_command", path.get("command", ""))
    return ServicePath(_fill_text(Text.of(path["text"]), values), _fill(command, values))


def _service(service: str) -> Mapping[str, Any]:
    entry: Mapping[str, Any] = read_toml("services.toml")[service]
    return entry


def _values(entry: Mapping[str, Any], words: Sequence[str]) -> dict[str, str]:
    """Return name, value and the service's own parameters of a CONFIG SET."""
    name = words[2] if len(words) > 2 else "<name>"
    value = words[3] if len(words) > 3 else "<value>"
    amounts = value.split()
    known = entry.get("parameters", {})
    own = known.get(f"{name} {amounts[0]}" if amounts else name)
    parameters = dict(zip(own, amounts[1:], strict=False)) if own else {known.get(name, [name])[0]: value}
    pairs = " ".join(f'"ParameterName={key},ParameterValue={_in_bytes(one)}"' for key, one in parameters.items())
    return {"name": name, "value": value, "parameter": ", ".join(parameters), "pairs": pairs}


def _in_bytes(value: str) -> str:
    """Write 512mb as the number of bytes that parameter groups take."""
    found = re.fullmatch(r"(\d+)(kb|mb|gb)", value, re.I)
    return str(int(found.group(1)) * UNITS[found.group(2).lower()]) if found else value


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Fill in the known names; other braces, as in JSON, stay."""
    return re.sub(r"\{(name|value|parameter|pairs)\}", lambda found: values[found.group(1)], template)


def _fill_text(text: Text, values: Mapping[str, str]) -> Text:
    return Text(ko=_fill(text.ko, values), en=_fill(text.en, values))
