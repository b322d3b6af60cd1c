"""Paste-anything: tell what a text is, and split a mixed one into pieces of known kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from incidents.diagnostics.intake import IncidentInput
from incidents.diagnostics.text import Text


class EvidenceKind(StrEnum):
    INFO = "info"
    SERVER_LOG = "server_log"  # of servers and Sentinels
    SLOWLOG = "slowlog"
    CLIENT_LIST = "client_list"
    LATENCY_DOCTOR = "latency_doctor"
    LATENCY_LATEST = "latency_latest"
    LATENCY_HISTORY = "latency_history"
    LATENCY_HISTOGRAM = "latency_histogram"
    MEMORY_DOCTOR = "memory_doctor"
    MEMORY_STATS = "memory_stats"
    CLUSTER_NODES = "cluster_nodes"
    CLUSTER_INFO = "cluster_info"
    CLUSTER_SLOTS = "cluster_slots"
    CLUSTER_SHARDS = "cluster_shards"
    CLUSTER_CHECK = "cluster_check"
    SENTINEL = "sentinel"
    ACL_LOG = "acl_log"
    ACL_LIST = "acl_list"
    CONFIG = "config"
    BIGKEYS = "bigkeys"
    CLI_LATENCY = "cli_latency"
    CLIENT_ERRORS = "client_errors"
    KERNEL_LOG = "kernel_log"
    CONTAINER_EVENTS = "container_events"
    HOST = "host"
    METRICS = "metrics"
    PROSE = "prose"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Piece:
    """A text of one kind, and where it came from.

    `data` is what its parser made of it: None for logs, client errors and prose, which are read line by line.
    Lines that parsers report count from 1 within `text`; `first_line` is where that stood in what was pasted.
    """

    kind: EvidenceKind
    text: str
    name: str = ""  # "server.log", "INFO", "SLOWLOG": the source that evidence names
    node: str = ""
    at: datetime | None = None
    first_line: int = 1
    data: Any = None

    @property
    def line_count(self) -> int:
        return self.text.count("\n") + 1 if self.text else 0


@dataclass(frozen=True, slots=True)
class Prefill:
    """What the form can fill in by itself."""

    redis_version: str = ""
    product: str = ""  # redis, valkey, ""
    deployment_type: str = ""  # standalone, replication, sentinel, cluster, ""
    timestamp: str = ""  # ISO 8601


@dataclass(frozen=True, slots=True)
class Recognised:
    """One row of "this is what I recognised"."""

    kind: EvidenceKind
    label: Text
    lines: int
    node: str = ""
    name: str = ""


def recognise(text: str, *, name: str = "") -> tuple[Piece, ...]:
    return (Piece(EvidenceKind.UNKNOWN, text, name=name),) if text.strip() else ()


def read_intake(intake: IncidentInput) -> tuple[Piece, ...]:
    return ()


def prefill(pieces: Sequence[Piece]) -> Prefill:
    return Prefill()


def describe(pieces: Sequence[Piece]) -> tuple[Recognised, ...]:
    return ()
