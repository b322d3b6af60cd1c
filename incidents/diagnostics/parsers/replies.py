"""Replies of commands in every dress: redis-cli's numbered trees, raw lines, JSON, Python literals, objects."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# One element of redis-cli's tree: "  2) 1) (integer) 7", RESP3 maps "1# "a" => 1" and sets "1~ "a"".
_MARKER = re.compile(r"\s{0,200}(\d{1,9})([)#~])(?:[ \t]|$)")
_TYPED = re.compile(r"^\((integer|double|boolean|big number|nil|error|true|false)\)\s*(.*)$", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b"}
_EMPTY = re.compile(r"^\(?empty (?:array|list or set|list|set|hash|map)\)?$")
_MAP_KEY = re.compile(r'\s{0,200}("(?:[^"\\]|\\.){0,2000}"|\([a-z ]{1,12}\) \S{1,40}|[^\s"]{1,200}) =>(?=\s|$)')

MAX_DEPTH = 32
MAX_LITERAL = 2_000_000  # characters; the Python reader needs about forty times its text


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar of a reply and the 1-based line it stood on."""

    text: str
    line: int


def read_reply(value: Any) -> Any:
    """Turn a reply into lists, mappings and scalars: numbered trees are nested, raw text is a flat list of lines."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return value
    literal = read_literal(value)
    if literal is not None:
        return literal
    return read_tree(value) if is_numbered(value) else read_lines(value)


def read_lines(text: str) -> list[Leaf]:
    """Return every line as a leaf. Blank lines stay: in raw replies they are empty values."""
    leaves = [Leaf(line.strip(), number) for number, line in enumerate(text.split("\n"), start=1)]
    while leaves and not leaves[-1].text:
        leaves.pop()
    first = next((index for index, leaf in enumerate(leaves) if leaf.text), 0)
    return leaves[first:]


def is_numbered(text: str) -> bool:
    """Return whether this is the tree that redis-cli prints on a terminal."""
    lines = [line for line in text[:4000].split("\n", 12)[:12] if line.strip()]
    return any(_MARKER.match(line) for line in lines[:3])


def is_tree_line(line: str) -> bool:
    return _MARKER.match(line) is not None


def read_literal(text: str) -> Any:
    """Read JSON or a Python literal. Return None if it is neither."""
    stripped = text.strip().lstrip("\ufeff")
    if not stripped or stripped[0] not in "[{" or stripped[-1] not in "]}":
        return None
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        return _read_python(stripped)


def _read_python(text: str) -> Any:
    if len(text) > MAX_LITERAL or "'" not in text:
        return None
    try:
        return ast.literal_eval(text)
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


@dataclass(slots=True)
class _Level:
    items: list[Any] = field(default_factory=list)
    number: int = 0  # of the last element
    column: int = -1  # where its marker ended
    awaits_value: bool = False  # a map's key whose value is the list that follows


class _Tree:
    """Rebuilds nesting from the numbers, because pastes lose their indentation; columns settle what is ambiguous."""

    def __init__(self, *, trust_columns: bool) -> None:
        self.trust_columns = trust_columns
        self.root: list[Any] = []
        self.levels: list[_Level] = []

    def add_line(self, line: str, number: int) -> None:
        position, depth = 0, None
        while marker := _MARKER.match(line, position):
            depth = self._place(int(marker[1]), marker.end(2), depth)
            position = marker.end(2)
            if marker[2] == "#" and (key := _MAP_KEY.match(line, position)):
                self._add(key[1], number)
                position = key.end()
                self.levels[-1].awaits_value = True
            if depth + 1 >= MAX_DEPTH:
                break
        if depth is not None:
            self._add(line[position:].strip(), number)

    def _place(self, number: int, column: int, parent: int | None) -> int:
        """Return the depth that a marker belongs to, opening a level for it if need be."""
        if parent is not None:
            return self._open(parent + 1, number, column)
        if number == 1 and self._is_deeper(column):
            return self._open(len(self.levels), number, column)
        depth = self._continued(number, column)
        if depth is None:
            return self._open(0, number, column)  # the same reply once more
        del self.levels[depth + 1 :]
        self.levels[depth].number, self.levels[depth].column = number, column
        return depth

    def _continued(self, number: int, column: int) -> int | None:
        """Return the deepest level that this element continues; the next number counts most, then the column."""
        next_ones = [depth for depth, level in enumerate(self.levels) if level.number + 1 == number]
        later_ones = [depth for depth, level in enumerate(self.levels) if level.number < number]
        for depths in (next_ones, later_ones):
            aligned = [depth for depth in depths if self.trust_columns and self.levels[depth].column == column]
            if aligned or depths:
                return (aligned or depths)[-1]
        return None

    def _is_deeper(self, column: int) -> bool:
        if not self.levels:
            return False
        return self.levels[-1].awaits_value or (self.trust_columns and self.levels[-1].column < column)

    def _open(self, depth: int, number: int, column: int) -> int:
        del self.levels[depth:]
        level = _Level(number=number, column=column)
        if depth == 0:
            level.items = self.root
        else:
            self.levels[depth - 1].items.append(level.items)
            self.levels[depth - 1].awaits_value = False
        self.levels.append(level)
        return depth

    def _add(self, rest: str, number: int) -> None:
        if rest:
            level = self.levels[-1]
            level.items.append([] if _EMPTY.match(rest) else Leaf(scalar(rest), number))
            level.awaits_value = False


def read_tree(text: str) -> list[Any]:
    """Read redis-cli's numbered tree; maps become alternating lists."""
    lines = text.split("\n")
    tree = _Tree(trust_columns=any(line[:1] in (" ", "\t") and is_tree_line(line) for line in lines))
    for number, line in enumerate(lines, start=1):
        tree.add_line(line[:100_000], number)
    return tree.root


def plain(value: Any) -> str:
    """Return a scalar of a reply as text."""
    if isinstance(value, Leaf):
        return scalar(value.text)
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def line_of(value: Any) -> int | None:
    """Return the line of the first leaf, if the reply came as text."""
    for _ in range(MAX_DEPTH):
        if isinstance(value, Leaf):
            return value.line
        if isinstance(value, Mapping):
            value = next(iter(value.values()), None)
        elif is_list(value) and value:
            value = value[0]
        else:
            return None
    return None


def whole(value: Any) -> int | None:
    """Return a scalar as a whole number, or None."""
    if isinstance(value, int):
        return int(value)
    text = plain(value).strip() if not is_list(value) else ""
    try:
        return int(text) if 0 < len(text) < 40 else None
    except ValueError:
        number = real(value)
        return None if number is None else int(number)


def real(value: Any) -> float | None:
    """Return a scalar as a finite number, or None."""
    try:
        number = float(plain(value).strip()[:64])
    except (ValueError, OverflowError):
        return None
    return number if number == number and abs(number) != float("inf") else None


def moment(value: Any) -> datetime | None:
    """Return a Unix time in seconds, milli- or microseconds as naive UTC, as logs are read, or None."""
    number = real(value)
    if number is None or number <= 0 or number > 1e20:
        return None
    while number > 1e11:  # 1e11 s is the year 5138: anything above is milliseconds or less
        number /= 1000
    try:
        return datetime.fromtimestamp(number, tz=UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None


def is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def as_list(value: Any) -> list[Any]:
    return list(value) if is_list(value) else []


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
        return {plain(key): item for key, item in value.items()}
    return dict(as_pairs(value)) if is_list(value) else {}


def records(items: Sequence[Any], first: str) -> Iterator[list[Any]]:
    """Cut a flat list into records that each begin with the name `first`."""
    record: list[Any] = []
    for item in items:
        if not is_list(item) and plain(item) == first and record:
            yield record
            record = []
        record.append(item)
    if record:
        yield record


def unwrap(value: Any, *names: str) -> Any:
    """Take a reply out of an object such as {"slowlog": […]}."""
    if isinstance(value, Mapping):
        for name in names:
            if name in value:
                return value[name]
    return value
