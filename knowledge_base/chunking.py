"""Cut a document into chunks: runs of whole lines that stay together, each line keeping its exact place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from knowledge_base.passages import Chunk, Item

# Reading order. What belongs to one question (signs and causes; what to check; what to do) lands in one chunk.
GROUPS: tuple[tuple[str, ...], ...] = (
    ("symptoms", "root_causes"),
    ("diagnosis_steps",),
    ("solutions", "prevention"),
    ("notes",),
)
CHUNK_CHARS = 1_800
LINE_CHARS = 1_200  # a longer paragraph is cut at a sentence


def chunks_of(fields: Mapping[str, Any]) -> tuple[Chunk, ...]:
    """The chunks of a document's fields. A document that is only a title still has one, so that it can be found."""
    runs = [run for group in GROUPS for run in _runs(_items(fields, group))]
    if not runs:
        runs = [(Item("title", 0, str(fields.get("title", ""))),)]
    return tuple(Chunk(position, run) for position, run in enumerate(runs))


def _items(fields: Mapping[str, Any], group: Iterable[str]) -> Iterator[Item]:
    for part in group:
        value = fields.get(part) or ()
        lines = _paragraphs(value) if isinstance(value, str) else [_line(entry) for entry in value]
        for index, line in enumerate(lines):
            if line:
                yield Item(part, index, line)


def _line(entry: Any) -> str:
    """A step with its command and what it should show, or a plain line."""
    if isinstance(entry, str):
        return entry.strip()
    parts = (entry.get(key, "") for key in ("text", "command", "expect", "verify", "undo"))
    return "\n".join(str(part).strip() for part in parts if part)


def _paragraphs(text: str) -> list[str]:
    lines = [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]
    return [piece for line in lines for piece in _cut(line)]


def _cut(line: str) -> Iterator[str]:
    while len(line) > LINE_CHARS:
        at = max(line.rfind(mark, 0, LINE_CHARS) for mark in (". ", "\n", "다. "))
        at = at + 1 if at > LINE_CHARS // 3 else LINE_CHARS
        yield line[:at].strip()
        line = line[at:].strip()
    if line:
        yield line


def _runs(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """Split into runs of about the same size, so that no crumb is left over at the end."""
    items = list(items)
    total = sum(len(item.text) for item in items)
    share = total / max(1, round(total / CHUNK_CHARS))
    run: list[Item] = []
    size = done = 0
    for item in items:
        run.append(item)
        size += len(item.text)
        if done + size >= total:
            break
        if size + len(item.text) / 2 >= share:
            yield tuple(run)
            done, run, size = done + size, [], 0
    if run:
        yield tuple(run)
