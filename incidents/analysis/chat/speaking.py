"""Show the explanation while the model writes it: words as they come, and a statement that fails the check struck out.

A text event holds {"delta", "part"}; one with "struck" takes the words of its part back and says why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from incidents.analysis.chat.answer import Statement
from incidents.analysis.chat.hostile import harmless
from incidents.analysis.chat.json_reader import JsonReader, Path
from incidents.analysis.chat.verification import Verifier
from incidents.analysis.events import EventKind, RunEvent
from incidents.diagnostics.redaction import RestoringStream

PATIENCE = 0.08  # seconds that words are gathered for one event; each event is a row
LONGEST_WAIT = 160  # characters that are not gathered any longer


class Speaker:
    """Turns the pieces of one answer into text events. `first_part` numbers the statements through several answers."""

    def __init__(self, verifier: Verifier, *, first_part: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._verifier = verifier
        self._clock = clock
        self._reader = JsonReader()
        self._first = first_part
        self._current: _Part | None = None
        self.parts = 0  # statements begun

    @property
    def next_part(self) -> int:
        return self._first + self.parts

    def take(self, piece: str) -> Iterator[RunEvent]:
        """Take a piece of the answer as it came."""
        for part in self._reader.feed(piece):
            yield from self._turn_to(part.path)
            if self._current is not None:
                self._current.take(part.path, part.text, is_closed=part.is_closed)
        if self._current is not None:
            yield from self._current.speak(self._clock())

    def finish(self) -> Iterator[RunEvent]:
        """End the last statement."""
        yield from self._turn_to(())

    def _turn_to(self, path: Path) -> Iterator[RunEvent]:
        number = path[1] if path[:1] == ("explanation",) and len(path) > 2 and isinstance(path[1], int) else None
        if self._current is not None and number != self._current.number:
            yield from self._current.end()
            self._current = None
        if self._current is None and number is not None:
            self._current = _Part(number, self._first + number, self._verifier)
            self.parts = number + 1


class _Part:
    """One statement while it is written."""

    def __init__(self, number: int, shown_as: int, verifier: Verifier) -> None:
        self.number = number
        self._shown_as = shown_as
        self._verifier = verifier
        self._restoring: RestoringStream = verifier.brief.masking.restoring()
        self._text = ""
        self._lists: dict[str, list[str]] = {"cites": [], "quotes": []}
        self._open = ""
        self._waiting = "\n\n" if shown_as else ""
        self._spoken_at = float("-inf")
        self._is_struck = False

    def take(self, path: Path, text: str, *, is_closed: bool) -> None:
        name = path[2]
        if name == "text":
            self._text += text
            self._waiting += self._restoring.feed(text)
        elif name in self._lists:
            self._open += text
            if is_closed:
                self._lists[str(name)].append(self._open)
                self._open = ""

    def speak(self, now: float) -> Iterator[RunEvent]:
        """Say the whole words that have come, unless they came just now or may not be said."""
        if self._is_struck or (now - self._spoken_at < PATIENCE and len(self._waiting) < LONGEST_WAIT):
            return
        cut = max(self._waiting.rfind(" "), self._waiting.rfind("\n")) + 1
        if self._waiting[:cut].strip():
            yield from self._say(cut)
            self._spoken_at = now

    def end(self) -> Iterator[RunEvent]:
        """Say the rest, and strike the statement if it does not stand."""
        self._waiting += self._restoring.close()
        if not self._is_struck and self._waiting.strip():
            yield from self._say(len(self._waiting))
        if not self._is_struck:
            checked = self._verifier.statement(
                Statement(self._text, tuple(self._lists["cites"]), tuple(self._lists["quotes"]))
            )
            if checked.struck:
                yield self._strike(checked.struck)

    def _say(self, cut: int) -> Iterator[RunEvent]:
        # Before a word is shown: nobody pastes what stood on a page for two seconds and was struck out then.
        problem = self._verifier.problem_of_words(self._text)
        if problem:
            yield self._strike(problem)
            return
        words, self._waiting = self._waiting[:cut], self._waiting[cut:]
        yield RunEvent(EventKind.TEXT, {"delta": harmless(words), "part": self._shown_as})

    def _strike(self, reason: str) -> RunEvent:
        self._is_struck = True
        return RunEvent(EventKind.TEXT, {"delta": "", "part": self._shown_as, "struck": reason})
