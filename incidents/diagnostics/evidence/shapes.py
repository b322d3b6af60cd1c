"""What a structured reply is, told by its shape alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from incidents.diagnostics.evidence.kinds import EvidenceKind
from incidents.diagnostics.evidence.lines import is_event_name
from incidents.diagnostics.parsers import acl_list, client_list, cluster_nodes, info, redis_conf
from incidents.diagnostics.parsers.replies import as_mapping, is_list, plain, whole

_K = EvidenceKind
MAX_SLOT = 16_383
_CONTAINER_KEYS = frozenset(("HostConfig", "State", "involvedObject", "containerStatuses", "OOMKilled", "RestartCount"))


def kind_of_reply(value: Any) -> EvidenceKind | None:
    """Return what a nested reply is, or None when nothing we know looks like this."""
    if isinstance(value, Mapping):
        return _kind_of_object(value)
    if not is_list(value) or not value:
        return None
    first = value[0]
    if isinstance(first, Mapping):
        return _kind_of_records(first)
    if is_list(first):
        return _kind_of_rows(first)
    return _kind_of_flat(value)


def _kind_of_rows(row: Sequence[Any]) -> EvidenceKind | None:
    """A list of lists, told by its first row."""
    names = {plain(item) for item in row if not is_list(item)}
    if len(row) >= 4 and whole(row[0]) is not None and whole(row[1]) is not None and whole(row[2]) is not None:
        return _K.SLOWLOG if is_list(row[3]) else None
    if len(row) >= 3 and whole(row[0]) is not None and whole(row[1]) is not None and is_list(row[2]):
        return _K.CLUSTER_SLOTS
    if len(row) == 2 and _is_unix_time(row[0]) and whole(row[1]) is not None:
        return _K.LATENCY_HISTORY
    if len(row) >= 4 and _is_unix_time(row[1]) and whole(row[2]) is not None:
        return _K.LATENCY_LATEST
    if {"reason", "context"} <= names:
        return _K.ACL_LOG
    if {"name", "ip", "port"} <= names:
        return _K.SENTINEL
    if {"slots", "nodes"} <= names:
        return _K.CLUSTER_SHARDS
    return None


def _kind_of_flat(value: Sequence[Any]) -> EvidenceKind | None:
    """A flat or alternating list."""
    texts = [plain(item) for item in value[:400] if not is_list(item)]
    if "peak.allocated" in texts or "dataset.bytes" in texts:
        return _K.MEMORY_STATS
    if {"name", "ip", "port"} <= set(texts[:8:2]):
        return _K.SENTINEL
    if {"reason", "context"} <= set(texts):
        return _K.ACL_LOG
    if len(value) >= 2 and is_list(value[1]) and "calls" in {plain(item) for item in value[1]}:
        return _K.LATENCY_HISTOGRAM
    if len(texts) > 2 and is_event_name(texts[0]) and _is_unix_time(texts[1]):
        return _K.LATENCY_LATEST
    for test, kind in (
        (acl_list.is_user_line, _K.ACL_LIST),
        (client_list.is_client_line, _K.CLIENT_LIST),
        (cluster_nodes.is_node_line, _K.CLUSTER_NODES),
    ):
        if texts and test(texts[0]):
            return kind
    return _kind_of_names(texts[::2]) or _raw_kind(texts)


def _raw_kind(texts: Sequence[str]) -> EvidenceKind | None:
    """Replies without any frame: one value per element."""
    if len(texts) >= 4 and _is_slow_head(texts):
        return _K.SLOWLOG
    if texts[:1] == ["slots"] and "nodes" in texts:
        return _K.CLUSTER_SHARDS
    if texts[1:2] == ["calls"] and texts[3:4] == ["histogram_usec"]:
        return _K.LATENCY_HISTOGRAM
    return None


def _is_slow_head(texts: Sequence[str]) -> bool:
    return texts[0].isdigit() and _is_unix_time(texts[1]) and texts[2].isdigit() and not texts[3].isdigit()


def is_raw_slowlog(lines: Sequence[str]) -> bool:
    """Whether (id, Unix time, duration, command) stand in the first four lines."""
    texts = [line.strip() for line in lines[:4]]
    return len(texts) == 4 and _is_slow_head(texts)


def is_raw_slots(lines: Sequence[str]) -> bool:
    """Whether (first slot, last slot, address, port) stand in the first four lines."""
    texts = [line.strip() for line in lines[:4]]
    if len(texts) < 4 or not all(texts[index].isdigit() and len(texts[index]) <= 5 for index in (0, 1, 3)):
        return False
    return int(texts[0]) <= int(texts[1]) <= MAX_SLOT and ("." in texts[2] or ":" in texts[2])


def is_raw_history(lines: Sequence[str]) -> bool:
    """Whether (Unix time, milliseconds) pairs stand in the first four lines."""
    texts = [line.strip() for line in lines[:4]]
    pairs = len(texts) >= 2 and _is_unix_time(texts[0]) and texts[1].isdigit() and not _is_unix_time(texts[1])
    return pairs and (len(texts) < 4 or not texts[2] or (_is_unix_time(texts[2]) and texts[3].isdigit()))


def _kind_of_object(value: Mapping[Any, Any]) -> EvidenceKind | None:
    names = [plain(name) for name in value]
    if _CONTAINER_KEYS & set(names) or plain(value.get("kind")) in ("Pod", "Event", "List", "EventList", "PodList"):
        return _K.CONTAINER_EVENTS
    if "peak.allocated" in value or "dataset.bytes" in value:
        return _K.MEMORY_STATS
    if "cluster_state" in value:
        return _K.CLUSTER_INFO
    first = next(iter(value.values()), None)
    if isinstance(first, Mapping):
        if "histogram_usec" in first:
            return _K.LATENCY_HISTOGRAM
        if "node_id" in first and "flags" in first:
            return _K.CLUSTER_NODES
        if "flags" in first and "ip" in first:
            return _K.SENTINEL
    if "flags" in value and "ip" in value and ("quorum" in value or "role-reported" in value):
        return _K.SENTINEL
    return _kind_of_names(names) or (
        _K.METRICS if any(isinstance(v, Mapping) and _is_info(v) for v in value.values()) else None
    )


def _kind_of_names(names: Sequence[str]) -> EvidenceKind | None:
    """Settings or fields of INFO, whichever most names are."""
    if not names:
        return None
    settings = sum(1 for name in names if name in redis_conf.known_names())
    fields = sum(1 for name in names if info.is_known(name))
    best = max(settings, fields)
    if best == 0 or best * 3 < len(names):
        return None
    return _K.CONFIG if settings > fields or (settings == fields and "-" in "".join(names)) else _K.METRICS


def _is_info(value: Mapping[Any, Any]) -> bool:
    return any(info.is_known(plain(name)) for name in value)


def _kind_of_records(record: Mapping[Any, Any]) -> EvidenceKind | None:
    """A list of objects, told by its first."""
    names = {plain(name).lower() for name in record}
    if _CONTAINER_KEYS & {plain(name) for name in record}:
        return _K.CONTAINER_EVENTS
    if {"reason", "context"} <= names:
        return _K.ACL_LOG
    if ("duration" in names and ("command" in names or "start_time" in names)) or {"duration (us)", "command"} <= names:
        return _K.SLOWLOG
    if "addr" in names and ("flags" in names or "cmd" in names):
        return _K.CLIENT_LIST
    if {"name", "ip", "flags"} <= names:
        return _K.SENTINEL
    if {"slots", "nodes"} <= set(as_mapping(record)):
        return _K.CLUSTER_SHARDS
    if names & {"message", "log", "msg"}:
        return _K.SERVER_LOG
    return None


def _is_unix_time(value: Any) -> bool:
    text = plain(value)
    return len(text) == 10 and text.isdigit() and text[0] in "123"
