"""What may leave the machine: texts masked line by line, so that a line keeps its number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from incidents.analysis.chat.hostile import LONGEST_LINE, harmless
from incidents.diagnostics.redaction import ALL, Kind, Redacted, Redactor, RestoringStream, restore

LEARN_FROM = 60_000  # characters of one text that are read for secrets; masking runs at some 200 kB a second
LEARN_FROM_ALL = 200_000


class Masking:
    """The masking of one incident: the same value gets the same placeholder in everything that is sent."""

    def __init__(self, classes: Collection[Kind] = ALL, *, known: Mapping[str, str] | None = None) -> None:
        self._redactor = Redactor(classes, known=known)
        self.counts: Counter[Kind] = Counter()

    @property
    def mapping(self) -> Mapping[str, str]:
        return self._redactor.mapping

    def learn(self, texts: Iterable[str]) -> None:
        """Read what the texts name as secret before any is masked: a password in a configuration is one in a log."""
        left = LEARN_FROM_ALL
        for text in sorted(texts, key=len):
            if left <= 0:
                return
            self._redactor.learn(text[: min(LEARN_FROM, left)])
            left -= min(len(text), LEARN_FROM)

    def text(self, text: str) -> str:
        return self._sent(self._redactor.redact(harmless(text)))

    def lines(self, lines: Sequence[str], *, longest: int = LONGEST_LINE) -> list[str]:
        """Mask lines that stand below each other. A secret over several lines leaves its placeholder in the first."""
        # Cut only after masking: half a secret is not recognised as one.
        masked = self._sent(self._redactor.redact("\n".join(harmless(line) for line in lines)))
        result: list[str] = []
        for line in masked.split("\n"):
            result.append(line[:longest])
            result += [""] * restore(line, self._redactor.mapping).count("\n")
        return result[: len(lines)] + [""] * (len(lines) - len(result))

    def restore(self, text: str) -> str:
        return restore(text, self._redactor.mapping)

    def restoring(self) -> RestoringStream:
        return RestoringStream(self._redactor.mapping)

    def _sent(self, redacted: Redacted) -> str:
        self.counts += Counter(redacted.counts)
        return redacted.text
