"""SENTINEL MASTERS, MASTER, REPLICAS, SENTINELS and CKQUORUM. A Sentinel's INFO is read by `info`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from incidents.diagnostics.fields import InfoFields


@dataclass(frozen=True, slots=True)
class SentinelInstance:
    """A master, replica or Sentinel as one Sentinel sees it, under the names it prints ("down-after-milliseconds")."""

    fields: InfoFields = field(default_factory=InfoFields)
    role: str = ""  # master, replica, sentinel

    @property
    def name(self) -> str:
        return self.fields.get("name", "")

    @property
    def address(self) -> str:
        return f"{self.fields.get('ip', '')}:{self.fields.get('port', '')}"

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(flag for flag in self.fields.get("flags", "").split(",") if flag)


@dataclass(frozen=True, slots=True)
class QuorumCheck:
    """`usable` is the number of Sentinels that this one can reach, itself included."""

    is_ok: bool
    usable: int | None
    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class SentinelReply:
    masters: tuple[SentinelInstance, ...] = ()
    replicas: tuple[SentinelInstance, ...] = ()
    sentinels: tuple[SentinelInstance, ...] = ()
    quorum: QuorumCheck | None = None


def parse(value: Any) -> SentinelReply:
    return SentinelReply()
