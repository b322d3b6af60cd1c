"""Uploads that hold several files: gzip, ZIP and tar of logs and INFO dumps. Nothing is ever written to disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Protocol

from incidents.diagnostics.decoding import MEBIBYTE, DecodeError, decode_text
from incidents.diagnostics.intake import UploadedText
from incidents.diagnostics.text import Text

REASONS = MappingProxyType(
    {
        "bad_archive": Text(
            ko="압축 파일이 손상되었거나 읽을 수 없습니다.", en="The archive is damaged or can't be read."
        ),
        "unsafe_path": Text(
            ko="압축 파일에 바깥 경로를 가리키는 항목이 있어 받지 않았습니다.",
            en="The archive was refused because an entry points outside of it.",
        ),
        "bomb": Text(
            ko="압축을 풀면 지나치게 커지는 파일이라 받지 않았습니다.",
            en="The archive was refused because it grows far too large when unpacked.",
        ),
        "too_many_files": Text(
            ko="압축 파일에 항목이 너무 많습니다. 한도는 {limit}개입니다.",
            en="The archive holds too many entries. The limit is {limit}.",
        ),
        "too_deep": Text(
            ko="압축 파일 안에 압축 파일이 너무 깊게 들어 있습니다.",
            en="Archives are nested too deeply in the archive.",
        ),
        "no_text": Text(
            ko="압축 파일에 읽을 수 있는 텍스트가 없습니다.", en="The archive holds no text that can be read."
        ),
        "unsupported": Text(
            ko="지원하지 않는 압축 형식입니다. gzip, ZIP, tar로 올려 주십시오.",
            en="This archive format is not supported. Please use gzip, ZIP or tar.",
        ),
    }
)
_GZIP, _BZIP2, _XZ, _ZIP = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04"
_UNSUPPORTED = (b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
_CHUNK = 1 << 16
_JUNK = ("__MACOSX", ".DS_Store", "Thumbs.db")
_BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    ValueError,
    RuntimeError,
)


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may unfold to."""

    files: int = 500
    file_bytes: int = 120 * MEBIBYTE
    total_bytes: int = 250 * MEBIBYTE
    ratio: int = 400  # repetitive logs reach a hundred
    ratio_from: int = 20 * MEBIBYTE  # small bombs do no harm
    depth: int = 2  # a .gz within a .zip


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """An entry that was left out. `kind` is of `decode_text`, or link, special, encrypted."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Unpacked:
    files: tuple[UploadedText, ...]
    skipped: tuple[SkippedFile, ...] = ()


class UnpackError(ValueError):
    """An archive that was refused as a whole. `kind` is a key of REASONS, `text` the sentence for the user."""

    def __init__(self, kind: str, **values: object) -> None:
        super().__init__(kind)
        self.kind = kind
        self.text = REASONS[kind].format(**values)


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin like an archive, whatever the name says."""
    return data.startswith((_GZIP, _BZIP2, _XZ, _ZIP, *_UNSUPPORTED)) or _is_tar(data)


def unpack(name: str, data: bytes, *, limits: Limits = Limits()) -> Unpacked:
    """Return the texts of an archive, named by their paths in it. Raise UnpackError."""
    task = _Task(limits=limits, packed=len(data))
    for path, content in task.walk(name, data):
        task.keep(path, content)
    if not task.files:
        raise UnpackError("no_text")
    return Unpacked(tuple(task.files), tuple(task.skipped))


def walk(
    name: str, data: bytes, *, limits: Limits = Limits(), whole: tuple[str, ...] = ()
) -> Iterator[tuple[str, bytes] | SkippedFile]:
    """Yield the files of an archive one at a time, and what was left out. Raise UnpackError.

    Files whose names end in `whole` are archives by their bytes only (.docx) and are yielded as they are.
    """
    task = _Task(limits=limits, packed=len(data), whole=whole)
    for found in task.walk(name, data):
        yield from task.skipped
        task.skipped.clear()
        yield found
    yield from task.skipped


@dataclass(slots=True)
class _Task:
    limits: Limits
    packed: int
    unpacked: int = 0
    entries: int = 0
    whole: tuple[str, ...] = ()
    files: list[UploadedText] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)

    def walk(self, name: str, data: bytes, *, depth: int = 0) -> Iterator[tuple[str, bytes]]:
        """Yield one file, or the files of an archive."""
        if not is_archive(data) or (self.whole and name.lower().endswith(self.whole)):
            yield name, data
            return
        if depth >= self.limits.depth:
            raise UnpackError("too_deep")
        if data.startswith(_UNSUPPORTED):
            raise UnpackError("unsupported")
        try:
            for path, content in self._contents(name, data):
                yield from self.walk(path, content, depth=depth + 1)
        except UnpackError:
            raise
        except _BROKEN as problem:
            raise UnpackError("bad_archive") from problem

    def _contents(self, name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
        if data.startswith(_ZIP):
            yield from self._zip(data)
        elif _is_tar(data):
            yield from self._tar(io.BytesIO(data))
        else:
            opened = _decompressor(data)
            if _is_tar(opened.peek(512)):
                yield from self._tar(opened)
            else:
                yield _without_suffix(name), self._read(opened)

    def _zip(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.is_dir() or not self._admits(entry.filename):
                    continue
                if entry.flag_bits & 0x1:
                    self.skipped.append(SkippedFile(entry.filename, "encrypted"))
                elif (entry.external_attr >> 16) & 0o170000 == 0o120000:
                    self.skipped.append(SkippedFile(entry.filename, "link"))
                else:
                    with archive.open(entry) as opened:
                        yield entry.filename, self._read(opened)

    def _tar(self, opened: _Readable) -> Iterator[tuple[str, bytes]]:
        with tarfile.open(fileobj=_Counted(opened, self), mode="r|") as archive:
            for entry in archive:
                if entry.isdir() or not self._admits(entry.name):
                    continue
                if not entry.isfile():
                    self.skipped.append(
                        SkippedFile(entry.name, "link" if entry.issym() or entry.islnk() else "special")
                    )
                    continue
                if entry.size > self.limits.file_bytes:
                    raise UnpackError("bomb")
                content = archive.extractfile(entry)
                yield entry.name, content.read() if content else b""

    def _admits(self, path: str) -> bool:
        """Count an entry and check its path. Raise UnpackError for one that leads outside."""
        self.entries += 1
        if self.entries > self.limits.files:
            raise UnpackError("too_many_files", limit=self.limits.files)
        parts = PurePosixPath(path.replace("\\", "/")).parts
        if path.startswith(("/", "\\")) or ".." in parts or path[1:2] == ":":
            raise UnpackError("unsafe_path")
        return not any(part in _JUNK or part.startswith("._") for part in parts)

    def _read(self, opened: _Readable) -> bytes:
        """Read to the end in chunks, counting as it grows: sizes in headers may lie."""
        chunks: list[bytes] = []
        size = 0
        while chunk := opened.read(_CHUNK):
            size += len(chunk)
            self.count(len(chunk))
            if size > self.limits.file_bytes:
                raise UnpackError("bomb")
            chunks.append(chunk)
        return b"".join(chunks)

    def count(self, size: int) -> None:
        """Add to what was unpacked so far. Raise UnpackError when it is too much."""
        self.unpacked += size
        too_dense = self.unpacked > self.limits.ratio_from and self.unpacked > self.packed * self.limits.ratio
        if self.unpacked > self.limits.total_bytes or too_dense:
            raise UnpackError("bomb")

    def keep(self, name: str, data: bytes) -> None:
        try:
            self.files.append(UploadedText(name, decode_text(data, max_bytes=self.limits.file_bytes)))
        except DecodeError as problem:
            self.skipped.append(SkippedFile(name, problem.kind))


class _Counted(io.RawIOBase):
    """A stream that counts what is read, for tarfile reads headers and skips on its own."""

    def __init__(self, opened: _Readable, task: _Task) -> None:
        self._opened, self._task = opened, task

    def read(self, size: int = -1) -> bytes:
        data = self._opened.read(size if size >= 0 else _CHUNK)
        self._task.count(len(data))
        return data

    def readable(self) -> bool:
        return True


def _is_tar(data: bytes) -> bool:
    return data[257:262] == b"ustar"


def _decompressor(data: bytes) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    source = io.BytesIO(data)
    if data.startswith(_GZIP):
        return gzip.GzipFile(fileobj=source)
    return bz2.BZ2File(source) if data.startswith(_BZIP2) else lzma.LZMAFile(source)


def _without_suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and suffix.lower() in ("gz", "bz2", "xz", "gzip") else name
