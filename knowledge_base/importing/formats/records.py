"""JSON, JSON lines and CSV: many documents in one file, read one after the other. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from knowledge_base.document_format import STEP_FIELDS
from knowledge_base.importing.guessing import field_named
from knowledge_base.importing.shaping import shape
from knowledge_base.importing.sources import SourceFile, refused
from knowledge_base.importing.verdicts import Sourced

CONTAINERS = ("documents", "results", "rows", "items", "pages")
WHITE = " \t\r\n"
_DECODER = json.JSONDecoder()


def read_json(file: SourceFile, text: str) -> Iterator[Sourced]:
    """A list of documents, an object that holds such a list, or one document."""
    start = len(text) - len(text.lstrip(WHITE + "\ufeff"))
    try:
        if text[start : start + 1] == "[":
            yield from _numbered(file, _elements(text, start + 1))
        else:
            yield from _numbered(file, iter(_documents_in(json.loads(text[start:]))))
    except (json.JSONDecodeError, RecursionError) as exc:
        place = getattr(exc, "lineno", "?")
        yield refused(file.name, _("This is no valid JSON (line %(line)s).") % {"line": place})


def _documents_in(loaded: Any) -> list[Any]:
    if isinstance(loaded, dict):
        held = next((loaded[name] for name in CONTAINERS if isinstance(loaded.get(name), list)), None)
        return held if held is not None else [loaded]
    return [loaded]


def _elements(text: str, at: int) -> Iterator[Any]:
    """The elements of a list one by one, so that never all of them are in memory as objects."""
    while True:
        at = _after(text, at, WHITE + ",")
        if text[at : at + 1] == "]" or at >= len(text):
            return
        element, at = _DECODER.raw_decode(text, at)
        yield element


def _after(text: str, at: int, passed: str) -> int:
    while at < len(text) and text[at] in passed:
        at += 1
    return at


def read_json_lines(file: SourceFile, text: str) -> Iterator[Sourced]:
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        place = f"{file.name}:{number}"
        try:
            yield _record(json.loads(line), place)
        except (json.JSONDecodeError, RecursionError):
            yield refused(place, _("This is no valid JSON (line %(line)s).") % {"line": number})


def _numbered(file: SourceFile, records: Iterator[Any]) -> Iterator[Sourced]:
    for number, record in enumerate(records, start=1):
        yield _record(record, f"{file.name}:{number}")


def _record(record: Any, place: str) -> Sourced:
    if not isinstance(record, dict):
        return refused(place, _("This is no object."))
    # A row has no file name to make an identifier from; its title does.
    shaped = shape(record, name=place)
    stated = any(field_named(name) == "id" for name in record)
    if not stated and isinstance(shaped.row, dict):
        shaped.row.pop("id", None)
    return shaped


def read_csv(file: SourceFile, text: str) -> Iterator[Sourced]:
    """A table whose header names fields. A cell holds several entries on lines of their own, or JSON."""
    csv.field_size_limit(1_000_000)
    sample = text[:8_192]
    try:
        dialect: Any = csv.Sniffer().sniff(sample.split("\n", 1)[0], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff")), dialect, doublequote=True, strict=False)
    try:
        header = next(reader, [])
        if not any(field_named(name) == "title" for name in header):
            yield refused(file.name, _("The first line must name the columns, and one of them must be the title."))
            return
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _record(_row(header, cells), f"{file.name}:{reader.line_num}")
    except csv.Error as exc:
        yield refused(f"{file.name}:{reader.line_num}", _("The table can't be read: %(why)s.") % {"why": exc})


def _row(header: list[str], cells: list[str]) -> dict[str, Any]:
    return {name: _cell(name, cell) for name, cell in zip(header, cells, strict=False) if name.strip()}


def _cell(name: str, cell: str) -> Any:
    text = cell.strip()
    field = field_named(name)
    if text[:1] in "[{" and (field in STEP_FIELDS or field == "applies_to" or text[:1] == "["):
        try:
            return json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            return text
    return text
