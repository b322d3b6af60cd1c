"""Replies of commands in every dress: redis-cli's numbered trees, raw lines, JSON, Python literals, lists and objects."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# One element of redis-cli's tree: "  2) 1) (integer) 7", RESP3 maps "1# "a" => 1" and sets "1~ "a"".
_MARKER = re.compile(r"(\d{1,9})([)#~])[ \t]")
_TYPED = re.compile(r"^\((integer|double|boolean|big number|nil|error|true|false)\)\s*(.*)$")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b"}
_EMPTY = re.compile(r"^\(empty (?:array|list or set|list|set|hash|map)\)$")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar of a reply and the 1-based line it stood on."""

    text: str
    line: int


def read_reply(value: Any) -> Any:
    """Turn a reply into plain lists, mappings and strings; numbered trees are nested, raw text is a flat list."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return value
    text = value.strip("\ufeff\r\n")
    if (literal := read_literal(text)) is not None:
        return literal
    return read_tree(text) if is_numbered(text) else [Leaf(line.rstrip("\r"), n) for n, line in numbered_lines(text)]


def numbered_lines(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.split("\n"), start=1)) if text.strip() else []


def is_numbered(text: str) -> bool:
    """Return whether this is the tree that redis-cli prints on a terminal."""
    lines = [line.strip() for line in text.split("\n", 12)[:12] if line.strip()]
    return bool(lines) and any(_MARKER.match(line) for line in lines[:3])


def read_literal(text: str) -> Any:
    """Read JSON or a Python literal. Return None if it is neither."""
    stripped = text.strip()
    if not stripped or stripped[0] not in "[{" or stripped[-1] not in "]}":
        return None
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        pass
    if len(stripped) > 2_000_000:  # ast needs about forty times the text
        return None
    try:
        return ast.literal_eval(stripped)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def scalar(text: str) -> str:
    """Return what a printed scalar stands for: quotes, "(integer) 7" and "(nil)" are redis-cli's dress."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return _ESCAPE.sub(_unescape, text[1:-1])
    if typed := _TYPED.match(text):
        return "" if typed[1] == "nil" else typed[2] or typed[1]
    return text


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 3:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code)


def read_tree(text: str) -> list[Any]:
    """Read redis-cli's numbered tree. The column of a marker tells its depth."""
    root: list[Any] = []
    open_lists: list[tuple[int, list[Any]]] = [(-1, root)]
    for number, line in numbered_lines(text):
        position, rest = _indent(line), line.strip()
        if not rest:
            continue
        markers = 0
        while markers < 32 and (marker := _MARKER.match(rest)):
            while open_lists[-1][0] > position:
                open_lists.pop()
            if open_lists[-1][0] < position:
                child: list[Any] = []
                open_lists[-1][1].append(child)
                open_lists.append((position, child))
            position += marker.end()
            rest = rest[marker.end() :]
            markers += 1
        _add_leaf(open_lists, rest, number, continued=markers == 0)
    return root[0] if len(root) == 1 and isinstance(root[0], list) else root


def _add_leaf(open_lists: list[tuple[int, list[Any]]], rest: str, number: int, *, continued: bool) -> None:
    target = open_lists[-1][1]
    if continued:
        if target and isinstance(target[-1], Leaf) and len(target[-1].text) < 100_000:
            target[-1] = Leaf(f"{target[-1].text}\n{rest}", target[-1].line)
        return
    for part in rest.split(" => ", 1) if '" => ' in rest else [rest]:
        text = part.strip()
        target.append([] if _EMPTY.match(text) else Leaf(scalar(text), number))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def plain(value: Any) -> str:
    """Return a scalar of a reply as text."""
    if isinstance(value, Leaf):
        return scalar(value.text)
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def line_of(value: Any) -> int | None:
    """Return the line of the first leaf, if the reply came as text."""
    for _ in range(64):
        if isinstance(value, Leaf):
            return value.line
        if isinstance(value, Mapping):
            value = next(iter(value.values()), None)
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            value = value[0]
        else:
            return None
    return None


def whole(value: Any) -> int | None:
    """Return a scalar as a whole number, or None."""
    if isinstance(value, int):
        return int(value)
    try:
        text = plain(value).strip()
        return int(text) if len(text) < 40 else None
    except ValueError:
        number = real(value)
        return None if number is None else int(number)


def real(value: Any) -> float | None:
    """Return a scalar as a finite number, or None."""
    try:
        number = float(plain(value).strip()[:64])
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None


def moment(value: Any) -> datetime | None:
    """Return a Unix time in seconds, milliseconds or microseconds as a moment in UTC, or None."""
    number = real(value)
    if number is None or number <= 0:
        return None
    while number > 1e11:  # 1e11 s is the year 5138: anything above is milliseconds or less
        number /= 1000
    try:
        return datetime.fromtimestamp(number, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def as_pairs(items: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) of an alternating list; an odd last name is dropped."""
    iterator = iter(items)
    for name in iterator:
        for value in iterator:
            yield plain(name), value
            break


def as_mapping(value: Any) -> dict[str, Any]:
    """Read one object given as mapping or alternating list."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    return dict(as_pairs(value)) if is_list(value) else {}
