"""CLIENT LIST and CLIENT INFO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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


def parse(value: Any) -> ClientList:
    return ClientList()
