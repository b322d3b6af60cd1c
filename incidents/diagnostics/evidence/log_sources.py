"""Logs of several nodes in one stream: docker compose, kubectl --prefix, stern, syslog, Elasticsearch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from incidents.diagnostics.evidence.kinds import Piece

_PREFIXES = (
    re.compile(r"^\s{0,8}(\w[\w.-]{0,80}) {0,40}\| "),  # docker compose
    re.compile(r"^\[?pod/([\w.-]{1,100})/[\w.-]{1,80}\]?:? "),  # kubectl logs --prefix
    re.compile(
        r"^([a-z][\w.-]{1,80}-\d{1,4}) (?:redis|valkey|server|sentinel)[\w-]{0,20} (?=\d{1,10}:[MSCX] )"
    ),  # stern
    re.compile(
        r"^(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d [\d:]{8} ([\w.-]{1,80}) [\w./@-]{1,60}(?:\[\d{1,10}\])?: "
    ),  # syslog
    re.compile(r"^\d{4}-\d\d-\d\dT\S{8,30} ([\w.-]{1,80}) [\w./@-]{1,60}\[\d{1,10}\]: "),  # rsyslog
)
MAX_TEXT = 20_000_000  # characters; a bigger log is left whole
MAX_SOURCES = 64


def split_by_source(piece: Piece) -> list[Piece]:
    """Part a log in which the lines themselves say whose they are. One source, or none, leaves it whole.

    Lines that name nobody belong to the node that spoke last.
    """
    if len(piece.text) > MAX_TEXT or not _is_mixed(piece.text[:40_000]):
        return [piece]
    lines: dict[str, list[str]] = {}
    first: dict[str, int] = {}
    current = ""
    for number, line in enumerate(piece.text.split("\n")):
        current = source_of(line) or current
        if current not in lines and len(lines) >= MAX_SOURCES:
            return [piece]
        lines.setdefault(current, []).append(line)
        first.setdefault(current, number)
    return [
        replace(piece, text="\n".join(part), node=name or piece.node, first_line=piece.first_line + first[name])
        for name, part in lines.items()
    ]


def _is_mixed(head: str) -> bool:
    return len({name for line in head.split("\n")[:400] if (name := source_of(line))}) > 1


def source_of(line: str) -> str:
    """Return the container, pod or host that a collector wrote before a line, or ""."""
    head = line[:300]
    if head[:1] == "{":
        return _source_of_record(line)
    return next((matched[1] for pattern in _PREFIXES if (matched := pattern.match(head))), "")


def _source_of_record(line: str) -> str:
    try:
        record = json.loads(line) if len(line) < 65_536 else None
    except (ValueError, RecursionError):
        return ""
    return next((name for name in _names(record) if name), "") if isinstance(record, dict) else ""


def _names(record: dict) -> Iterator[str]:
    for path in (("kubernetes", "pod", "name"), ("kubernetes", "pod_name"), ("container", "name"), ("host", "name"),
                 ("host",), ("hostname",), ("agent", "hostname"), ("pod",)):  # fmt: skip
        value: object = record
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        yield value if isinstance(value, str) else ""
