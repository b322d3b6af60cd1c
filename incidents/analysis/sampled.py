"""How the numbers of a server moved between its two samples: what a page or a document draws."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from incidents.diagnostics.dossier import Dossier, Node
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.rules.specs import BrokenCatalogue
from incidents.diagnostics.snapshot import Snapshot, seconds_between
from incidents.diagnostics.text import UNITS

FILE = Path(__file__).parent / "sampled.toml"
MOST_NODES = 6


@cache
def metrics() -> Mapping[str, str]:
    """Unit by metric, in the order of the file. Raises BrokenCatalogue for an unknown unit."""
    with FILE.open("rb") as stream:
        found = {item["name"]: item["unit"] for item in tomllib.load(stream)["metrics"]}
    if unknown := set(found.values()) - UNITS.keys():
        raise BrokenCatalogue(f"{FILE.name}: unknown units {', '.join(sorted(unknown))}.")
    return found


def sampled(dossier: Dossier) -> list[dict[str, Any]]:
    """Per node with two samples: the time between them and the metrics that moved. Plain values for JSON."""
    found = []
    for node in dossier.nodes:
        moved = list(_moved(node))
        if moved and node.earlier and node.latest:
            seconds = max(seconds_between(node.earlier, node.latest), 0.0)
            found.append({"node": node.name, "seconds": seconds, "restarted": node.restarted, "metrics": moved})
    return found[:MOST_NODES]


def _moved(node: Node) -> Iterator[dict[str, Any]]:
    if node.earlier is None or node.latest is None:
        return
    for name, unit in metrics().items():
        before, after = _number(node.earlier, name), _number(node.latest, name)
        if before is not None and after is not None and before != after:
            yield {"name": name, "unit": unit, "before": before, "after": after}


def _number(sample: Snapshot, name: str) -> float | None:
    try:
        return sample.number(name)
    except MissingField:
        return None
