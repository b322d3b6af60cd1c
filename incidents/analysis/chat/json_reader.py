"""Read JSON while it is being written, and make the best of JSON that is broken or cut off.

    reader = JsonReader()
    for piece in answer:
        for part in reader.feed(piece):
            part.path, part.text, part.is_closed      # ("explanation", 0, "text"), "Memory is ", False
    reader.value                                      # what was read so far, open brackets closed

What stands before the first brace (a code fence, a sentence) is skipped, and so is everything after the object ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
WORDS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
DEEPEST = 40  # levels; a model that nests deeper is not answering


@dataclass(frozen=True, slots=True)
class StringPart:
    """A piece of a string value, as it came. The last piece of a string is marked, and may be empty."""

    path: Path
    text: str
    is_closed: bool = False


@dataclass
class _Open:
    """An object or list that is not closed yet."""

    value: dict[str, Any] | list[Any]
    key: str | None = None
    awaits_value: bool = False

    @property
    def place(self) -> str | int:
        return len(self.value) if isinstance(self.value, list) else self.key or ""

    def put(self, value: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not None:
            self.value.setdefault(self.key, value)  # of a repeated key the first value stands
            self.key, self.awaits_value = None, False


@dataclass
class JsonReader:
    """The state of reading one value. Never raises, whatever is fed."""

    value: Any = None
    is_complete: bool = False
    _open: list[_Open] = field(default_factory=list)
    _string: list[str] | None = None
    _streams: bool = False  # whether the open string is a value, as opposed to a key
    _escape: str | None = None
    _surrogate: int = 0
    _word: str = ""

    def feed(self, piece: str) -> Iterator[StringPart]:
        """Take a piece of the text. Yield what it holds of string values."""
        fresh: list[str] = []
        for char in piece:
            if self.is_complete:
                break
            if self._string is None:
                self._outside(char)
                continue
            path = self._path()
            if self._inside(char, fresh):
                if self._streams:
                    yield StringPart(path, "".join(fresh), is_closed=True)
                fresh.clear()
                self._end_string()
        if fresh and self._streams:
            yield StringPart(self._path(), "".join(fresh))

    def finish(self) -> Any:
        """Return the value, with what is still open taken as it stands."""
        if self._string is not None and self._streams:
            self._end_string()
        self._end_word()
        while self._open:
            self._end()
        return self.value

    def _path(self) -> Path:
        return tuple(container.place for container in self._open)

    # --- Inside a string ---------------------------------------------------------------------------------------

    def _inside(self, char: str, fresh: list[str]) -> bool:
        """Take one character of a string. Return True at its end."""
        if self._escape is not None:
            char = self._escaped(self._escape + char)
        elif char == "\\":
            self._escape = ""
            return False
        elif char == '"':
            return True
        if char and self._string is not None:
            self._string.append(char)
            fresh.append(char)
        return False

    def _escaped(self, escape: str) -> str:
        """Take an escape as far as it has come. Return what it stands for once it is whole, else an empty string."""
        self._escape = None
        if escape[0] != "u":
            return ESCAPES.get(escape, escape)
        if len(escape) < 5:
            self._escape = escape
            return ""
        try:
            return self._joined(int(escape[1:], 16))
        except ValueError:
            return "\ufffd"

    def _joined(self, code: int) -> str:
        """Put the halves of a surrogate pair together; a half alone becomes the replacement character."""
        if 0xD800 <= code < 0xDC00:
            self._surrogate = code
            return ""
        if 0xDC00 <= code < 0xE000:
            high, self._surrogate = self._surrogate, 0
            return chr(0x10000 + ((high - 0xD800) << 10) + code - 0xDC00) if high else "\ufffd"
        return chr(code)

    def _end_string(self) -> None:
        text = "".join(self._string or ())
        self._string = None
        if self._streams:
            self._put(text)
        elif self._open:
            self._open[-1].key = text

    # --- Outside of strings ------------------------------------------------------------------------------------

    def _outside(self, char: str) -> None:
        if not self._open and self.value is None:
            if char == "{":  # a bracket may be a label in prose, "[F1]"
                self._begin(char)
            return
        if char.isalnum() or char in "-+.":
            self._word += char
            return
        self._end_word()
        if char in "{[":
            self._begin(char)
        elif char in "}]":
            self._end()
        elif char == '"':
            container = self._open[-1]
            self._string = []
            self._streams = isinstance(container.value, list) or container.awaits_value
        elif char == ":" and self._open[-1].key is not None:
            self._open[-1].awaits_value = True

    def _begin(self, char: str) -> None:
        value: dict[str, Any] | list[Any] = {} if char == "{" else []
        if len(self._open) >= DEEPEST:
            self.is_complete = True
            return
        if not self._open:
            self.value = value
        self._open.append(_Open(value))

    def _end(self) -> None:
        closed = self._open.pop().value
        if self._open:
            self._open[-1].put(closed)
        else:
            self.is_complete = True

    def _end_word(self) -> None:
        word, self._word = self._word, ""
        if not word or not self._open:
            return
        if word in WORDS:
            self._put(WORDS[word])
        elif NUMBER.fullmatch(word):
            self._put(float(word) if re.search(r"[.eE]", word) else int(word))

    def _put(self, value: Any) -> None:
        container = self._open[-1]
        if isinstance(container.value, list) or container.awaits_value:
            container.put(value)


def read_json(text: str) -> Any:
    """Return the first JSON object of a text, as far as it goes; None when there is none."""
    reader = JsonReader()
    for _ in reader.feed(text):
        pass
    return reader.finish()
