"""Read JSON as models write it: in a fence, with a trailing comma, cut off in the middle.

    answer = read_object(end.text)      # answer.value is a dictionary; answer.repairs says what was wrong with it

    fields = FieldStream()              # while the answer still streams: the fields of the outermost object
    for event in events:
        for part in fields.feed(event.text):
            part                        # FieldText("summary", "Memory is") …, FieldDone("summary", "Memory is full.")

Nothing here checks a schema: what is missing after a cut is for the caller to notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sre_portal.llm.errors import ErrorKind, LLMError

DEEPEST = 60  # levels; deeper nesting is no report but an attack on the stack
SPACE = re.compile(r"\s*")
STRING = re.compile(r'"((?:[^"\\]|\\.)*+)("?)', re.DOTALL)
SCALAR = re.compile(r"[^\s,\]}\"]+")
SURROGATES = re.compile("[\ud800-\udfff]")
# An escape that is still being written, or the first half of a pair of them.
UNFINISHED_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?$")
LITERALS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class ReadObject:
    """An object and what had to be done to get it: any of "extracted", "repaired", "cut off". Empty: it was valid."""

    value: dict[str, Any]
    repairs: tuple[str, ...] = ()


def read_object(text: str) -> ReadObject:
    """Read the outermost JSON object of a text. Raise LLMError(BAD_RESPONSE) if there is none."""
    found = _read(text)
    return ReadObject(_storable_value(found.value), found.repairs)


def _read(text: str) -> ReadObject:
    whole = _loads(text)
    if whole is not None:
        return ReadObject(whole)
    start = text.find("{")
    if start < 0:
        raise LLMError(ErrorKind.BAD_RESPONSE, "no JSON in the answer")
    inner = _loads(text[start : text.rfind("}") + 1])
    if inner is not None:
        return ReadObject(inner, ("extracted",))
    reader = _Reader(text, start)
    value = reader.value(0)
    if not isinstance(value, dict):
        raise LLMError(ErrorKind.BAD_RESPONSE, "the JSON in the answer is not an object")
    return ReadObject(value, ("cut off",) if reader.cut else ("repaired",))


def _loads(text: str) -> dict[str, Any] | None:
    value = _loads_any(text)
    return value if isinstance(value, dict) else None


def _loads_any(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


class _Reader:
    """Reads as much as makes sense and never raises, except for absurd nesting."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._at = start
        self.cut = False

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise LLMError(ErrorKind.BAD_RESPONSE, "the JSON in the answer is nested too deeply")
        character = self._peek()
        if character == "{":
            return self._object(depth)
        if character == "[":
            return self._array(depth)
        return self._string() if character == '"' else self._scalar()

    def _peek(self) -> str:
        """Skip space and return the next character; "" at the end, which means that the text was cut off."""
        space = SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        character = self._text[self._at : self._at + 1]
        self.cut = self.cut or not character
        return character

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._at += 1
        while True:
            character = self._peek()
            if character in ("}", ""):
                self._at += 1
                return found
            if character != '"':
                self._at += 1  # a comma, or something that does not belong here
                continue
            name = self._string()
            if self._peek() != ":":
                continue
            self._at += 1
            if self._peek():
                found[name] = self.value(depth + 1)

    def _array(self, depth: int) -> list[Any]:
        found: list[Any] = []
        self._at += 1
        while True:
            character = self._peek()
            if character in ("]", ""):
                self._at += 1
                return found
            if character in ",}":
                self._at += 1
                continue
            found.append(self.value(depth + 1))

    def _string(self) -> str:
        match = STRING.match(self._text, self._at)
        if match is None:  # can't be: callers have seen the quote
            return ""
        self._at = match.end()
        self.cut = self.cut or not match[2]
        return unescape(match[1])

    def _scalar(self) -> Any:
        match = SCALAR.match(self._text, self._at)
        word = match[0] if match else ""
        self._at += max(len(word), 1)
        if word in LITERALS:
            return LITERALS[word]
        try:
            return int(word) if word.lstrip("-").isdecimal() else float(word)
        except ValueError:
            return None


def unescape(text: str) -> str:
    """Resolve the escapes of a JSON string. A broken one at the end is dropped."""
    if "\\" not in text:
        return text
    try:
        decoded = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return re.sub(r"\\(.?)", lambda match: ESCAPES.get(match[1], match[1]), text)
    return str(decoded)


@dataclass(frozen=True)
class FieldText:
    """More of a text field of the outermost object."""

    name: str
    text: str


@dataclass(frozen=True)
class FieldDone:
    """A field of the outermost object is whole."""

    name: str
    value: Any


class FieldStream:
    """Follows a JSON object as it is written, and tells of its fields. What stands before it is skipped."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._ended = False
        self._name: str | None = None
        self._value: list[str] = []  # what has come of a name or a value
        self._untold: list[str] = []  # what of a text field was not told yet

    def feed(self, piece: str) -> Iterator[FieldText | FieldDone]:
        for character in piece:
            if not self._ended:
                yield from self._step(character)
        yield from self._tell_text()

    def _step(self, character: str) -> Iterator[FieldText | FieldDone]:
        if self._in_string:
            self._continue_string(character)
        elif character in "{[":
            self._depth += 1
            if self._depth > 1:
                self._value.append(character)
        elif character == ":" and self._depth == 1 and self._name is None:
            self._name = str(_whole("".join(self._value)) or "")
            self._value.clear()
        elif character == "," and self._depth == 1:
            yield from self._settle()
        elif character in "}]" and self._depth:
            if self._depth == 1:
                yield from self._settle()
                self._ended = True
            else:
                self._value.append(character)
            self._depth -= 1
        elif self._depth:
            self._in_string = character == '"'
            self._value.append(character)

    def _continue_string(self, character: str) -> None:
        self._value.append(character)
        self._in_string = self._escaped or character != '"'
        self._escaped = character == "\\" and not self._escaped
        if self._in_string and self._depth == 1 and self._name is not None:
            self._untold.append(character)

    def _settle(self) -> Iterator[FieldText | FieldDone]:
        yield from self._tell_text()
        if self._name:
            yield FieldDone(self._name, _whole("".join(self._value)))
        self._name = None
        self._value.clear()
        self._untold.clear()

    def _tell_text(self) -> Iterator[FieldText]:
        if not self._name or not self._untold:
            return
        written = "".join(self._untold)
        unfinished = UNFINISHED_ESCAPE.search(written, max(len(written) - 12, 0))
        end = unfinished.start() if unfinished else len(written)
        if end:
            yield FieldText(self._name, storable(unescape(written[:end])))
            self._untold = list(written[end:])


def _whole(text: str) -> Any:
    value = _loads_any(text)
    return _storable_value(_Reader(text, 0).value(0) if value is None and text.strip() else value)


def storable(text: str) -> str:
    """Replace what no database takes: NUL, and halves of surrogate pairs."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return SURROGATES.sub("\ufffd", text.replace("\0", "\ufffd"))


def _storable_value(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable_value(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): _storable_value(item) for name, item in value.items()}
    return value
