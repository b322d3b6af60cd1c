"""Where the memory went: the parts of used_memory and of RSS, and whether raising maxmemory helps or kills."""

from __future__ import annotations

from dataclasses import dataclass

from incidents.diagnostics.dossier import Node
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.snapshot import Snapshot
from incidents.diagnostics.text import Text

FORK_SHARE = 0.3  # of the data that a save may copy under writes; measured values outrank it
SAFE_SHARE = 0.75  # of the host's memory that a limit with persistence may take


@dataclass(frozen=True, slots=True)
class Part:
    """One share of the memory. `label` is what people call it."""

    name: str
    label: Text
    bytes: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The parts add up to `used`; what lies between `used` and `rss` is `fragmentation`."""

    node: str
    parts: tuple[Part, ...]
    used: int
    rss: int
    fragmentation: int
    limit: int  # maxmemory, 0 for none
    host: int  # total_system_memory, 0 when unknown
    fork_headroom: int  # what a save may need beyond RSS
    advice: Text


_LABELS = {
    "startup": Text("기본 사용", "Start-up"),
    "data": Text("데이터", "Data"),
    "keyspace": Text("키·사전 오버헤드", "Key and dict overhead"),
    "clients": Text("클라이언트 버퍼", "Client buffers"),
    "replicas": Text("복제 버퍼·백로그", "Replica buffers and backlog"),
    "aof": Text("AOF 버퍼", "AOF buffer"),
    "scripts": Text("Lua·함수", "Lua and functions"),
    "cluster": Text("클러스터 링크", "Cluster links"),
}


def ledger_of(node: Node) -> Ledger | None:
    """Draw up the ledger of the newest sample. None when INFO memory was not pasted."""
    snapshot = node.latest
    if snapshot is None:
        return None
    try:
        return _draw(node.name, snapshot)
    except MissingField:
        return None


def _draw(name: str, snapshot: Snapshot) -> Ledger:
    used = int(snapshot.number("used_memory"))
    overhead = int(snapshot.number("used_memory_overhead"))
    parts = {
        "data": max(used - overhead, 0),
        "startup": _get(snapshot, "used_memory_startup"),
        "clients": _get(snapshot, "mem_clients_normal"),
        "replicas": _replication(snapshot),
        "aof": _get(snapshot, "mem_aof_buffer"),
        "scripts": _get(snapshot, "used_memory_scripts") or _get(snapshot, "used_memory_scripts_eval"),
        "cluster": _get(snapshot, "mem_cluster_links"),
    }
    parts["keyspace"] = max(overhead - sum(value for key, value in parts.items() if key != "data"), 0)
    rss = _get(snapshot, "used_memory_rss")
    limit, host = _get(snapshot, "maxmemory"), _get(snapshot, "total_system_memory")
    fork = max(
        _get(snapshot, "rdb_last_cow_size"), _get(snapshot, "aof_last_cow_size"), int(FORK_SHARE * parts["data"])
    )
    order = ("data", "keyspace", "clients", "replicas", "aof", "scripts", "cluster", "startup")
    return Ledger(
        node=name,
        parts=tuple(Part(key, _LABELS[key], parts[key]) for key in order if parts[key] > 0),
        used=used,
        rss=rss,
        fragmentation=max(rss - used, 0),
        limit=limit,
        host=host,
        fork_headroom=fork,
        advice=_advice(parts, used=used, rss=rss, limit=limit, host=host, fork=fork),
    )


def _get(snapshot: Snapshot, name: str) -> int:
    return int(snapshot.number(name)) if snapshot.has(name) else 0


def _replication(snapshot: Snapshot) -> int:
    """Since 7.0 the backlog and the replicas' buffers share memory: adding them would count it twice."""
    shared = _get(snapshot, "mem_total_replication_buffers")
    apart = _get(snapshot, "mem_clients_slaves") + _get(snapshot, "mem_replication_backlog")
    return shared or apart


def _advice(parts: dict[str, int], *, used: int, rss: int, limit: int, host: int, fork: int) -> Text:
    buffers = parts["clients"] + parts["replicas"]
    if buffers > 0.25 * used:
        return Text(
            ko="버퍼가 메모리의 {share:pct}를 차지합니다. maxmemory를 올려도 버퍼가 다시 채웁니다. 버퍼를 쥔 클라이언트부터 찾으십시오.",
            en="Buffers hold {share:pct} of the memory. Raising maxmemory only gives them more: find their owners first.",
        ).format(share=buffers / max(used, 1))
    if host and rss + fork > 0.95 * host:
        return Text(
            ko="RSS {rss:bytes}에 저장 시 fork 여유 {fork:bytes}를 더하면 호스트 {host:bytes}를 넘습니다. maxmemory를 올리면 OOM killer가 프로세스를 종료할 수 있습니다.",
            en="RSS {rss:bytes} plus {fork:bytes} for a fork exceeds the host's {host:bytes}: raising maxmemory may get the process killed.",
        ).format(rss=rss, fork=fork, host=host)  # fmt: skip
    if limit and host and used > 0.8 * limit:
        room = int(SAFE_SHARE * host) - limit
        if room > 0.1 * limit:
            return Text(
                ko="호스트에 여유가 있어 maxmemory를 약 {room:bytes}까지 더 올릴 수 있습니다(fork 여유 포함). 원인을 고치는 동안의 시간 벌기입니다.",
                en="The host has room: maxmemory may grow by about {room:bytes} (fork head-room counted). It buys time while the cause is mended.",
            ).format(room=room)  # fmt: skip
    return Text(
        ko="메모리 구성에 위험 신호가 없습니다.",
        en="Nothing in the make-up of memory is alarming.",
    )
