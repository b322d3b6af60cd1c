"""The faults: each starts private servers, breaks one thing for real, and yields what an operator would capture."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from incidents.diagnostics.intake import IncidentInput
from incidents.lab.capturing import capture
from incidents.lab.connections import Pool, Proxy, encode, pipeline
from incidents.lab.servers import ConfigValue, RedisServer, free_port

NOT_WRITABLE = "/proc/sys/kernel/ostype"  # refuses writers with EACCES, root too
FULL_DEVICE = "/dev/full"  # refuses writers with ENOSPC
NEXT_PIDS = 4000  # temp files are named after the child's pid

Provocation = Callable[[], Iterator[IncidentInput]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the lab and the verdict that must come of it."""

    slug: str
    title: str
    category: str
    severities: tuple[str, ...]
    causes: tuple[str, ...]  # hypothesis ids, any of them
    provoke: Provocation
    scenario: str = ""


FAULTS: dict[str, Fault] = {}


def fault(
    slug: str, title: str, *, category: str, severities: str, causes: str, scenario: str = ""
) -> Callable[[Provocation], Provocation]:
    """Register a provocation. It is a generator: what it yields was captured while the fault stood."""

    def register(provoke: Provocation) -> Provocation:
        FAULTS[slug] = Fault(slug, title, category, tuple(severities.split()), tuple(causes.split()), provoke, scenario)
        return provoke

    return register


@contextmanager
def provoked(chosen: Fault) -> Iterator[IncidentInput]:
    """The fault as long as the block lasts; its servers are gone afterwards."""
    captures = chosen.provoke()
    try:
        yield next(captures)
    finally:
        captures.close()  # type: ignore[attr-defined]


def wait_until(condition: Callable[[], bool], *, seconds: float = 20.0) -> bool:
    """Poll until the condition holds. False when the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def sets(count: int, size: int, prefix: str = "session") -> Iterator[tuple[str, ...]]:
    return (("SET", f"{prefix}:{number}", "x" * size) for number in range(count))


# --- SC-001 … SC-008 -------------------------------------------------------------------------------------------


@fault(
    "maxmemory-reached", "maxmemory is reached with noeviction", scenario="SC-001", category="memory",
    severities="critical", causes="memory-oom-noeviction",
)  # fmt: skip
def maxmemory_reached() -> Iterator[IncidentInput]:
    with RedisServer({"maxmemory": "24mb", "maxmemory-policy": "noeviction"}) as server:
        errors = pipeline(server.port, sets(40_000, 1000))
        yield capture(server, errors=[f"redis.ResponseError: {text}" for text in errors[:2]])


@fault(
    "maxclients-reached", "A pool takes every connection", scenario="SC-002", category="connection",
    severities="high critical", causes="connection-maxclients connection-leak",
)  # fmt: skip
def maxclients_reached() -> Iterator[IncidentInput]:
    with RedisServer({"maxclients": 60}) as server, Pool(server.port, size=58, name="web-pool"):
        refused = Pool(server.port, size=12, name="late")
        refused.close()
        errors = ["redis.exceptions.ConnectionError: max number of clients reached"] if refused.refused else []
        yield capture(server, errors=errors)


@fault(
    "replica-lags", "A replica hangs and falls behind", scenario="SC-003", category="replication",
    severities="high critical medium", causes="replication-lag",
)  # fmt: skip
def replica_lags() -> Iterator[IncidentInput]:
    with RedisServer({"repl-diskless-sync-delay": 0}) as master, _replica_of(master) as replica:
        wait_until(lambda: "state=online" in master.cli("INFO", "replication"))
        replica.pause()
        started = time.monotonic()
        while time.monotonic() - started < 12:
            pipeline(master.port, sets(400, 1000))
            time.sleep(0.2)
        try:
            yield capture(master, deployment="replication", description="레플리카에서 읽는 값이 오래되었습니다")
        finally:
            replica.resume()


@contextmanager
def _replica_of(master: RedisServer) -> Iterator[RedisServer]:
    with RedisServer({"replicaof": f"127.0.0.1 {master.port}"}) as replica:
        yield replica


@fault(
    "cluster-node-fails", "A master without a replica dies", scenario="SC-004", category="cluster",
    severities="critical", causes="cluster-slot-uncovered cluster-node-fail",
)  # fmt: skip
def cluster_node_fails() -> Iterator[IncidentInput]:
    config: dict[str, ConfigValue] = {"cluster-enabled": "yes", "cluster-node-timeout": 1500}
    with ExitStack() as stack:
        nodes = [stack.enter_context(RedisServer(config)) for _ in range(3)]
        addresses = [f"127.0.0.1:{node.port}" for node in nodes]
        nodes[0].cli("--cluster", "create", *addresses, "--cluster-yes", timeout=30)
        wait_until(lambda: all("cluster_state:ok" in node.cli("CLUSTER", "INFO") for node in nodes))
        nodes[2].stop(sign=signal.SIGKILL)
        wait_until(lambda: "cluster_state:fail" in nodes[0].cli("CLUSTER", "INFO"))
        artifacts = {"cluster_info": nodes[0].cli("CLUSTER", "INFO"), "cluster_nodes": nodes[0].cli("CLUSTER", "NODES")}
        errors = [nodes[0].cli("SET", "{a}1", "1")]
        yield capture(nodes[0], deployment="cluster", artifacts=artifacts, errors=errors)


@fault(
    "slow-commands", "A dashboard runs KEYS and SORT", scenario="SC-005", category="performance",
    severities="medium high", causes="perf-slow-command",
)  # fmt: skip
def slow_commands() -> Iterator[IncidentInput]:
    with RedisServer({"slowlog-log-slower-than": 2000, "latency-monitor-threshold": 5}) as server:
        server.cli("DEBUG", "POPULATE", "400000", "session", "20")
        pipeline(server.port, (("RPUSH", "rank:all", str(number * 7919 % 100_003)) for number in range(60_000)))
        with Pool(server.port, size=1, name="admin-dashboard") as dashboard:
            for _ in range(4):
                dashboard.send("KEYS", "session:*99*")
                dashboard.send("SORT", "rank:all", "ALPHA", "LIMIT", "0", "10")
            wait_until(lambda: server.cli("SLOWLOG", "LEN") not in ("0", "1", "2", "3", "4", "5"), seconds=10)
            yield capture(server, description="API p99 latency jumps every few seconds")


@fault(
    "aof-rewrite-fails", "The disk has no room for an AOF rewrite", scenario="SC-006", category="persistence",
    severities="high critical", causes="persistence-disk-full persistence-aof-rewrite",
)  # fmt: skip
def aof_rewrite_fails() -> Iterator[IncidentInput]:
    with RedisServer({"appendonly": "yes"}) as server:
        pipeline(server.port, sets(2000, 500))
        for _ in range(3):
            _redirect_children(server.directory, "temp-rewriteaof-{pid}.aof", FULL_DEVICE)
            server.cli("BGREWRITEAOF")
            wait_until(lambda: "aof_rewrite_in_progress:0" in server.cli("INFO", "persistence"), seconds=5)
            time.sleep(0.3)
        yield capture(server, description="AOF 재작성이 계속 실패합니다")


@fault(
    "rdb-save-fails", "The data directory can't be written", scenario="SC-007", category="persistence",
    severities="high critical", causes="persistence-dir-permission persistence-rdb-misconf",
)  # fmt: skip
def rdb_save_fails() -> Iterator[IncidentInput]:
    with RedisServer({"save": "3600 1"}) as server:
        pipeline(server.port, sets(500, 100))
        for _ in range(2):
            _redirect_children(server.directory, "temp-{pid}.rdb", NOT_WRITABLE)
            server.cli("BGSAVE")
            wait_until(lambda: "rdb_last_bgsave_status:err" in server.cli("INFO", "persistence"), seconds=5)
        errors = [f"redis.ResponseError: {server.cli('SET', 'order:1', 'x')}"]
        yield capture(server, errors=errors)


def _redirect_children(directory: Path, pattern: str, target: str) -> None:
    """Let the temporary file of the next child lead to a device that refuses it, whatever its pid will be."""
    with subprocess.Popen(["true"]) as probe:
        newest = probe.pid  # the counter of pids stands here
    for pid in range(newest, newest + NEXT_PIDS):
        link = directory / pattern.format(pid=pid)
        if not link.is_symlink():
            link.symlink_to(target)


@fault(
    "network-partition", "A partition leaves two masters", scenario="SC-008", category="replication",
    severities="critical", causes="sentinel-split-brain sentinel-flapping",
)  # fmt: skip
def network_partition() -> Iterator[IncidentInput]:
    with ExitStack() as stack:
        master = stack.enter_context(RedisServer())
        proxy = Proxy(master.port, free_port())
        stack.callback(proxy.cut)
        replica = stack.enter_context(RedisServer({"replicaof": f"127.0.0.1 {proxy.port}"}))
        wait_until(lambda: "master_link_status:up" in replica.cli("INFO", "replication"))
        sentinels = [stack.enter_context(_sentinel(proxy.port)) for _ in range(3)]
        wait_until(lambda: all("num-other-sentinels\n2" in s.cli("SENTINEL", "MASTER", "mymaster") for s in sentinels))
        wait_until(lambda: "num-slaves\n1" in sentinels[0].cli("SENTINEL", "MASTER", "mymaster"))
        proxy.cut()
        wait_until(lambda: "role:master" in replica.cli("INFO", "replication"), seconds=25)
        time.sleep(1.5)
        written = master.cli("SET", "written-on", "the old master")
        artifacts = {
            "sentinel_master": sentinels[0].cli("SENTINEL", "MASTER", "mymaster"),
            "sentinel_log": sentinels[0].log_text().splitlines(),
            "new_master_info_replication": replica.cli("INFO", "replication"),
            "new_master_log": replica.log_text().splitlines(),
            "old_master_write": f"SET on the old master answered {written}",
        }
        description = "네트워크 장애 후 마스터가 두 대로 보입니다"
        yield capture(master, deployment="sentinel", artifacts=artifacts, description=description)


def _sentinel(port: int) -> RedisServer:
    return RedisServer(
        {
            "sentinel monitor": f"mymaster 127.0.0.1 {port} 2",
            "sentinel down-after-milliseconds": "mymaster 1500",
            "sentinel failover-timeout": "mymaster 6000",
        },
        sentinel=True,
    )


# --- and more --------------------------------------------------------------------------------------------------


@fault(
    "script-blocks", "A Lua script never ends", category="performance", severities="high critical",
    causes="perf-lua-busy",
)  # fmt: skip
def script_blocks() -> Iterator[IncidentInput]:
    with RedisServer({"lua-time-limit": 300}) as server, Pool(server.port, size=1, name="batch") as pool:
        pool.send("EVAL", "while true do end", "0")
        wait_until(lambda: "BUSY" in server.cli("PING"), seconds=5)
        errors = [f"redis.exceptions.ResponseError: {server.cli('GET', 'a')}"]
        server.cli("SCRIPT", "KILL")
        yield capture(server, errors=errors, description="몇 초 동안 모든 요청이 BUSY 오류였습니다")


@fault(
    "wrong-password", "Clients use the old password", category="security", severities="medium high",
    causes="security-noauth",
)  # fmt: skip
def wrong_password() -> Iterator[IncidentInput]:
    with RedisServer() as server:
        server.cli("ACL", "SETUSER", "billing", "on", ">new-password", "~*", "+@all")
        for _ in range(12):
            pipeline(server.port, [("AUTH", "billing", "old-password")])
        yield capture(
            server,
            artifacts={"acl_log": server.cli("ACL", "LOG")},
            errors=["redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled."],
            description="비밀번호 교체 이후 billing 서비스가 로그인하지 못합니다",
        )


@fault(
    "no-good-replicas", "min-replicas-to-write is not met", category="replication", severities="critical high",
    causes="replication-min-replicas",
)  # fmt: skip
def no_good_replicas() -> Iterator[IncidentInput]:
    with RedisServer({"min-replicas-to-write": 1}) as server:
        errors = [f"redis.ResponseError: {server.cli('SET', 'a', '1')}" for _ in range(3)]
        yield capture(server, errors=errors[:1], deployment="replication")


@fault(
    "slow-readers", "Clients that never read fill the limit with output buffers", category="memory",
    severities="high medium critical", causes="memory-client-buffer",
)  # fmt: skip
def slow_readers() -> Iterator[IncidentInput]:
    config = {"maxmemory": "64mb", "maxmemory-policy": "allkeys-lru"}
    with RedisServer(config) as server:
        pipeline(server.port, sets(150, 100_000, "doc"))
        with Pool(server.port, size=6, name="export-1") as readers:
            for connection in readers.sockets:
                connection.setblocking(False)
            for _ in range(90):
                for connection in readers.sockets:
                    try:
                        connection.send(encode("GET", "doc:1"))
                    except BlockingIOError:
                        continue
            time.sleep(1.0)
            yield capture(server, description="Evictions began although the data set did not grow")


@fault(
    "healthy", "Nothing is wrong", category="none", severities="low", causes="",
)  # fmt: skip
def healthy() -> Iterator[IncidentInput]:
    with RedisServer({"maxmemory": "256mb", "maxmemory-policy": "allkeys-lru"}) as server:
        pipeline(server.port, sets(20_000, 200))
        pipeline(server.port, (("STRLEN", f"session:{number}") for number in range(20_000)))
        yield capture(server, description="정기 점검입니다. 이상이 없는지 확인 부탁드립니다.")
