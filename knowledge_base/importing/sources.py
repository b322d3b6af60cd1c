"""Where documents come from: a file, a folder or checkout, an archive. One file at a time is in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from incidents.diagnostics.archive import Limits, SkippedFile, UnpackError, is_archive, walk
from incidents.diagnostics.decoding import MEBIBYTE
from knowledge_base.importing.guessing import is_skipped
from knowledge_base.importing.verdicts import Sourced, Unreadable
from knowledge_base.linting.presenting import shown_language

SUFFIXES = (".md", ".markdown", ".json", ".jsonl", ".ndjson", ".csv", ".pdf", ".docx", ".txt")
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz")
WHOLE = (".docx",)  # ZIP files that are one document
LIMITS = Limits(files=20_000, file_bytes=64 * MEBIBYTE, total_bytes=1024 * MEBIBYTE, ratio=200)
LARGEST_FILE = 64 * MEBIBYTE


class UnreadableSource(Exception):
    """The whole of what was given can't be imported. The message says why, in the user's language."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    name: str  # its path in the folder or archive
    data: bytes


def files_of(path: Path) -> Iterator[SourceFile | Sourced]:
    """The files below a path, or in an archive; in their place a refusal where one can't be taken.

    Raises UnreadableSource when it is nothing, or an archive that must not be opened.
    """
    if path.is_dir():
        yield from _folder(path)
    elif path.is_file():
        yield from file_or_archive(path.name, path.read_bytes())
    else:
        raise UnreadableSource(_("There is no file or folder %(path)s.") % {"path": path})


def count_files(path: Path) -> int | None:
    """How many files there are, for a progress bar; None where only reading would tell."""
    return sum(1 for _path in _paths(path)) if path.is_dir() else None


def _folder(root: Path) -> Iterator[SourceFile | Sourced]:
    for path in _paths(root):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            yield refused(name, _("A symbolic link was left out."))
        elif path.stat().st_size > LARGEST_FILE:
            yield refused(name, _too_large())
        else:
            yield SourceFile(name, path.read_bytes())


def _paths(root: Path) -> Iterator[Path]:
    """Documents below a folder in a stable order; hidden folders and links to folders are not entered."""
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not is_skipped(name))
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES) and not is_skipped(name):
                yield Path(folder) / name


def file_or_archive(name: str, data: bytes) -> Iterator[SourceFile | Sourced]:
    """The files that a file consists of. Raises UnreadableSource."""
    if name.lower().endswith(WHOLE) or not (is_archive(data) or name.lower().endswith(ARCHIVES)):
        yield SourceFile(name, data)
        return
    if not is_archive(data):
        raise UnreadableSource(_("%(name)s is no archive, or it is damaged.") % {"name": name})
    yield from _archive(name, data)


def _archive(name: str, data: bytes) -> Iterator[SourceFile | Sourced]:
    """The documents in an archive; what leads outside or grows without end refuses it as a whole."""
    prefix = None
    try:
        for found in walk(name, data, limits=LIMITS, whole=WHOLE):
            if isinstance(found, SkippedFile):
                yield refused(found.name, _left_out(found.kind))
                continue
            path, content = found
            if any(is_skipped(part) for part in path.split("/")) or not path.lower().endswith(SUFFIXES):
                continue
            yield refused(path, _too_large()) if len(content) > LARGEST_FILE else SourceFile(path, content)
            prefix = path
    except UnpackError as exc:
        raise UnreadableSource(exc.text.say(shown_language())) from None
    if prefix is None:
        raise UnreadableSource(_("There is no document in %(name)s.") % {"name": name})


def refused(name: str, reason: str) -> Sourced:
    return Sourced(Unreadable(reason), source=name)


def _left_out(kind: str) -> str:
    return {
        "encrypted": _("The entry is encrypted. Please pack it without a password."),
        "link": _("A link was left out."),
        "special": _("A device or pipe was left out."),
    }.get(kind, _("The entry can't be read."))


def _too_large() -> str:
    return _("The file is larger than %(limit)d MB.") % {"limit": LARGEST_FILE // MEBIBYTE}
