"""How the figures of a node moved between two samples of the same process."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from incidents.diagnostics.dossier import Node
from incidents.diagnostics.fields import MissingField

KINDS = ("gauge", "counter")
UNITS = ("count", "bytes", "usec")


class WrongField(ValueError):
    """The data file names a kind or unit that does not exist."""


@dataclass(frozen=True, slots=True)
class SampleField:
    name: str
    kind: str
    unit: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.unit not in UNITS:
            raise WrongField(f"{self.name}: {self.kind}, {self.unit}")


@dataclass(frozen=True, slots=True)
class SampleChange:
    """A field that moved. A counter that stood still is left out: nothing happened."""

    field: SampleField
    before: float
    after: float
    seconds: float

    @property
    def per_second(self) -> float:
        return (self.after - self.before) / self.seconds


@cache
def sample_fields() -> tuple[SampleField, ...]:
    with (Path(__file__).parent / "sample_fields.toml").open("rb") as stream:
        return tuple(SampleField(**row) for row in tomllib.load(stream)["field"])


def changes_of(node: Node) -> Iterator[SampleChange]:
    for field in sample_fields():
        with suppress(MissingField):  # one sample, another process, or a version that has no such field
            growth = node.growth(field.name)
            if growth.after != growth.before:
                yield SampleChange(field, growth.before, growth.after, growth.seconds)
