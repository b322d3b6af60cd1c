"""Whether the versions, products and topologies that a document names make sense. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.diagnostics.commands import PRODUCTS, TOPOLOGIES
from knowledge_base.linting.draft import Draft
from knowledge_base.linting.notes import LintNote, Place, note
from knowledge_base.linting.surroundings import Surroundings

BOUND = re.compile(r"(?P<operator>>=|<=|==|=|>|<|)\s*v?(?P<version>\d+(?:\.\d+){0,2}(?:\.[x*])?)")
APPLIES_TO = Place("applies_to")


def check_versions(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """The range can be read, and something lies within it."""
    if not draft.versions:
        return
    bounds = [part.strip() for part in draft.versions.split(",") if part.strip()]
    if not bounds or not all(BOUND.fullmatch(bound) for bound in bounds):
        yield note("version-unreadable", APPLIES_TO, versions=draft.versions)
    elif _is_empty(bounds):
        yield note("version-empty", APPLIES_TO, versions=draft.versions)


def _is_empty(bounds: list[str]) -> bool:
    """Whether no version at all, released or not, can meet every bound."""
    found = [match for bound in bounds if (match := BOUND.fullmatch(bound))]
    lower = [(_number(one["version"]), one["operator"] == ">=") for one in found if one["operator"] in (">", ">=")]
    upper = [(_number(one["version"]), one["operator"] == "<=") for one in found if one["operator"] in ("<", "<=")]
    return any(low > high or (low == high and not (at and to)) for low, at in lower for high, to in upper)


def _number(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".") if part.isdigit()]
    return (*parts, *(0,) * (3 - len(parts)))


def check_targets(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """Products and topologies are ones that exist."""
    for key, known in (("products", PRODUCTS), ("topologies", TOPOLOGIES)):
        for name in draft.applies_to.get(key) or ():
            if str(name).lower() not in known:
                yield note("target-unknown", APPLIES_TO, name=name)
