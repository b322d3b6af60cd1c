"""The sentences that the chat analyst says itself, from wording.toml, and those of its prompts' frames."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from incidents.diagnostics.text import Text


@cache
def sentences() -> dict[str, Text]:
    with Path(__file__).with_name("wording.toml").open("rb") as stream:
        return {name: Text.of(table) for name, table in tomllib.load(stream).items()}


def say(name: str, language: str, **values: Any) -> str:
    """One sentence with its values filled in."""
    return sentences()[name].format(**values).say(language)
