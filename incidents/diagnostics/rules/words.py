"""Lists of words that rules look up, from `words.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


@cache
def _lists() -> Mapping[str, Any]:
    with (Path(__file__).parent / "words.toml").open("rb") as stream:
        return tomllib.load(stream)


@cache
def words(name: str) -> frozenset[str]:
    """A list by its name. Raises KeyError for a name that the file lacks."""
    found = _lists()[name]
    return frozenset(found.split() if isinstance(found, str) else found)
