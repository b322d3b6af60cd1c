"""A document as the linter looks at it: its texts and commands with their places, and where it applies. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from incidents.diagnostics.commands import PRODUCTS, TOPOLOGIES, extract_commands
from knowledge_base.document_format import STEP_FIELDS
from knowledge_base.house_rules import HouseRule, read_house_rule
from knowledge_base.linting.data import thresholds
from knowledge_base.linting.notes import Place
from knowledge_base.passages import version_fits

LINE_FIELDS = ("symptoms", "root_causes", "prevention")
Release = tuple[str, str]  # product, version


@dataclass(frozen=True)
class Step:
    field: str
    index: int
    parts: Mapping[str, str]

    def at(self, part: str = "") -> Place:
        return Place(self.field, self.index, part)

    def says(self, part: str) -> str:
        return str(self.parts.get(part) or "").strip()

    @property
    def prose(self) -> str:
        return " ".join(self.says(part) for part in self.parts if part not in ("command", "risk"))

    @cached_property
    def commands(self) -> tuple[str, ...]:
        return tuple(extract_commands(f"```sh\n{self.says('command')}\n```")) if self.says("command") else ()


@dataclass(frozen=True, eq=False)
class Draft:
    """The fields of a document, saved or not."""

    fields: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.fields.get("id") or "")

    @property
    def language(self) -> str:
        return str(self.fields.get("language") or "en")

    @property
    def topic(self) -> str:
        return str(self.fields.get("topic") or "")

    @property
    def kind(self) -> str:
        return str(self.fields.get("kind") or "troubleshooting")

    @property
    def applies_to(self) -> Mapping[str, Any]:
        stated = self.fields.get("applies_to")
        return stated if isinstance(stated, Mapping) else {}

    @property
    def versions(self) -> str:
        return str(self.applies_to.get("versions") or "")

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return tuple(
            Step(field, index, step)
            for field in STEP_FIELDS
            for index, step in enumerate(self.fields.get(field) or ())
            if isinstance(step, Mapping)
        )

    def around(self, place: Place) -> str:
        """The prose in which a line stands: its whole step, or nothing more."""
        found = (step.prose for step in self.steps if (step.field, step.index) == (place.field, place.index))
        return next(found, "")

    def steps_of(self, field: str) -> list[Step]:
        return [step for step in self.steps if step.field == field]

    def lines(self) -> Iterator[tuple[Place, str]]:
        """Every text of one entry: of lists, of steps without their commands, paragraphs of the notes."""
        for field in LINE_FIELDS:
            for index, line in enumerate(self.fields.get(field) or ()):
                yield Place(field, index), str(line)
        for step in self.steps:
            for part in step.parts:
                if part not in ("command", "risk") and step.says(part):
                    yield step.at(part), step.says(part)
        for paragraph in str(self.fields.get("notes") or "").split("\n\n"):
            if paragraph.strip():
                yield Place("notes"), paragraph.strip()

    @cached_property
    def house_rule(self) -> HouseRule:
        return read_house_rule(self.fields)

    @cached_property
    def products(self) -> tuple[str, ...]:
        stated = [str(name).lower() for name in self.applies_to.get("products") or ()]
        return tuple(name for name in stated if name in PRODUCTS)

    @cached_property
    def topologies(self) -> frozenset[str]:
        stated = {str(name).lower() for name in self.applies_to.get("topologies") or ()}
        return frozenset(stated & set(TOPOLOGIES)) or frozenset(TOPOLOGIES) - {""}

    @cached_property
    def releases(self) -> tuple[Release, ...]:
        """The released servers that the document is for; without a word about it, every Redis."""
        return tuple(
            (product, version)
            for product in self.products or ("redis",)
            for version in thresholds().versions[product]
            if version_fits(version, self.versions)
        )

    def shares_systems_with(self, other: Draft) -> bool:
        """Whether there can be a server that both speak of."""
        if not set(self.releases) & set(other.releases) or not self.topologies & other.topologies:
            return False
        # A house rule outranks the general text on its own systems: that is no contradiction but its purpose.
        mine, theirs = self.house_rule.governs, other.house_rule.governs
        return _overlap(mine, theirs) if mine and theirs else not mine and not theirs


def _overlap(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether two sets of name patterns can mean the same system."""
    stems = [pattern.rstrip("*").lower() for pattern in mine], [pattern.rstrip("*").lower() for pattern in theirs]
    return any(one.startswith(other) or other.startswith(one) for one in stems[0] for other in stems[1])
