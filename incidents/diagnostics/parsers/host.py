"""What the machine says: df, df -i, ls -l, free, sysctl, ulimit, vmstat, iostat, top."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from incidents.diagnostics.fields import InfoFields, read_number
from incidents.diagnostics.parsers.replies import plain, read_literal, real

_DF_HEAD = re.compile(r"^\s{0,8}Filesystem\s")
_DF = re.compile(
    r"^\s{0,8}(\S{1,200})\s{1,60}(?:(\w{2,12})\s{1,40})?"
    r"(\d[\d.]{0,15}[KMGTP]?i?|-)\s{1,40}(\d[\d.]{0,15}[KMGTP]?i?|-)\s{1,40}"
    r"(-?\d[\d.]{0,15}[KMGTP]?i?|-)\s{1,40}(\d{1,3}%|-)\s{1,40}(/\S{0,400})"
)
_LS = re.compile(
    r"^\s{0,8}([dlcbps-][rwxsStT-]{9})[.+@]?\s{1,12}(\d{1,9})\s{1,12}(\S{1,64})\s{1,12}(\S{1,64})\s{1,16}"
    r"(\d[\d.]{0,18}[KMGT]?)\s{1,8}"
    r"(\S{1,12}\s{1,4}\S{1,12}\s{1,4}\S{1,18}|\d{4}-\d\d-\d\d \S{1,18}(?: [+-]\d{4})?)\s(.{1,1000})$"
)
_FREE_HEAD = re.compile(r"^\s{0,40}total\s{1,20}used\s{1,20}free")
_FREE = re.compile(r"^\s{0,8}(Mem|Swap):\s{1,20}(.{1,300})$")
_SYSCTL = re.compile(r"^\s{0,8}((?:vm|net|kernel|fs)\.[\w.-]{2,80})\s{0,8}[=:]\s{0,8}(.{0,300})$")
_THP = re.compile(
    r"((?:always|madvise|never|\[(?:always|madvise|never)\])"
    r"(?: (?:always|madvise|never|\[(?:always|madvise|never)\])){2})"
)
_LIMIT = re.compile(r"^\s{0,8}([a-z][a-z /-]{2,40}?)\s{1,40}\(([^)]{1,40})\)\s{1,40}(\d{1,20}|unlimited)\s{0,8}$")
_PROC_LIMIT = re.compile(r"^\s{0,8}(Max [a-z ]{3,30}?)\s{2,40}(\d{1,20}|unlimited)\s{1,40}(\d{1,20}|unlimited)")
_VMSTAT_HEAD = re.compile(r"^\s{0,8}r\s{1,8}b\s{1,8}swpd\s")
_IOSTAT_HEAD = re.compile(r"^\s{0,8}Device:?\s{1,20}\S")


@dataclass(frozen=True, slots=True)
class Filesystem:
    """One line of df. Sizes are bytes, or numbers of inodes with `is_inodes`."""

    device: str
    size: float | None
    used: float | None
    available: float | None
    used_percent: float | None
    mount: str
    is_inodes: bool = False
    text: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One line of ls -l."""

    mode: str
    owner: str
    group: str
    size: float
    name: str
    text: str = ""
    line: int | None = None

    @property
    def is_directory(self) -> bool:
        return self.mode.startswith("d")

    @property
    def is_writable_by_owner(self) -> bool:
        return self.mode[2:3] == "w"


@dataclass(frozen=True, slots=True)
class Host:
    """`settings` holds sysctl names and transparent_hugepage, `limits` what ulimit or /proc/PID/limits say.

    `memory` has bytes as "mem_total", "mem_used", "mem_free", "mem_available", "swap_total", "swap_used".
    `vmstat` and `disks` are rows by column name.
    """

    filesystems: tuple[Filesystem, ...] = ()
    files: tuple[FileEntry, ...] = ()
    settings: InfoFields = field(default_factory=InfoFields)
    limits: InfoFields = field(default_factory=InfoFields)
    memory: InfoFields = field(default_factory=InfoFields)
    vmstat: tuple[Mapping[str, float], ...] = ()
    disks: tuple[Mapping[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        parts = (self.filesystems, self.files, self.settings, self.limits, self.memory, self.vmstat, self.disks)
        return not any(parts)


@dataclass(slots=True)
class _Reader:
    """Reads line by line; a heading decides how the rows after it are read."""

    filesystems: list[Filesystem] = field(default_factory=list)
    files: list[FileEntry] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    limits: dict[str, str] = field(default_factory=dict)
    memory: dict[str, str] = field(default_factory=dict)
    vmstat: list[dict[str, float]] = field(default_factory=list)
    disks: list[dict[str, str]] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    heading: str = ""
    columns: list[str] = field(default_factory=list)
    unit: int = 1 << 10

    def read(self, line: str, number: int) -> None:
        if self._read_heading(line):
            return
        readers: tuple[Callable[[str, int], bool], ...] = (
            self._df, self._ls, self._free, self._sysctl, self._limit, self._table
        )  # fmt: skip
        any(reader(line, number) for reader in readers)

    def _read_heading(self, line: str) -> bool:
        for name, pattern in (
            ("df", _DF_HEAD),
            ("free", _FREE_HEAD),
            ("vmstat", _VMSTAT_HEAD),
            ("iostat", _IOSTAT_HEAD),
        ):
            if pattern.match(line):
                self.heading, self.columns = name, line.split()
                return True
        return False

    def _df(self, line: str, number: int) -> bool:
        matched = _DF.match(line)
        if matched is None:
            return False
        device, _, size, used, available, percent, mount = matched.groups()
        inodes = "Inodes" in self.columns or "IUse%" in self.columns
        unit = 1.0 if inodes else self._df_unit(size)
        self.filesystems.append(
            Filesystem(
                device=device,
                size=_times(size, unit),
                used=_times(used, unit),
                available=_times(available, unit),
                used_percent=read_number(percent),
                mount=mount,
                is_inodes=inodes,
                text=line.strip(),
                line=number,
            )
        )
        return True

    def _df_unit(self, size: str) -> float:
        """Plain numbers are blocks of 1 KiB unless the heading says otherwise."""
        if not size.isdigit():
            return 1.0
        heading = " ".join(self.columns)
        return (
            512.0
            if "512-blocks" in heading
            else 1048576.0
            if "1M-blocks" in heading
            else 1.0
            if "1B" in heading
            else 1024.0
        )

    def _ls(self, line: str, number: int) -> bool:
        matched = _LS.match(line)
        if matched is None:
            return False
        mode, _, owner, group, size, _, name = matched.groups()
        self.files.append(FileEntry(mode, owner, group, read_number(size) or 0.0, name.strip(), line.strip(), number))
        return True

    def _free(self, line: str, number: int) -> bool:
        matched = _FREE.match(line)
        if matched is None:
            return False
        kind, names = matched[1].lower(), ("total", "used", "free", "shared", "cache", "available")
        values = matched[2].split()
        if kind == "mem":  # free prints KiB, with -m MiB: a total below two million can only be the latter
            self.unit = 1 << 20 if (read_number(values[0]) or 0) < 2_000_000 else 1 << 10
        for name, value in zip(names, values, strict=False):
            self.memory[f"{kind}_{name}"] = _bytes(value, self.unit)
            self.lines[f"{kind}_{name}"] = number
        return True

    def _sysctl(self, line: str, number: int) -> bool:
        if matched := _SYSCTL.match(line):
            self.settings[matched[1]], self.lines[matched[1]] = matched[2].strip(), number
            return True
        if thp := _THP.search(line):
            self.settings["transparent_hugepage"], self.lines["transparent_hugepage"] = thp[1], number
            return True
        return False

    def _limit(self, line: str, number: int) -> bool:
        matched = _LIMIT.match(line) or _PROC_LIMIT.match(line)
        if matched is None:
            return False
        name = matched[1].lower().strip()
        self.limits[name] = matched[3] if matched.re is _LIMIT else matched[2]
        self.lines[name] = number
        return True

    def _table(self, line: str, number: int) -> bool:
        words = line.split()
        if len(words) != len(self.columns):
            return False
        if self.heading == "vmstat":
            numbers = [real(word) for word in words]
            row = {name: n for name, n in zip(self.columns, numbers, strict=True) if n is not None}
            self.vmstat.extend([row] if len(row) == len(words) else [])
        elif self.heading == "iostat":
            self.disks.append(dict(zip(self.columns, words, strict=True)))
        return self.heading in ("vmstat", "iostat")


def _times(text: str, unit: float) -> float | None:
    number = read_number(text)
    return None if number is None else number * unit


def _bytes(value: str, unit: int) -> str:
    number = read_number(value.removesuffix("i"))
    if number is None:
        return ""
    return str(int(number * unit if value.isdigit() else number))


def parse(value: Any) -> Host:
    """Read whatever is there; an object is taken as sysctl or ulimit settings."""
    if isinstance(value, str) and (literal := read_literal(value)) is not None:
        value = literal
    if isinstance(value, Mapping):
        return Host(settings=InfoFields({plain(name): plain(item) for name, item in value.items()}))
    reader = _Reader()
    text = "\n".join(plain(line) for line in value) if isinstance(value, list | tuple) else plain(value)
    for number, line in enumerate(text.split("\n"), start=1):
        reader.read(line[:2000], number)
    return Host(
        filesystems=tuple(reader.filesystems),
        files=tuple(reader.files),
        settings=InfoFields(reader.settings, reader.lines),
        limits=InfoFields(reader.limits, reader.lines),
        memory=InfoFields(reader.memory, reader.lines),
        vmstat=tuple(reader.vmstat),
        disks=tuple(reader.disks),
    )


def is_host_line(line: str) -> bool:
    """Whether a line alone shows that it comes from one of these tools."""
    head = line[:600]
    patterns = (_DF_HEAD, _DF, _LS, _FREE_HEAD, _FREE, _SYSCTL, _LIMIT, _PROC_LIMIT, _VMSTAT_HEAD)
    return any(pattern.match(head) for pattern in patterns) or _THP.search(head) is not None
