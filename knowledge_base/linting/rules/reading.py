"""Whether a tired reader can take it in: long sentences, walls of text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.diagnostics.text import Text
from knowledge_base.linting.data import Reading, thresholds
from knowledge_base.linting.draft import Draft
from knowledge_base.linting.notes import LintNote, Place, note
from knowledge_base.linting.surroundings import Surroundings

CODE = re.compile(r"```.*?(?:```|\Z)|`[^`]*`", re.DOTALL)
TABLE_OR_LIST = re.compile(r"^\s*(?:[-*+|>#]|\d+[.)]\s)", re.MULTILINE)
END = re.compile(r"(?<=[.!?。…:;])\s+|(?<=다\.)|\n")
UNITS = {"ko": Text("자", " characters"), "en": Text("단어", " words")}


def _limits(draft: Draft) -> Reading:
    return thresholds().reading[draft.language if draft.language in UNITS else "en"]


def check_sentences(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    limit = _limits(draft).sentence
    for place, line in draft.lines():
        for sentence in END.split(CODE.sub("…", line)):
            length = len(sentence.strip()) if draft.language == "ko" else len(sentence.split())
            if length > limit:
                start = " ".join(sentence.split())[:40]
                yield note("long-sentence", place, length=length, unit_text=UNITS[draft.language], start=start)


def check_walls(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    limits = _limits(draft)
    for place, text in draft.lines():
        limit = limits.paragraph if place.field == "notes" else limits.line
        prose = CODE.sub("…", text)
        if len(prose) > limit and not TABLE_OR_LIST.search(prose):
            yield note("wall-of-text", Place(place.field, place.index, place.part), length=len(prose))
