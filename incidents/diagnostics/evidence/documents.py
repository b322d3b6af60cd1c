"""JSON documents within a paste: an incident as the API takes it, captures by name, replies, exports of log stores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from incidents.diagnostics.evidence.kinds import EvidenceKind, Piece
from incidents.diagnostics.evidence.names import kind_in_name
from incidents.diagnostics.evidence.reading import read_value, to_text
from incidents.diagnostics.evidence.shapes import kind_of_reply
from incidents.diagnostics.parsers.replies import is_list, plain

_K = EvidenceKind
INTAKE_FIELDS = frozenset(
    ("error_logs", "metrics", "redis_info", "redis_version", "deployment_type", "description", "artifacts")
)


def is_intake(value: Any) -> bool:
    """Whether a document is an incident with the mission's fields."""
    return isinstance(value, Mapping) and len(INTAKE_FIELDS & value.keys()) >= 2


def is_bundle(value: Any) -> bool:
    """Whether a document holds captures by name: {"info": "…", "slowlog": […]}."""
    if not isinstance(value, Mapping) or not value or kind_of_reply(value) is _K.CONFIG:
        return False
    named = [
        name for name, item in value.items() if kind_in_name(plain(name)) and isinstance(item, str | list | Mapping)
    ]
    return bool(named) and len(named) * 2 >= len(value) and any(_is_substantial(value[name]) for name in named)


def _is_substantial(item: Any) -> bool:
    return not isinstance(item, str) or "\n" in item or len(item) > 80


def read_document(value: Any, *, name: str = "", node: str = "", at: datetime | None = None) -> list[Piece]:
    """Make pieces of a document that is neither an incident nor a bundle."""
    if entries := list(_log_entries(value)):
        text = "\n".join(json.dumps(entry, ensure_ascii=False, default=str) for entry in entries)
        return [Piece(_K.SERVER_LOG, text, name or _K.SERVER_LOG.source_name, node, at)]
    kind = kind_of_reply(value)
    if kind is None and is_list(value) and all(isinstance(item, str) for item in value):
        return []  # lines of something: read as text
    if kind in (None, _K.CONTAINER_EVENTS, _K.SERVER_LOG):
        return [Piece(kind or _K.UNKNOWN, to_text(value), name or (kind or _K.UNKNOWN).source_name, node, at)]
    return [read_value(kind, value, name=name, node=node, at=at)]


def _log_entries(value: Any) -> Iterator[Mapping[Any, Any]]:
    """Yield the log records of an Elasticsearch, Loki or CloudWatch answer, or of a list of records."""
    if isinstance(value, Mapping):
        hits = value.get("hits")
        value = hits.get("hits") if isinstance(hits, Mapping) else value.get("events")
    if not isinstance(value, Sequence) or isinstance(value, str):
        return
    for item in value:
        if not isinstance(item, Mapping):
            return
        source = item.get("_source", item)
        if isinstance(source, Mapping) and _is_log_record(source):
            yield source


def _is_log_record(record: Mapping[Any, Any]) -> bool:
    """Whether a record holds a line of a log; events of Kubernetes hold messages too."""
    return "involvedObject" not in record and any(isinstance(record.get(key), str) for key in ("message", "log", "msg"))
