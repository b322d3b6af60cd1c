"""What a piece of evidence can be, and the values that reading it yields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from incidents.diagnostics.log_file import LogFile
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

    @property
    def label(self) -> Text:
        """Return how the interface names it."""
        return LABELS[self]

    @property
    def source_name(self) -> str:
        """Return what evidence lines name as their source when the paste gave no name."""
        return LABELS[self].en


_K = EvidenceKind
LABELS = MappingProxyType(
    {
        _K.INFO: Text.same("INFO"),
        _K.SERVER_LOG: Text(ko="서버 로그", en="Server log"),
        _K.SLOWLOG: Text.same("SLOWLOG"),
        _K.CLIENT_LIST: Text.same("CLIENT LIST"),
        _K.LATENCY_DOCTOR: Text.same("LATENCY DOCTOR"),
        _K.LATENCY_LATEST: Text.same("LATENCY LATEST"),
        _K.LATENCY_HISTORY: Text.same("LATENCY HISTORY"),
        _K.LATENCY_HISTOGRAM: Text.same("LATENCY HISTOGRAM"),
        _K.MEMORY_DOCTOR: Text.same("MEMORY DOCTOR"),
        _K.MEMORY_STATS: Text.same("MEMORY STATS"),
        _K.CLUSTER_NODES: Text.same("CLUSTER NODES"),
        _K.CLUSTER_INFO: Text.same("CLUSTER INFO"),
        _K.CLUSTER_SLOTS: Text.same("CLUSTER SLOTS"),
        _K.CLUSTER_SHARDS: Text.same("CLUSTER SHARDS"),
        _K.CLUSTER_CHECK: Text.same("redis-cli --cluster check"),
        _K.SENTINEL: Text(ko="SENTINEL 출력", en="SENTINEL output"),
        _K.ACL_LOG: Text.same("ACL LOG"),
        _K.ACL_LIST: Text.same("ACL LIST"),
        _K.CONFIG: Text(ko="설정 (CONFIG GET, redis.conf)", en="Configuration (CONFIG GET, redis.conf)"),
        _K.BIGKEYS: Text(ko="redis-cli --bigkeys 결과", en="redis-cli --bigkeys"),
        _K.CLI_LATENCY: Text(ko="redis-cli --latency 결과", en="redis-cli --latency"),
        _K.CLIENT_ERRORS: Text(ko="클라이언트 오류", en="Client errors"),
        _K.KERNEL_LOG: Text(ko="커널 로그", en="Kernel log"),
        _K.CONTAINER_EVENTS: Text(ko="컨테이너 이벤트", en="Container events"),
        _K.HOST: Text(ko="호스트 상태 (df, ls, sysctl 등)", en="Host (df, ls, sysctl, …)"),
        _K.METRICS: Text(ko="메트릭", en="Metrics"),
        _K.PROSE: Text(ko="설명", en="Description"),
        _K.UNKNOWN: Text(ko="알 수 없는 형식", en="Not recognised"),
    }
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A text of one kind, and where it came from.

    `data` is what its parser made of it: None for logs, client errors and prose, which are read line by line.
    Lines that parsers report count from 1 within `text`; `first_line` is where that stood in what was pasted.
    `at` is naive, as the source's own clock shows it; Unix times are UTC.
    Of a log too large to hold, `text` is an excerpt and `data` the LogFile that its lines are read from.
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
        if isinstance(self.data, LogFile):
            return self.data.line_count
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
