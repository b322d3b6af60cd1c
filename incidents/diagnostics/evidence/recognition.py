"""Paste-anything: tell what a text is, and split a mixed one into pieces of known kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from incidents.diagnostics.evidence.documents import is_bundle, is_intake, read_document
from incidents.diagnostics.evidence.kinds import EvidenceKind, Piece
from incidents.diagnostics.evidence.lines import (
    clean_text,
    is_log_line,
    is_sentence,
    is_wrapped_log_line,
    kind_of_record,
)
from incidents.diagnostics.evidence.log_sources import split_by_source
from incidents.diagnostics.evidence.reading import read_info, read_piece
from incidents.diagnostics.evidence.splitting import Block, split
from incidents.diagnostics.parsers.replies import read_literal

_K = EvidenceKind
BIG = 1_000_000  # characters from which on a log is told by samples instead of line by line
SAMPLES, SAMPLE_LINES = 48, 12
_QUOTED = re.compile(r"^\s{0,8}>\s?", re.MULTILINE)
_KEY_VALUE = re.compile(r"^\s{0,60}(?:- )?[A-Z][\w ./-]{1,60}:(?:\s|$)|^\s{1,60}\S{1,60}:?(?:\s{2,60}\S.{0,200})?$")


def recognise(text: str, *, name: str = "") -> tuple[Piece, ...]:
    """Split a text into pieces. Never raises; what nobody knows becomes prose or `unknown`."""
    text = clean_text(text)
    if not text.strip():
        return ()
    if len(text) > BIG and is_log(text):
        return (read_piece(_K.SERVER_LOG, text, name=name),)
    literal = read_literal(text) if len(text) < 50 * BIG else None
    if literal is not None and not _is_record(literal, text):
        found = read_literal_document(literal, name=name)
        if found:
            return found
    lines = _unquoted(text).split("\n")
    return tuple(_joined(piece for block in split(lines) for piece in _pieces(block, lines, name=name)))


def read_literal_document(
    value: object, *, name: str = "", node: str = "", at: datetime | None = None
) -> tuple[Piece, ...]:
    """Make pieces of a whole JSON document, incidents and bundles of captures included."""
    from incidents.diagnostics.evidence.intake_reading import read_intake_object  # it reads with this module

    if is_intake(value) or is_bundle(value):
        assert isinstance(value, Mapping)  # noqa: S101  (what the two tests above mean)
        return read_intake_object(value)
    return tuple(read_document(value, name=name, node=node, at=at))


def _is_record(literal: object, text: str) -> bool:
    """Whether a document on one line is a log's record."""
    if "\n" in text.strip() or not isinstance(literal, dict):
        return False
    return is_wrapped_log_line(text) or kind_of_record(literal) is not None


def is_log(text: str) -> bool:
    """Whether samples from all over a big text are a server's log lines, so that it needs no splitting."""
    step = max(len(text) // SAMPLES, 1)
    hits = total = 0
    for offset in range(0, len(text), step):
        start = text.find("\n", offset) + 1 if offset else 0
        if offset and not start:
            break
        for line in _some_lines(text, start):
            total += 1
            hits += is_log_line(line)
    return total > 0 and hits >= 0.9 * total


def _some_lines(text: str, start: int) -> Iterator[str]:
    for _ in range(SAMPLE_LINES):
        end = text.find("\n", start)
        line = text[start : end if end >= 0 else len(text)]
        if line.strip():
            yield line[:2000]
        if end < 0:
            return
        start = end + 1


def _unquoted(text: str) -> str:
    """Undo the ">" of a quoted mail when most lines carry it; prompts have something before it."""
    head = [line for line in text[:20_000].split("\n") if line.strip()]
    quoted = sum(1 for line in head if line.lstrip().startswith(">"))
    return _QUOTED.sub("", text) if quoted * 10 > len(head) * 6 else text


def _pieces(block: Block, lines: Sequence[str], *, name: str) -> list[Piece]:
    if block.kind is None:
        found = read_literal_document(block.value, name=block.name or name, node=block.node, at=block.at)
        return list(found) or _as_text(block, lines, name=name)
    start, end = _trimmed(block, lines)
    if start >= end:
        return []
    text = "\n".join(lines[start:end])
    if block.kind is _K.PROSE and not _reads_as_prose(lines[start:end]):
        block.kind = _K.UNKNOWN
    title = _title(block, name)
    if block.kind in (_K.INFO, _K.METRICS):
        return _info_pieces(block.kind, text, title, block, start + 1)
    node = "" if block.kind is _K.PROSE else block.node
    piece = read_piece(block.kind, text, name=title, node=node, at=block.at, first_line=start + 1)
    return split_by_source(piece) if block.kind is _K.SERVER_LOG else [piece]


def _reads_as_prose(lines: Sequence[str]) -> bool:
    """Whether people wrote this; a long list without sentences is the output of something we do not know."""
    written = [line for line in lines[:200] if line.strip()]
    return len(written) < 6 or sum(map(is_sentence, written)) * 3 >= len(written)


def _info_pieces(kind: EvidenceKind, text: str, title: str, block: Block, first_line: int) -> list[Piece]:
    if kind is _K.METRICS:
        return [read_piece(kind, text, name=title, node=block.node, at=block.at, first_line=first_line)]
    return read_info(text, name=title, node=block.node, at=block.at, first_line=first_line)


def _title(block: Block, name: str) -> str:
    """Return what evidence calls its source: the file, else the command, else the kind."""
    if name:
        return name
    if block.name and block.kind is not _K.PROSE:
        return block.name[:80]
    return block.kind.source_name if block.kind else ""


def _as_text(block: Block, lines: Sequence[str], *, name: str) -> list[Piece]:
    """Read a JSON list of strings as the lines they are."""
    if isinstance(block.value, list) and block.value and all(isinstance(item, str) for item in block.value):
        return list(recognise("\n".join(block.value), name=name))
    text = "\n".join(lines[block.start : block.end])
    return [Piece(_K.UNKNOWN, text, name or _K.UNKNOWN.source_name, block.node, block.at, block.start + 1)]


def _trimmed(block: Block, lines: Sequence[str]) -> tuple[int, int]:
    start, end = block.start, block.end
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return start, end


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Join what stands in line and is read line by line anyway: prose, errors, one log in several blocks."""
    kept: list[Piece] = []
    for piece in pieces:
        last = kept[-1] if kept else None
        if last is not None and _is_described(last, piece):
            kept[-1] = replace(last, kind=_K.CONTAINER_EVENTS, name=_K.CONTAINER_EVENTS.source_name)
            piece = replace(piece, kind=_K.CONTAINER_EVENTS)
            last = kept[-1]
        if last is not None and piece.kind in _BY_LINE and last.kind is piece.kind and last.node == piece.node:
            kept[-1] = read_piece(
                last.kind,
                f"{last.text}\n{piece.text}",
                name=last.name,
                node=last.node,
                at=last.at,
                first_line=last.first_line,
            )
        else:
            kept.append(piece)
    yield from kept


def _is_described(one: Piece, other: Piece) -> bool:
    """Whether "Key: value" lines beside container events are of the same description."""
    kinds = {one.kind, other.kind}
    if kinds not in ({_K.CONTAINER_EVENTS, _K.PROSE}, {_K.CONTAINER_EVENTS, _K.UNKNOWN}):
        return False
    plain = one if one.kind is not _K.CONTAINER_EVENTS else other
    return all(_KEY_VALUE.match(line) for line in plain.text.split("\n") if line.strip())


_BY_LINE = frozenset((_K.PROSE, _K.CLIENT_ERRORS, _K.SERVER_LOG, _K.UNKNOWN, _K.KERNEL_LOG, _K.CONTAINER_EVENTS))
