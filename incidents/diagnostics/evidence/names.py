"""What the name of a file or an artifact tells: the kind of text, and the node it came from."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from incidents.diagnostics.evidence.kinds import EvidenceKind

_K = EvidenceKind

# Searched in a name whose words are joined by single underscores. The first that fits counts: special before general.
_PATTERNS = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"(?:^|_)(?:slow_?log|command_?log|slow_queries)", _K.SLOWLOG),
        (r"(?:^|_)clients?_(?:errors?|exceptions?|log)|(?:^|_)(?:app|application|service|api)_(?:errors?|exceptions?)", _K.CLIENT_ERRORS),
        (r"(?:^|_)clients?_(?:list|info)(?!_total)|(?:^|_)client_?list", _K.CLIENT_LIST),
        (r"(?:^|_)latency_doctor", _K.LATENCY_DOCTOR),
        (r"(?:^|_)latency_latest", _K.LATENCY_LATEST),
        (r"(?:^|_)(?:cli_latency|latency_cli|intrinsic_latency|latency_intrinsic|redis_cli_stat)", _K.CLI_LATENCY),
        (r"(?:^|_)latency_histogram", _K.LATENCY_HISTOGRAM),
        (r"(?:^|_)latency_history", _K.LATENCY_HISTORY),
        (r"(?:^|_)memory_doctor", _K.MEMORY_DOCTOR),
        (r"(?:^|_)memory_stats", _K.MEMORY_STATS),
        (r"(?:^|_)(?:cluster_(?:nodes|replicas|slaves)|nodes_conf)", _K.CLUSTER_NODES),
        (r"(?:^|_)cluster_info", _K.CLUSTER_INFO),
        (r"(?:^|_)cluster_slots", _K.CLUSTER_SLOTS),
        (r"(?:^|_)cluster_shards", _K.CLUSTER_SHARDS),
        (r"(?:^|_)cluster_check", _K.CLUSTER_CHECK),
        (r"(?:^|_)acl_log", _K.ACL_LOG),
        (r"(?:^|_)(?:acl_list|acl_users|users_acl)", _K.ACL_LIST),
        (r"(?:^|_)sentinel_(?:masters?|replicas|slaves|sentinels|ckquorum|primar)", _K.SENTINEL),
        (r"(?:^|_)(?:big_?keys|mem_?keys|hot_?keys|key_?stats)", _K.BIGKEYS),
        (r"(?:^|_)(?:dmesg|kernel|kern|oom_killer)(?:_|$)", _K.KERNEL_LOG),
        (r"(?:^|_)(?:docker_inspect|kubectl|k8s|pod_(?:events|describe)|container_events|events|describe)(?:_|$)", _K.CONTAINER_EVENTS),
        (r"(?:^|_)(?:df|ls|sysctl|ulimit|free|vmstat|iostat|limits|meminfo)(?:_|$)", _K.HOST),
        (r"(?:^|_)(?:config_?get|config|redis_conf|sentinel_conf|valkey_conf|conf)(?:_|$)", _K.CONFIG),
        (r"(?:^|_)(?:logs?|stdout|stderr|journal)(?:_(?:tail|head|excerpt))?(?:_|$)|로그", _K.SERVER_LOG),
        (r"(?:^|_)(?:metrics|prometheus|exporter)(?:_|$)", _K.METRICS),
        (r"(?:^|_)info(?:_(?!source)|$)", _K.INFO),
    )
)
_SEPARATORS = re.compile(r"[^0-9a-z가-힣]+")
_EXTENSIONS = (
    "gz", "zip", "xz", "bz2", "zst", "txt", "log", "out", "json", "jsonl", "ndjson", "info", "conf", "cluster-nodes", "cluster-info", "slowlog", "md",
    "client-list", "csv", "err", "dump", "old", "bak", "1", "2", "3",
)  # fmt: skip
# Words of a name that say what the text is, not where it is from.
_NOT_A_NODE = frozenset(
    "redis valkey server log logs error errors info slowlog commandlog client clients list latency doctor latest history "
    "histogram memory stats cluster nodes slots shards check acl config get conf output dump paste all tail head excerpt "
    "bigkeys memkeys hotkeys dmesg kernel kern kubectl docker inspect describe events df ls sysctl free ulimit vmstat "
    "iostat metrics text file stdout stderr journal before after earlier later sample now cli replication persistence "
    "keyspace commandstats everything section full var mnt data tmp home opt incident evidence bundle capture captures "
    "application app api service exceptions limits meminfo file attachment upload pasted notes note readme".split()
)
_GENERIC_DIRECTORIES = frozenset(("var", "log", "logs", "tmp", "redis", "valkey", "data", "info", "home", "mnt", "bundle"))


def words_of(name: str) -> str:
    """Return a name in lower case with its words joined by underscores."""
    return _SEPARATORS.sub("_", name.strip().lower()).strip("_")


def kind_in_name(name: str) -> EvidenceKind | None:
    """Return the kind that a file's or artifact's name states, or None."""
    words = words_of(PurePosixPath(name).name if "/" in name else name)
    return next((kind for pattern, kind in _PATTERNS if pattern.search(words)), None)


def stem_of(path: str) -> str:
    """Return a file's name without its folders and without extensions that only say what it is."""
    name = PurePosixPath(path.replace("\\", "/")).name
    while "." in name:
        stem, _, extension = name.rpartition(".")
        if not stem or extension.lower() not in _EXTENSIONS:
            break
        name = stem
    return name


def node_in_path(path: str) -> str:
    """Return the node that a file's name states ("node-7001.log"), else its folder's, or ""."""
    stem = _node_in_stem(stem_of(path))
    if stem:
        return stem
    folders = PurePosixPath(path.replace("\\", "/")).parts[:-1]
    named = (folder for folder in reversed(folders) if folder.lower() not in _GENERIC_DIRECTORIES)
    return next((node for folder in named if (node := _node_in_stem(folder)) and _tells_apart(node)), "")


def _node_in_stem(stem: str) -> str:
    parts = re.split(r"([-_. ]+)", stem)
    kept = [index for index in range(0, len(parts), 2) if parts[index] and parts[index].lower() not in _NOT_A_NODE]
    if not kept:
        return ""
    first, last = kept[0], kept[-1]
    if first >= 2 and parts[first - 2].lower() in ("redis", "valkey"):
        first -= 2  # "redis-2" is a name, "2" is none
    return "".join(parts[first : last + 1]).strip("-_. /\\")


def _tells_apart(folder: str) -> bool:
    return any(character.isdigit() for character in folder) or "-" in folder


def node_in_artifact(name: str) -> str:
    """Return the node that an artifact's name states: "old_master_log" → "old master", "node_7001_info" → "node-7001"."""
    words = words_of(name).split("_")
    kept: list[str] = []
    for word in words:
        if word in _NOT_A_NODE:
            break
        kept.append(word)
    if not kept:
        return ""
    if kept[0] == "sentinel":
        return "-".join(word for word in kept[:2] if word == "sentinel" or word.isdigit())
    if kept[-1] in ("master", "replica", "slave", "primary"):
        return " ".join({"slave": "replica", "primary": "master"}.get(word, word) for word in kept)
    return "-".join(kept) if any(character.isdigit() for word in kept for character in word) else ""
