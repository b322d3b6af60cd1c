"""The words of `vocabulary.toml`, checked and compiled once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from incidents.diagnostics.evidence.kinds import EvidenceKind

FILE = Path(__file__).with_name("vocabulary.toml")
Patterns = tuple[tuple[re.Pattern[str], EvidenceKind], ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    names: Patterns
    commands: Patterns
    shell: Patterns
    extensions: frozenset[str]
    not_a_node: frozenset[str]
    generic_folders: frozenset[str]
    no_titles: frozenset[str]
    roles: Mapping[str, str]


@cache
def load_vocabulary() -> Vocabulary:
    """Read the file. A wrong kind, pattern or missing table raises at the first use."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    words = table["words"]
    return Vocabulary(
        names=_compiled(table["names"]),
        commands=_compiled(table["commands"], "(?:{})(?![\\w-])", re.IGNORECASE),
        shell=_compiled(table["shell"]),
        extensions=frozenset(words["extensions"]),
        not_a_node=frozenset(words["not_a_node"]),
        generic_folders=frozenset(words["generic_folders"]),
        no_titles=frozenset(words["no_titles"]),
        roles=MappingProxyType(dict(table["roles"])),
    )


def _compiled(entries: Iterable[Mapping[str, Any]], frame: str = "{}", flags: re.RegexFlag = re.NOFLAG) -> Patterns:
    return tuple(
        (re.compile(frame.replace("{}", entry["pattern"]), flags), EvidenceKind(entry["kind"])) for entry in entries
    )
