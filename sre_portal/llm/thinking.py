"""Keep the thoughts of local reasoning models out of their answers.

Servers without a parser for them send "<think>…</think>" at the start of the ordinary text.
"""

from __future__ import annotations

OPEN, CLOSE = "<think>", "</think>"


class ThoughtFilter:
    """Parts a streamed text into thoughts, which may only stand at its very beginning, and the answer."""

    def __init__(self) -> None:
        self._held = ""
        self._state = "undecided"  # then "thinking" and "settling", in the end "answering"

    def feed(self, piece: str) -> tuple[str, str]:
        """Return (thought, answer) of what can be told so far."""
        if self._state == "answering":
            return "", piece
        self._held += piece
        if self._state == "undecided":
            self._decide()
        thought = self._thought() if self._state == "thinking" else ""
        if self._state == "settling":  # between the thoughts and the answer stand empty lines
            self._held = self._held.lstrip()
            self._state = "answering" if self._held else "settling"
        return (thought, self._release()) if self._state == "answering" else (thought, "")

    def close(self) -> tuple[str, str]:
        """Return what was held back."""
        return (self._release(), "") if self._state == "thinking" else ("", self._release())

    def _decide(self) -> None:
        start = self._held.lstrip()
        if start.startswith(OPEN):
            self._state, self._held = "thinking", start[len(OPEN) :]
        elif not OPEN.startswith(start):
            self._state = "answering"

    def _thought(self) -> str:
        thought, closed, rest = self._held.partition(CLOSE)
        if closed:
            self._state, self._held = "settling", rest
            return thought
        safe = max(len(self._held) - len(CLOSE) + 1, 0)  # the end may be the beginning of the closing mark
        thought, self._held = self._held[:safe], self._held[safe:]
        return thought

    def _release(self) -> str:
        held, self._held = self._held, ""
        return held
