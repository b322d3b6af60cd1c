"""redis.conf, sentinel.conf and CONFIG GET."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from incidents.diagnostics.fields import InfoFields


@dataclass(frozen=True, slots=True)
class Directive:
    """One setting that may stand several times (save, user, client-output-buffer-limit, rename-command)."""

    name: str
    arguments: tuple[str, ...]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class RedisConfig:
    """`fields` by lower-case name, the last one winning as in the server; `directives` in order."""

    fields: InfoFields = field(default_factory=InfoFields)
    directives: tuple[Directive, ...] = ()

    def all(self, name: str) -> tuple[Directive, ...]:
        return tuple(directive for directive in self.directives if directive.name == name)


def parse(value: Any) -> RedisConfig:
    return RedisConfig()
