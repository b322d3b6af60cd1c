"""Evidence made up for measuring: deterministic, of the shapes and proportions that operators hand in."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from incidents.diagnostics.intake import IncidentInput, UploadedText

BEGIN = datetime(2026, 3, 2, 4, 0)
_INFO = """# Server
redis_version:7.2.4
redis_mode:standalone
os:Linux 6.1.0 x86_64
process_id:2417
run_id:{run_id}
tcp_port:{port}
server_time_usec:1772424000000000
uptime_in_seconds:864000
# Clients
connected_clients:412
maxclients:10000
blocked_clients:3
# Memory
used_memory:8504034304
used_memory_rss:9932111872
used_memory_peak:8589934592
maxmemory:8589934592
maxmemory_policy:noeviction
mem_fragmentation_ratio:1.17
allocator_frag_ratio:1.05
# Persistence
loading:0
rdb_changes_since_last_save:412233
rdb_last_bgsave_status:ok
aof_enabled:0
# Stats
total_connections_received:912331
total_commands_processed:99123123
instantaneous_ops_per_sec:5120
rejected_connections:0
expired_keys:12311
evicted_keys:0
keyspace_hits:8123123
keyspace_misses:912311
total_error_replies:41221
# Replication
role:master
connected_slaves:1
slave0:ip=10.0.0.9,port=6379,state=online,offset=991231,lag=0
master_repl_offset:991240
# CPU
used_cpu_sys:4123.1
used_cpu_user:9123.2
# Commandstats
cmdstat_get:calls=51231231,usec=91231231,usec_per_call=1.78,rejected_calls=0,failed_calls=0
cmdstat_set:calls=31231231,usec=81231231,usec_per_call=2.60,rejected_calls=41221,failed_calls=0
# Errorstats
errorstat_OOM:count=41221
# Keyspace
db0:keys=21312311,expires=12,avg_ttl=812
"""
_ROUTINE = (
    "* {n} changes in 60 seconds. Saving...",
    "* Background saving started by pid {pid}",
    "* Background saving terminated with success",
    "* Fork CoW for RDB: current {n} MB, peak {n} MB, average {n} MB",
    "- Accepted 10.0.{a}.{b}:{port}",
    "- Client closed connection id={n} addr=10.0.{a}.{b}:{port} laddr=10.0.0.5:6379 fd=11 name= age={n} idle=0 flags=N "
    "db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 obl=0 oll=0 omem=0 cmd=get",
    "- DB 0: {n} keys (12 volatile) in {n} slots HT.",
    ". {n} clients connected (1 replicas), {n} bytes in use",
)
_TROUBLE = (
    "# Client id={n} addr=10.0.{a}.{b}:{port} fd=11 name= age=9 idle=0 flags=S omem=268435472 "
    "scheduled to be closed ASAP for overcoming of output buffer limits.",
    "# Connection with replica 10.0.0.9:6379 lost.",
    "* Replica 10.0.0.9:6379 asks for synchronization",
    "* Full resync requested by replica 10.0.0.9:6379",
    "* Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync "
    "to complete, this may slow down Redis.",
)
_COMMANDS = ("get", "set", "hgetall", "lrange", "zrangebyscore", "del", "expire", "mget")


def log_lines(count: int, *, trouble_every: int = 500, seed: int = 1) -> Iterator[str]:
    """Lines of a server's log: saves, connections, and now and then a replica that can't keep up."""
    dice = random.Random(seed)  # noqa: S311  (not for secrets)
    at = BEGIN
    for number in range(count):
        at += timedelta(milliseconds=dice.randrange(1, 400))
        shapes = _TROUBLE if number % trouble_every == trouble_every - 1 else _ROUTINE
        values = {"n": dice.randrange(1, 99_999), "pid": dice.randrange(3000, 9000), "a": dice.randrange(256)}
        message = dice.choice(shapes).format(**values, b=dice.randrange(256), port=dice.randrange(1024, 65_000))
        yield f"2417:M {at:%d %b %Y %H:%M:%S}.{at.microsecond // 1000:03d} {message}"


def info(*, port: int = 6379) -> str:
    return _INFO.format(port=port, run_id=f"{port:040x}")


def client_list(count: int, *, seed: int = 2) -> str:
    dice = random.Random(seed)  # noqa: S311
    return "\n".join(
        f"id={n} addr=10.0.{n % 200}.{n % 251}:{40_000 + n} laddr=10.0.0.5:6379 fd={n} name=worker-{n % 9} "
        f"age={dice.randrange(90_000)} idle={dice.randrange(900)} flags=N db=0 sub=0 psub=0 multi=-1 qbuf=0 "
        f"qbuf-free=0 argv-mem=0 obl=0 oll=0 omem=0 tot-mem=22272 events=r cmd={dice.choice(_COMMANDS)} user=default"
        for n in range(1, count + 1)
    )


def slowlog(count: int, *, seed: int = 3) -> str:
    dice = random.Random(seed)  # noqa: S311
    return "\n".join(
        f"{n}) 1) (integer) {count - n}\n   2) (integer) {1_772_423_000 + n}\n   3) (integer) "
        f'{dice.randrange(10_000, 90_000)}\n   4) 1) "{dice.choice(_COMMANDS).upper()}"\n      2) "cart:{n}"\n'
        f'   5) "10.0.0.{n % 250}:5{n:04d}"\n   6) "worker"'
        for n in range(1, count + 1)
    )


def cases() -> dict[str, IncidentInput]:
    """Incidents of about 60 KB each, handed in the three ways that people do."""
    said = "Writes have failed with OOM errors since 04:00."
    lists = {"client_list": client_list(140), "slowlog": slowlog(40)}
    whole = "\n\n".join(
        [said, info(), "\n".join(log_lines(230)), client_list(150), "127.0.0.1:6379> SLOWLOG GET 40", slowlog(40)]
    )
    files = [
        file
        for port in (7001, 7002, 7003)
        for file in (
            UploadedText(f"node-{port}.info", info(port=port)),
            UploadedText(f"node-{port}.log", "\n".join(log_lines(220, seed=port)).replace("2417:M", f"{port}:M")),
        )
    ]
    return {
        "one paste of everything": IncidentInput(pasted=(whole,)),
        "a form's fields": IncidentInput(
            description=said, redis_info=info(), error_logs=tuple(log_lines(230)), artifacts=lists
        ),
        "files of three nodes": IncidentInput(description=said, files=tuple(files)),
    }


def size_of(intake: IncidentInput) -> int:
    """Characters that were handed in."""
    texts = [intake.description, intake.redis_info, *intake.error_logs, *intake.pasted, *intake.artifacts.values()]
    return sum(map(len, texts)) + sum(len(file.text) for file in intake.files if isinstance(file, UploadedText))
