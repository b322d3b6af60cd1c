"""Prompts are files with versions: prompts/<name>-<version>.<language>.md. The highest version is in force."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "prompts"
NAME = re.compile(r"(?P<name>[a-z-]+)-(?P<version>\d+)\.(?P<language>ko|en)\.md")


class NoSuchPrompt(LookupError):
    """There is no prompt of that name, version and language."""


@dataclass(frozen=True, slots=True)
class Prompt:
    name: str
    version: int
    language: str
    text: str

    @property
    def id(self) -> str:
        """What a time capsule keeps: "explain-1.ko"."""
        return f"{self.name}-{self.version}.{self.language}"


@cache
def all_prompts() -> tuple[Prompt, ...]:
    found = ((NAME.fullmatch(file.name), file) for file in sorted(FOLDER.glob("*.md")))
    return tuple(
        Prompt(match["name"], int(match["version"]), match["language"], file.read_text(encoding="utf-8").strip())
        for match, file in found
        if match
    )


def prompt(name: str, language: str, *, version: int | None = None) -> Prompt:
    """Return the newest prompt, with a version named the newest up to that one. Raise NoSuchPrompt."""
    fitting = [one for one in all_prompts() if one.name == name and one.language == language]
    fitting = [one for one in fitting if version is None or one.version <= version]
    if not fitting:
        raise NoSuchPrompt(f"{name}, version {version or 'any'}, {language}")
    return max(fitting, key=lambda one: one.version)


def versions_of(name: str) -> list[int]:
    return sorted({one.version for one in all_prompts() if one.name == name}, reverse=True)
