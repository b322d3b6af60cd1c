"""redis.conf, sentinel.conf and CONFIG GET."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from incidents.diagnostics.fields import InfoFields
from incidents.diagnostics.parsers.replies import Leaf, as_list, as_pairs, is_list, plain, read_reply, unwrap

_NAMES = Path(__file__).with_name("config_names.toml")
_DIRECTIVE = re.compile(r"^\s{0,40}([a-z][a-z0-9-]{1,60})\s{1,40}(\S.*)$")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|(\S+)')
_VALUE = re.compile(
    r"(?:\d[\w.]{0,20}|\"[^\"]{0,200}\"|/\S{1,200}|yes|no|\d{1,3}(?:\.\d{1,3}){3}\S{0,40}|\*)(?:\s.{0,60})?$"
)
# Directives that a file repeats; CONFIG GET prints them joined, so they are joined here too.
REPEATED = frozenset({"save", "client-output-buffer-limit", "bind", "oom-score-adj-values"})


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
    """Read a file, CONFIG GET as tree, raw lines or JSON, or an object."""
    reply = unwrap(read_reply(value), "config")
    if isinstance(reply, str):
        return RedisConfig()
    if isinstance(reply, Mapping):
        directives = [_directive(plain(name), item, None) for name, item in reply.items()]
    elif isinstance(value, str) and _is_file(as_list(reply)):
        directives = list(_file(as_list(reply)))
    else:
        directives = list(_alternating(as_list(reply)))
    return RedisConfig(_fields(directives), tuple(directives))


def _is_file(items: Sequence[Any]) -> bool:
    """Whether lines hold name and value side by side, as a file does and CONFIG GET does not."""
    lines = [plain(item) for item in items if not is_list(item)]
    content = [line for line in lines if line and not line.startswith("#")]
    return sum(1 for line in content if _DIRECTIVE.match(line[:500])) * 2 > len(content)


def _file(items: Sequence[Any]) -> Iterator[Directive]:
    for item in items:
        if isinstance(item, Leaf) and (matched := _DIRECTIVE.match(item.text[:20_000])):
            yield Directive(matched[1].lower(), tuple(_words(matched[2])), item.line)


def _words(text: str) -> Iterator[str]:
    for quoted, single, bare in _WORD.findall(text):
        yield quoted or single or bare


def _alternating(items: Sequence[Any]) -> Iterator[Directive]:
    for item in items:
        if is_list(item):
            yield from _alternating(item)
            return
    for index, (name, value) in enumerate(as_pairs(items)):
        leaf = items[index * 2]
        yield _directive(name, value, leaf.line if isinstance(leaf, Leaf) else None)


def _directive(name: str, value: Any, line: int | None) -> Directive:
    if isinstance(value, bool):
        value = "yes" if value else "no"
    words = [plain(part) for part in value] if is_list(value) else plain(value).split()
    return Directive(name.strip().lower(), tuple(words), line)


def _fields(directives: Sequence[Directive]) -> InfoFields:
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for directive in directives:
        text = " ".join(directive.arguments)
        if directive.name in REPEATED and values.get(directive.name):
            text = f"{values[directive.name]} {text}"
        values[directive.name] = text
        if directive.line is not None:
            lines[directive.name] = directive.line
    return InfoFields(values, lines)


@cache
def known_names() -> frozenset[str]:
    return frozenset(tomllib.loads(_NAMES.read_text(encoding="utf-8"))["names"])


def is_directive_line(line: str) -> bool:
    """Whether a line alone shows that it is of a configuration file; plain words need a value that no sentence has."""
    matched = _DIRECTIVE.match(line[:400])
    if matched is None or matched[1] not in known_names():
        return False
    return "-" in matched[1] or _VALUE.match(matched[2]) is not None
