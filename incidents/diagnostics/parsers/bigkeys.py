"""redis-cli --bigkeys, --memkeys and --hotkeys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.parsers.replies import plain, real, whole

_FOUND = re.compile(
    r"Biggest\s{1,12}(\w{1,30})\s{1,12}found(?: so far)?\s{1,4}"
    r"""['"]{0,2}(.{0,1000}?)['"]{0,2} (?:with|has) (\d{1,19}) (\w{1,12})"""
)
_TYPE = re.compile(
    r"^\s{0,8}(\d{1,19}) (\w{1,30}?)s? with (\d{1,19}) (\w{1,12}) "
    r"\((\d[\d.]{0,10})% of keys, avg size (\d[\d.]{0,20})\)"
)
_SAMPLED = re.compile(r"Sampled (\d{1,19}) keys in the keyspace")
_SCAN = re.compile(
    r"average sizes per key type|per 100 SCAN commands|^\s{0,8}-{4,12} summary -{4,12}|Total key length in bytes"
)
_HOT = re.compile(
    r"""[Hh]ot key '?"?(.{1,500}?)"?'? found so far with counter (\d{1,9})|"""
    r"""counter: (\d{1,9})\s{1,8}keyname: "?(.{1,500}?)"?$"""
)


@dataclass(frozen=True, slots=True)
class BigKey:
    type: str
    name: str
    size: int
    unit: str  # bytes, items, fields, members, entries; "counter" for hot keys
    line: int | None = None


@dataclass(frozen=True, slots=True)
class KeyType:
    type: str
    keys: int
    size: int
    unit: str
    share: float  # per cent of all keys
    average: float


@dataclass(frozen=True, slots=True)
class BigKeys:
    """The largest key of each type; while the summary is missing, the largest found so far."""

    biggest: tuple[BigKey, ...] = ()
    types: tuple[KeyType, ...] = ()
    hot: tuple[BigKey, ...] = ()
    sampled: int | None = None


def parse(value: Any) -> BigKeys:
    """Read the scan's lines and its summary, whole or cut off."""
    biggest: dict[str, BigKey] = {}
    types: dict[str, KeyType] = {}
    hot: dict[str, BigKey] = {}
    sampled = None
    for number, line in enumerate(plain(value).split("\n"), start=1):
        line = line[:3000]
        if found := _FOUND.search(line):
            key = BigKey(found[1], found[2], int(found[3]), found[4], number)
            if key.type not in biggest or key.size >= biggest[key.type].size:
                biggest[key.type] = key
        elif kind := _TYPE.match(line):
            types[kind[2]] = KeyType(
                kind[2], int(kind[1]), int(kind[3]), kind[4], real(kind[5]) or 0.0, real(kind[6]) or 0.0
            )
        elif counted := _SAMPLED.search(line):
            sampled = whole(counted[1])
        elif key_line := _HOT.search(line):
            name, counter = key_line[1] or key_line[4], key_line[2] or key_line[3]
            hot[name] = BigKey("", name, int(counter), "counter", number)
    return BigKeys(tuple(biggest.values()), tuple(types.values()), tuple(hot.values()), sampled)


def is_bigkeys_line(line: str) -> bool:
    head = line[:300]
    return (
        _SCAN.search(head) is not None
        or "Biggest " in head or "Scanning the entire keyspace" in head or "hot key" in head.lower()
        or _SAMPLED.search(head) is not None or _TYPE.match(head) is not None
    )  # fmt: skip
