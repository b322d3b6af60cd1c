"""A log too large to hold: its two ends as text, its lines read from the disk whenever they are asked for."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

from incidents.diagnostics.decoding import MEBIBYTE

LARGE = 16 * MEBIBYTE  # bytes on the disk from which on a log is streamed
LARGE_PACKED = MEBIBYTE  # the same of a log in gzip
END = 400_000  # bytes kept of each end: enough to tell format, version, process and node
LONGEST_LINE = 65_536  # characters; the rest of a longer line is passed over
REPORT_EVERY = 20_000  # lines between two words to whoever watches
_GZIP = b"\x1f\x8b"


def _unwatched(share: float) -> None:
    """Nobody looks on."""


@dataclass(frozen=True)
class LogFile:
    """A log on the disk, plain or in gzip, in UTF-8. `watch` hears the share read so far, from 0 to 1."""

    name: str
    path: Path
    watch: Callable[[float], None] = _unwatched

    @cached_property
    def is_packed(self) -> bool:
        with self.path.open("rb") as file:
            return file.read(2) == _GZIP

    @property
    def is_large(self) -> bool:
        """Whether holding the text would cost more than reading it twice. False for a packed folder."""
        if self.path.stat().st_size < (LARGE_PACKED if self.is_packed else LARGE):
            return False
        with self.path.open("rb") as file:
            return self._unpacked(file).read(262)[257:] != b"ustar"

    @cached_property
    def excerpt(self) -> str:
        """The two ends. Lines count from the beginning of the file only in the first of them."""
        return self._survey[0]

    @property
    def line_count(self) -> int:
        return self._survey[1]

    def lines(self) -> Iterator[str]:
        """Every line from the first, without its end."""
        size = max(self.path.stat().st_size, 1)
        with self.path.open("rb") as file:
            text = io.TextIOWrapper(self._unpacked(file), encoding="utf-8", errors="replace", newline="\n")
            number = 0
            while line := text.readline(LONGEST_LINE):
                number += 1
                if number % REPORT_EVERY == 0:
                    self.watch(file.tell() / size)
                yield line
                while line and line[-1] != "\n":
                    line = text.readline(LONGEST_LINE)
        self.watch(1.0)

    @cached_property
    def _survey(self) -> tuple[str, int]:
        """Read it once in large steps: its ends, and how many lines it has."""
        with self.path.open("rb") as file:
            stream = self._unpacked(file)
            head, tail, is_cut = stream.read(END), b"", False
            breaks = head.count(b"\n")
            while chunk := stream.read(MEBIBYTE):
                breaks += chunk.count(b"\n")
                tail += chunk
                if len(tail) > END:
                    tail, is_cut = tail[-END:], True
        if is_cut:
            head, tail = head[: head.rfind(b"\n") + 1], tail[tail.find(b"\n") + 1 :]
        return (head + tail).decode("utf-8", "replace"), breaks + 1

    def _unpacked(self, file: BinaryIO) -> BinaryIO:
        return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if self.is_packed else file
