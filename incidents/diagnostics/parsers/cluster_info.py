"""CLUSTER INFO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from incidents.diagnostics.fields import InfoFields
from incidents.diagnostics.parsers.info import from_mapping, read_field
from incidents.diagnostics.parsers.replies import plain, read_literal, unwrap


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """`fields` as printed: cluster_state, cluster_slots_assigned, …"""

    fields: InfoFields = field(default_factory=InfoFields)


def parse(value: Any) -> ClusterInfo:
    """Read lines or an object."""
    if isinstance(value, str) and (literal := read_literal(value)) is not None:
        value = literal
    value = unwrap(value, "cluster_info")
    if isinstance(value, Mapping):
        return ClusterInfo(from_mapping(value).fields)
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(plain(value).split("\n"), start=1):
        if (pair := read_field(line)) and "cluster" in pair[0]:
            values.setdefault(*pair)
            lines.setdefault(pair[0], number)
    return ClusterInfo(InfoFields(values, lines))
