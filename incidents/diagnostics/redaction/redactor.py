"""Replace what must not leave the machine by placeholders, and put it back.

    redactor = Redactor()                      # one per incident: the same value gets the same placeholder in all texts
    sent = redactor.redact(evidence)           # sent.text, sent.mapping, sent.counts
    restore(answer, redactor.mapping)          # "<IP_1> is full" -> "10.0.0.12 is full"

    RestoringStream(redactor.mapping)          # the same for an answer that arrives in pieces

Know several texts together? `redact_all` learns from each before it masks any, so a password that is named as one in
the configuration is masked in the log as well. Restore structured answers after parsing them (`restore_data`), because
an original may hold quotes. Render Markdown after restoring, since "<IP_1>" looks like a tag.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from incidents.diagnostics.redaction.checks import is_distinctive, is_measure
from incidents.diagnostics.redaction.invocations import Invocations
from incidents.diagnostics.redaction.patterns import PatternTable, shipped_patterns, small_letters
from incidents.diagnostics.redaction.spans import ALL, Kind, Span, settle

K = TypeVar("K", bound=Hashable)

PLACEHOLDER = re.compile(rf"<({'|'.join(kind.upper() for kind in Kind)})_(\d{{1,6}})>")
UNFINISHED = re.compile(r"<(?:[A-Z]{1,8}(?:_\d{0,6})?)?$")  # what may still become a placeholder
MOST_PASSES = 5
ESCAPE = re.compile(r"""\\([nrt"'])""")
UNESCAPED = {"n": " \n", "r": "  ", "t": " \t", '"': ' "', "'": " '"}

WORD_RUN = re.compile(r"[\w.-]+")
WORD = re.compile(r"\w+")
LEAST_LENGTH = {
    Kind.PASSWORD: 4,
    Kind.TOKEN: 6,
    Kind.SECRET: 12,
    Kind.USER: 3,
    Kind.HOST: 4,
    Kind.VALUE: 6,
    Kind.KEY: 6,
}
LEAST_INSIDE_WORDS = 8  # secrets of this length are found even inside other words


@dataclass(frozen=True)
class Redacted:
    """A text that may be sent. `mapping` holds the placeholders that stand in it, `counts` how often each kind does."""

    text: str
    mapping: Mapping[str, str]
    counts: Mapping[Kind, int]


class Redactor:
    """Masks the texts of one incident.

    `known` is the mapping of an earlier redactor for the same incident: its placeholders keep their meaning, and its
    secrets are recognised. Placeholders that already stand in a text are left alone.
    """

    def __init__(
        self,
        classes: Iterable[Kind] = ALL,
        *,
        known: Mapping[str, str] | None = None,
        table: PatternTable | None = None,
    ) -> None:
        self._classes = frozenset(classes)
        self._table = table or shipped_patterns()
        self._invocations = Invocations(self._table.commands, self._table.replies)
        self._original_of: dict[str, str] = dict(known or {})
        self._placeholder_of = {original: placeholder for placeholder, original in self._original_of.items()}
        self._foreign: set[str] = set()  # looked like placeholders before we issued any
        self._last_number: Counter[str] = Counter()
        self._words: dict[str, Kind] = {}  # values to find again wherever they stand
        self._phrases: dict[str, Kind] = {}  # the same, inside words too
        for placeholder, original in self._original_of.items():
            found = PLACEHOLDER.fullmatch(placeholder)
            if found:
                self._remember(original, Kind(found[1].lower()))

    @property
    def mapping(self) -> Mapping[str, str]:
        """All placeholders issued so far, with what they stand for."""
        return dict(self._original_of)

    def redact(self, text: str) -> Redacted:
        """Mask one text. Doing it twice changes nothing."""
        self._keep_apart(text)
        text = self._masked_to_the_end(text)
        found = [match for match in PLACEHOLDER.finditer(text) if match[0] in self._original_of]
        return Redacted(
            text=text,
            mapping={match[0]: self._original_of[match[0]] for match in found},
            counts=Counter(Kind(match[1].lower()) for match in found),
        )

    def _masked_to_the_end(self, text: str) -> str:
        """Mask until nothing changes. After the first pass only what changed is read again, with a line around it."""
        masked = self._mask(text)
        for _ in range(MOST_PASSES - 1):
            if masked == text:
                break
            known = len(self._words) + len(self._phrases)
            text, masked = masked, self._masked_where_changed(text, masked)
            if len(self._words) + len(self._phrases) != known:  # a secret that only now came to light
                masked = self._mask(masked)
        return masked

    def _masked_where_changed(self, before: str, text: str) -> str:
        old, lines = before.split("\n"), text.split("\n")
        if len(old) != len(lines):  # a secret over several lines: places can't be compared
            return self._mask(text)
        near = sorted({n for at, line in enumerate(lines) if line != old[at] for n in (at - 1, at, at + 1)})
        for first, last in _runs([n for n in near if 0 <= n < len(lines)]):
            window = self._mask("\n".join(lines[first : last + 1])).split("\n")
            if len(window) != last + 1 - first:
                return self._mask(text)
            lines[first : last + 1] = window
        return "\n".join(lines)

    def redact_all(self, texts: Mapping[K, str]) -> dict[K, Redacted]:
        """Mask texts that belong together, each with what the others give away."""
        for text in texts.values():
            self._keep_apart(text)
        for text in texts.values():
            self.learn(text)
        return {name: self.redact(text) for name, text in texts.items()}

    def learn(self, text: str) -> None:
        """Note the secrets that a text names as such, without masking it."""
        for span in self._detect(text):
            self._remember(text[span.start : span.end], span.kind)

    def _keep_apart(self, text: str) -> None:
        """Never issue a placeholder that stands in a text by itself: restoring would put a secret in its place."""
        self._foreign.update(match[0] for match in PLACEHOLDER.finditer(text) if match[0] not in self._original_of)

    def _mask(self, text: str) -> str:
        taken = [match.span() for match in PLACEHOLDER.finditer(text)]
        spans = list(self._detect(text))
        for span in spans:
            self._remember(text[span.start : span.end], span.kind)
        spans.extend(self._remembered(text))
        parts: list[str] = []
        end = 0
        for span in settle((span for span in spans if span.kind in self._classes), taken, text):
            parts += [text[end : span.start], self._placeholder(text[span.start : span.end], span.kind)]
            end = span.end
        return "".join([*parts, text[end:]])

    def _detect(self, text: str) -> Iterator[Span]:
        if not ESCAPE.search(text):
            yield from self._detect_in(text)
            return
        # Text in a JSON string: read it with its line ends and quotes too, which here are as long as their escapes.
        for span in self._detect_in(ESCAPE.sub(lambda match: UNESCAPED[match[1]], text)):
            end = span.end - (text[span.end - 1] == "\\")
            if end > span.start:
                yield Span(span.start, end, span.kind)
        for span in self._detect_in(text):
            inside_escape = text[span.start - 1 : span.start] == "\\" and text[span.start] in UNESCAPED
            if not inside_escape:
                yield span

    def _detect_in(self, text: str) -> Iterator[Span]:
        lowered = small_letters(text)
        for pattern in self._table.patterns:
            yield from pattern.find(text, lowered)
        yield from self._invocations.find(text)

    def _placeholder(self, original: str, kind: Kind) -> str:
        known = self._placeholder_of.get(original)
        if known:
            return known
        while True:
            self._last_number[kind] += 1
            placeholder = f"<{kind.upper()}_{self._last_number[kind]}>"
            if placeholder not in self._foreign and placeholder not in self._original_of:
                break
        self._original_of[placeholder] = original
        self._placeholder_of[original] = placeholder
        return placeholder

    # --- Finding again ---------------------------------------------------------------------------------------------

    def _remember(self, value: str, kind: Kind) -> None:
        """Look out for a value from now on, unless it is too ordinary to be told from other words."""
        if kind not in self._classes or len(value) < LEAST_LENGTH.get(kind, 1_000) or PLACEHOLDER.search(value):
            return
        lowered = value.lower()
        ordinary = any(lowered in self._table.words.get(name, ()) for name in ("ordinary", "prose", "users", "hosts"))
        doubtful = kind in (Kind.VALUE, Kind.KEY) and not is_distinctive(value)
        if ordinary or doubtful or lowered in self._invocations:
            return
        secret = kind in (Kind.PASSWORD, Kind.TOKEN, Kind.SECRET)
        if WORD_RUN.fullmatch(value):
            self._words.setdefault(value, kind)
        if not WORD_RUN.fullmatch(value) or (secret and len(value) >= LEAST_INSIDE_WORDS and is_distinctive(value)):
            self._phrases.setdefault(value, kind)

    def _remembered(self, text: str) -> Iterator[Span]:
        for phrase, kind in self._phrases.items():
            start = text.find(phrase)
            while start >= 0:
                yield Span(start, start + len(phrase), kind)
                start = text.find(phrase, start + len(phrase))
        if not self._words:
            return
        for run in WORD_RUN.finditer(text):
            word = run[0].strip(".-")
            if word in self._words:
                start = run.start() + run[0].index(word)
                if not (word.isdigit() and is_measure(text, start, start + len(word))):
                    yield Span(start, start + len(word), self._words[word])
            elif len(word) < len(run[0]) or "." in word or "-" in word:
                for part in WORD.finditer(text, run.start(), run.end()):
                    if part[0] in self._words:
                        yield Span(part.start(), part.end(), self._words[part[0]])


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as first and last of each unbroken run."""
    first = last = -2
    for number in numbers:
        if number != last + 1:
            if last >= 0:
                yield first, last
            first = number
        last = number
    if last >= 0:
        yield first, last


def restore(text: str, mapping: Mapping[str, str]) -> str:
    """Put the originals back. Placeholders that nobody issued stay."""
    return PLACEHOLDER.sub(lambda match: mapping.get(match[0], match[0]), text)


def restore_data(value: Any, mapping: Mapping[str, str]) -> Any:
    """Put the originals back in every string of parsed JSON."""
    if isinstance(value, str):
        return restore(value, mapping)
    if isinstance(value, list):
        return [restore_data(item, mapping) for item in value]
    if isinstance(value, dict):
        return {restore(str(name), mapping): restore_data(item, mapping) for name, item in value.items()}
    return value


class RestoringStream:
    """Puts the originals back into a text that comes in pieces, of which one may end within a placeholder."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what can be shown now."""
        text = self._held + piece
        unfinished = UNFINISHED.search(text, max(0, len(text) - 20))
        cut = unfinished.start() if unfinished else len(text)
        self._held = text[cut:]
        return restore(text[:cut], self._mapping)

    def close(self) -> str:
        """Return what was held back."""
        held, self._held = self._held, ""
        return restore(held, self._mapping)
