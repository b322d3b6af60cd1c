"""From a path to rows: every file by its format, one after the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from incidents.diagnostics.decoding import DecodeError, decode_text
from knowledge_base.importing.sources import SourceFile, file_or_archive, files_of, refused
from knowledge_base.importing.verdicts import Sourced, Unchanged
from knowledge_base.linting.presenting import shown_language

FORMATS = "knowledge_base.importing.formats"
# suffix → the reader of its text, many documents to a file
RECORDS: Mapping[str, str] = {
    ".json": "records.read_json", ".jsonl": "records.read_json_lines", ".ndjson": "records.read_json_lines",
    ".csv": "records.read_csv",
}  # fmt: skip
# suffix → the reader of one document
PAGES: Mapping[str, str] = {".md": "markdown.read", ".markdown": "markdown.read", ".txt": "markdown.read"}
BINARY: Mapping[str, str] = {".pdf": "portable_document.read", ".docx": "word.read"}
NOTION_TABLE = re.compile(r"[0-9a-f]{32}(?:_all)?$")


def rows_of(
    path: Path,
    *,
    unchanged: Mapping[str, tuple[str, str]] | None = None,
    identifiers: Mapping[str, str] | None = None,
    on_file: Callable[[str], None] = lambda name: None,
) -> Iterator[Sourced]:
    """The rows of all files of a path. `unchanged` files (path → digest, identifier) are not read again.

    Raises UnreadableSource.
    """
    yield from _read(files_of(path), unchanged or {}, identifiers or {}, on_file)


def rows_of_upload(name: str, data: bytes) -> Iterator[Sourced]:
    """The rows of one file that was sent. Raises UnreadableSource."""
    yield from _read(file_or_archive(name, data), {}, {}, lambda name: None)


def _read(
    files: Iterator[SourceFile | Sourced],
    unchanged: Mapping[str, tuple[str, str]],
    identifiers: Mapping[str, str],
    on_file: Callable[[str], None],
) -> Iterator[Sourced]:
    for file in files:
        if isinstance(file, Sourced):
            on_file(file.source)
            yield file
            continue
        on_file(file.name)
        digest = hashlib.sha256(file.data).hexdigest()
        known = unchanged.get(file.name)
        if known is not None and known[0] == digest:
            yield Sourced(Unchanged(known[1]), source=file.name, digest=digest)
        else:
            yield from _rows(file, digest, identifiers.get(file.name, ""))


def _rows(file: SourceFile, digest: str, pk: str) -> Iterator[Sourced]:
    suffix = PurePosixPath(file.name).suffix.lower()
    if suffix in BINARY:
        yield from _reader(BINARY[suffix])(file, digest=digest, pk=pk)
        return
    if suffix == ".csv" and NOTION_TABLE.search(PurePosixPath(file.name).stem):
        return  # the index of a Notion database, whose pages are files of their own
    try:
        text = decode_text(file.data)
    except DecodeError as exc:
        yield refused(file.name, exc.text.say(shown_language()))
        return
    if suffix in RECORDS:
        yield from _reader(RECORDS[suffix])(file, text)
    elif suffix in PAGES:
        yield from _reader(PAGES[suffix])(file, text, digest=digest, pk=pk)
    else:
        yield refused(file.name, _("This kind of file can't be imported."))


def _reader(dotted: str) -> Callable[..., Any]:
    module, _dot, name = dotted.partition(".")
    found: Callable[..., Any] = getattr(import_module(f"{FORMATS}.{module}"), name)
    return found
