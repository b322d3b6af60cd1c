"""What changed between two texts of a document: field by field, entry by entry, word by word. Pure.

Hangul is compared word by word as well; where two words share their stem, only the ending that differs is marked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

WORDS = re.compile(r"\s+|[가-힣]+|[^\W가-힣]+|[^\w\s]")
ALIKE = 0.35  # entries less alike than this are one removed and one added
ENTRY_WORDS = 200  # that differ between two versions of an entry; beyond, it is marked as a whole
MOST_ENTRIES = 5_000  # lines of notes, at the most
LOOK_AHEAD = 8  # entries that a changed one is compared with
CONTEXT = 1  # unchanged entries shown around a change


class Kind(StrEnum):
    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    GAP = "gap"  # unchanged entries left out


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a field before and after."""

    kind: Kind
    before: tuple[Span, ...] = ()
    after: tuple[Span, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class FieldDiff:
    name: str
    rows: tuple[Row, ...]


def diff_contents(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldDiff, ...]:
    """The fields that differ, in the order of the document."""
    names = [name for name in after if before.get(name) != after[name]]
    return tuple(FieldDiff(name, diff_entries(entries(before.get(name)), entries(after[name]))) for name in names)


def entries(value: Any) -> list[str]:
    """A field as the lines a person reads."""
    if not value:
        return []
    if isinstance(value, str):
        return [part for part in value.splitlines() if part.strip()]
    if isinstance(value, Mapping):
        return [f"{key}: {_plain(part)}" for key, part in value.items()]
    return [_entry(one) for one in value]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _entry(one: Any) -> str:
    if not isinstance(one, Mapping):
        return str(one)
    risk = f"[{one['risk']}] " if one.get("risk") else ""
    lines = [f"{risk}{one.get('text', '')}"]
    if one.get("command"):
        lines.append(f"$ {one['command']}")
    lines += [f"{name}: {one[name]}" for name in ("expect", "verify", "undo") if one.get(name)]
    return "\n".join(line for line in lines if line.strip())


def diff_entries(before: Sequence[str], after: Sequence[str]) -> tuple[Row, ...]:
    before, after = before[:MOST_ENTRIES], after[:MOST_ENTRIES]
    rows: list[Row] = []
    for tag, i, j, k, m in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            rows += [Row(Kind.SAME, (Span(one),), (Span(one),)) for one in before[i:j]]
        else:
            rows += _replaced(before[i:j], after[k:m])
    return tuple(_shortened(rows))


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    """Pair each new entry with the next old one that reads alike; what is left over came or went."""
    waiting = list(old)
    for entry in new:
        place = next((n for n, one in enumerate(waiting[:LOOK_AHEAD]) if _alike(one, entry)), None)
        if place is None:
            yield Row(Kind.ADDED, after=(Span(entry, marked=True),))
            continue
        yield from (Row(Kind.REMOVED, before=(Span(one, marked=True),)) for one in waiting[:place])
        yield Row(Kind.CHANGED, *diff_words(waiting[place], entry))
        waiting = waiting[place + 1 :]
    yield from (Row(Kind.REMOVED, before=(Span(one, marked=True),)) for one in waiting)


def _alike(one: str, other: str) -> bool:
    """Whether two entries share enough words to be one entry that was changed."""
    old, new = Counter(WORDS.findall(one)), Counter(WORDS.findall(other))
    return 2 * (old & new).total() >= ALIKE * (old.total() + new.total())


def diff_words(before: str, after: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Two versions of one entry, with the words marked that differ."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    first = _shared(old, new)
    last = _shared(old[first:][::-1], new[first:][::-1])
    head, tail = Span("".join(old[:first])), Span("".join(old[len(old) - last :]))
    left, right = _differing(old[first : len(old) - last], new[first : len(new) - last])
    return _joined([head, *left, tail]), _joined([head, *right, tail])


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """How many words both begin with."""
    return next((n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other),
                min(len(old), len(new)))  # fmt: skip


def _differing(old: Sequence[str], new: Sequence[str]) -> tuple[list[Span], list[Span]]:
    if max(len(old), len(new)) > ENTRY_WORDS:
        return [Span("".join(old), marked=True)], [Span("".join(new), marked=True)]
    left: list[Span] = []
    right: list[Span] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, came = "".join(old[i:j]), "".join(new[k:m])
        same = gone if tag == "equal" else _stem(old[i:j], new[k:m])
        left += [Span(same), Span(gone[len(same) :], marked=True)]
        right += [Span(same), Span(came[len(same) :], marked=True)]
    return left, right


def _stem(old: Sequence[str], new: Sequence[str]) -> str:
    """What two Hangul words share at their beginning, as a noun before its particle."""
    if not (old and new and "가" <= old[0][0] <= "힣" and "가" <= new[0][0] <= "힣"):
        return ""
    length = 0
    for one, other in zip(old[0], new[0], strict=False):
        if one != other:
            break
        length += 1
    return old[0][:length]


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if joined and joined[-1].marked == span.marked:
            joined[-1] = Span(joined[-1].text + span.text, span.marked)
        else:
            joined.append(span)
    return tuple(joined)


def _shortened(rows: Sequence[Row]) -> Iterator[Row]:
    """Leave out unchanged entries that stand far from any change."""
    changed = [n for n, row in enumerate(rows) if row.kind is not Kind.SAME]
    near = {n for at in changed for n in range(at - CONTEXT, at + CONTEXT + 1)}
    skipped = 0
    for n, row in enumerate(rows):
        if n not in near:
            skipped += 1
            continue
        if skipped:
            yield Row(Kind.GAP, left_out=skipped)
            skipped = 0
        yield row
    if skipped:
        yield Row(Kind.GAP, left_out=skipped)
