"""CLIENT LIST and CLIENT INFO, also the client that ACL LOG and log lines describe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from incidents.diagnostics.parsers.replies import is_list, plain, read_literal, scalar, unwrap, whole

_FIELD = re.compile(r"([a-z][a-z-]{0,20})=(\S*)")
_LINE = re.compile(r"(?:^|[\s\"':)])id=\d{1,19} addr=")


@dataclass(frozen=True, slots=True)
class Client:
    """One connection. Numbers are None when the server is too old to print them; sizes are bytes, times seconds."""

    id: int | None = None
    address: str = ""
    name: str = ""
    user: str = ""
    flags: str = ""
    command: str = ""
    age: int | None = None
    idle: int | None = None
    db: int | None = None
    subscriptions: int | None = None  # sub + psub + ssub
    multi: int | None = None
    qbuf: int | None = None
    qbuf_free: int | None = None
    obl: int | None = None
    oll: int | None = None
    omem: int | None = None
    tot_mem: int | None = None
    events: str = ""
    lib_name: str = ""
    lib_version: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    line: int | None = None

    @property
    def ip(self) -> str:
        return self.address.rpartition(":")[0].strip("[]")


@dataclass(frozen=True, slots=True)
class ClientList:
    """`total` is how many there were when only a part was pasted."""

    clients: tuple[Client, ...] = ()
    total: int | None = None

    @property
    def count(self) -> int:
        return max(self.total or 0, len(self.clients))


def parse(value: Any, *, total: int | None = None) -> ClientList:
    """Read lines, a list of lines or a list of objects."""
    return ClientList(tuple(_clients(value)), total)


def parse_client(text: str, *, line: int | None = None) -> Client:
    """Read one line of fields. What is not there stays empty."""
    return _client(dict(_FIELD.findall(text[:20_000])), text.strip(), line)


def is_client_line(line: str) -> bool:
    return _LINE.search(line[:200]) is not None


def _clients(value: Any) -> Iterator[Client]:
    if isinstance(value, str):
        literal = read_literal(value)
        if literal is None:
            yield from _lines(value)
            return
        value = literal
    value = unwrap(value, "client_list", "clients")
    for item in value if is_list(value) else [value]:
        if isinstance(item, Mapping):
            yield _client({plain(key).replace("_", "-"): plain(text) for key, text in item.items()}, "", None)
        elif isinstance(item, str):
            yield from _lines(item, keep_numbers=False)


def _lines(text: str, *, keep_numbers: bool = True) -> Iterator[Client]:
    if "\n" not in text.strip() and "\\n" in text:
        text = scalar(text)  # the whole reply as one quoted string
    for number, line in enumerate(text.split("\n"), start=1):
        if is_client_line(line):
            yield parse_client(line, line=number if keep_numbers else None)


def _client(fields: Mapping[str, str], text: str, line: int | None) -> Client:
    counted = [whole(fields[name]) for name in ("sub", "psub", "ssub") if name in fields]
    return Client(
        id=whole(fields.get("id")),
        address=fields.get("addr", ""),
        name=fields.get("name", ""),
        user=fields.get("user", ""),
        flags=fields.get("flags", ""),
        command=fields.get("cmd", ""),
        age=whole(fields.get("age")),
        idle=whole(fields.get("idle")),
        db=whole(fields.get("db")),
        subscriptions=sum(number or 0 for number in counted) if counted else None,
        multi=whole(fields.get("multi")),
        qbuf=whole(fields.get("qbuf")),
        qbuf_free=whole(fields.get("qbuf-free")),
        obl=whole(fields.get("obl")),
        oll=whole(fields.get("oll")),
        omem=whole(fields.get("omem")),
        tot_mem=whole(fields.get("tot-mem")),
        events=fields.get("events", ""),
        lib_name=fields.get("lib-name", ""),
        lib_version=fields.get("lib-ver", ""),
        fields=dict(fields),
        text=text,
        line=line,
    )
