"""From a text or value of known kind to a piece with its data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from incidents.diagnostics.evidence.kinds import EvidenceKind, Piece
from incidents.diagnostics.parsers import (
    acl_list,
    acl_log,
    bigkeys,
    cli_latency,
    client_list,
    cluster_check,
    cluster_info,
    cluster_nodes,
    cluster_slots,
    host,
    info,
    latency,
    memory_doctor,
    memory_stats,
    prometheus,
    redis_conf,
    sentinel,
    slowlog,
)
from incidents.diagnostics.parsers.replies import is_list, plain

_K = EvidenceKind
Parser = Callable[[Any], Any]


def _metrics(value: Any) -> info.Info:
    if isinstance(value, Mapping):
        return info.from_mapping(value)
    exported = prometheus.parse(plain(value))
    return info.parse(value) if exported.is_empty else exported


PARSERS: Mapping[EvidenceKind, Parser] = MappingProxyType(
    {
        _K.INFO: info.parse,
        _K.METRICS: _metrics,
        _K.SLOWLOG: slowlog.parse,
        _K.CLIENT_LIST: client_list.parse,
        _K.LATENCY_DOCTOR: latency.parse_doctor,
        _K.LATENCY_LATEST: latency.parse_latest,
        _K.LATENCY_HISTORY: latency.parse_history,
        _K.LATENCY_HISTOGRAM: latency.parse_histogram,
        _K.MEMORY_DOCTOR: memory_doctor.parse,
        _K.MEMORY_STATS: memory_stats.parse,
        _K.CLUSTER_NODES: cluster_nodes.parse,
        _K.CLUSTER_INFO: cluster_info.parse,
        _K.CLUSTER_SLOTS: cluster_slots.parse_slots,
        _K.CLUSTER_SHARDS: cluster_slots.parse_shards,
        _K.CLUSTER_CHECK: cluster_check.parse,
        _K.SENTINEL: sentinel.parse,
        _K.ACL_LOG: acl_log.parse,
        _K.ACL_LIST: acl_list.parse,
        _K.CONFIG: redis_conf.parse,
        _K.BIGKEYS: bigkeys.parse,
        _K.CLI_LATENCY: cli_latency.parse,
        _K.HOST: host.parse,
    }
)


def read_piece(
    kind: EvidenceKind, text: str, *, name: str = "", node: str = "", at: datetime | None = None, first_line: int = 1
) -> Piece:
    """Make a piece of a text of known kind."""
    parser = PARSERS.get(kind)
    data = parser(text) if parser else None
    return Piece(kind, text, name or kind.source_name, node, at or _time_of(data), first_line, data)


def read_info(
    text: str, *, name: str = "", node: str = "", at: datetime | None = None, first_line: int = 1
) -> list[Piece]:
    """Make one piece per sample of a text that may hold several."""
    samples = info.parse_samples(text)
    if len(samples) < 2:
        return [read_piece(_K.INFO, text, name=name, node=node, at=at, first_line=first_line)] if text.strip() else []
    lines = text.split("\n")
    starts = [sample.first_line for sample in samples]
    ends = [*(start - 1 for start in starts[1:]), len(lines)]
    return [
        read_piece(
            _K.INFO,
            "\n".join(lines[start - 1 : end]),
            name=name,
            node=node,
            at=at if number == len(samples) - 1 else None,  # a stated time is that of the last sample
            first_line=first_line + start - 1,
        )
        for number, (start, end) in enumerate(zip([1, *starts[1:]], ends, strict=True))
    ]


def _time_of(data: Any) -> datetime | None:
    return data.server_time if isinstance(data, info.Info) else None


def read_value(kind: EvidenceKind, value: Any, *, name: str = "", node: str = "", at: datetime | None = None) -> Piece:
    """Make a piece of a captured value. What can be written as lines is, so that evidence can name them."""
    if isinstance(value, Mapping) and kind in (_K.INFO, _K.METRICS):
        value = "\n".join(f"{key}:{text}" for key, text in info.from_mapping(value).fields.items())
    elif isinstance(value, Mapping) and kind is _K.CONFIG:
        data = redis_conf.parse(value)
        text = "\n".join(f"{key} {data.fields[key] or chr(34) * 2}" for key in data.fields)
        return Piece(kind, text, name or kind.source_name, node, at, data=data)
    elif isinstance(value, Mapping) and kind is _K.HOST:
        value = "\n".join(f"{key} = {plain(text)}" for key, text in value.items())
    elif is_list(value) and all(isinstance(item, str) for item in value):
        value = "\n".join(value)
    if isinstance(value, str):
        return read_piece(kind, value, name=name, node=node, at=at)
    parser = PARSERS.get(kind)
    return Piece(kind, to_text(value), name or kind.source_name, node, at, data=parser(value) if parser else None)


def to_text(value: Any) -> str:
    """Write a structured value as JSON, one element per line where it is a list."""
    if isinstance(value, str):
        return value
    try:
        if is_list(value):
            return "\n".join(item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in value)
        return json.dumps(value, ensure_ascii=False, indent=1)
    except (TypeError, ValueError, RecursionError):
        return str(value)


def lines_of(items: Iterable[Any]) -> str:
    return "\n".join(plain(item) for item in items)
