"""How a reader knows the source that a line of evidence names. Names of files and of commands stay as they are."""

from __future__ import annotations

from functools import cache

from incidents.diagnostics.evidence.kinds import LABELS
from incidents.diagnostics.text import Text

_OTHERS = {
    "description": Text(ko="설명", en="description"),
    "metrics": Text(ko="메트릭", en="metrics"),
    "INFO (earlier)": Text(ko="INFO(이전)", en="INFO (earlier)"),
    "report": Text(ko="보고 내용", en="report"),
}


@cache
def _known() -> dict[str, Text]:
    return {label.en: label for label in LABELS.values()} | _OTHERS


def source_in_words(source: str, language: str) -> str:
    known = _known().get(source)
    return known.say(language) if known else source
