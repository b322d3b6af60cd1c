"""Sentences of the rules' report that belong to no rule, from `phrases.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from incidents.diagnostics.text import Text


@cache
def phrases() -> Mapping[str, Text]:
    with (Path(__file__).parent / "phrases.toml").open("rb") as stream:
        return {name: Text.of(table) for name, table in tomllib.load(stream).items()}
