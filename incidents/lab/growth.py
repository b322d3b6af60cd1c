"""Two samples of a real server that fills up, and when it really was full: what forecasts are held against."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from incidents.diagnostics.intake import IncidentInput
from incidents.lab.connections import Pool, pipeline
from incidents.lab.faults import sets, wait_until
from incidents.lab.servers import ConfigValue, RedisServer

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class FillingUp:
    """An intake with two samples, and the minutes that the server then took to reach its limit."""

    intake: IncidentInput
    minutes_it_took: float


@dataclass(frozen=True, slots=True)
class _Sample:
    time: float
    at: datetime
    info: str


def fill_up(*, limit: str = "48mb", pause: float = 0.25, clock: Clock = time.monotonic) -> FillingUp:
    """Write at a steady pace until writes are refused; sample twice on the way."""
    with RedisServer({"maxmemory": limit, "maxmemory-policy": "noeviction"}) as server:
        return _watch(
            server, lambda batch: bool(pipeline(server.port, sets(350, 1000, f"audit:{batch}"))),
            pause=pause, looks=(8, 32), clock=clock, description="메모리가 계속 늘고 있습니다. 몇 분 남았나요?",
        )  # fmt: skip


def take_connections(*, limit: int = 320, pause: float = 0.25, clock: Clock = time.monotonic) -> FillingUp:
    """Open connections at a steady pace and keep them, as a leaking pool does, until one is refused."""
    pools: list[Pool] = []

    def leak(batch: int) -> bool:
        pools.append(Pool(server.port, size=5, name=f"leak-{batch}"))
        return pools[-1].refused > 0

    with RedisServer({"maxclients": limit}) as server:
        try:
            return _watch(
                server, leak, pause=pause, looks=(4, 26), clock=clock, description="연결 수가 계속 늘고 있습니다."
            )
        finally:
            for pool in pools:
                pool.close()


def overrun_backlog(*, size: str = "16mb", pause: float = 0.25, clock: Clock = time.monotonic) -> FillingUp:
    """Write at a steady pace with a replica away: the minutes until a partial resync is no longer possible."""
    config: dict[str, ConfigValue] = {"repl-backlog-size": size, "repl-diskless-sync-delay": 0}
    with RedisServer(config) as master, RedisServer({"replicaof": f"127.0.0.1 {master.port}"}) as replica:
        wait_until(lambda: "master_link_status:up" in replica.cli("INFO", "replication"))
        away_from = 0

        def write(batch: int) -> bool:
            nonlocal away_from
            pipeline(master.port, sets(350, 1000, f"audit:{batch}"))
            if batch == 24:  # right after the second sample
                away_from = _offset(replica, "slave_repl_offset")
                replica.pause()
            first_held = _offset(master, "repl_backlog_first_byte_offset")
            return bool(away_from) and first_held > away_from

        try:
            return _watch(
                master, write, pause=pause, looks=(2, 24), clock=clock, description="복제 백로그가 얼마나 버티나요?"
            )
        finally:
            replica.resume()


def _offset(server: RedisServer, field: str) -> int:
    lines = server.cli("INFO", "replication").splitlines()
    return next((int(line.partition(":")[2]) for line in lines if line.startswith(f"{field}:")), 0)


def _watch(
    server: RedisServer,
    grow: Callable[[int], bool],
    *,
    pause: float,
    looks: tuple[int, int],
    clock: Clock,
    description: str,
) -> FillingUp:
    """Let it grow batch by batch until `grow` says that the limit is reached."""
    start = clock()
    samples: list[_Sample] = []
    batch = 0
    while True:
        time.sleep(max(0.0, start + batch * pause - clock()))
        if batch in looks:
            samples.append(_Sample(clock(), datetime.now(UTC), server.cli("INFO", "all")))
        if grow(batch):
            break
        batch += 1
    first, second = samples
    intake = IncidentInput(
        redis_info=second.info,
        description=description,
        artifacts={
            "redis_info_earlier": first.info,
            "redis_info_earlier_at": first.at.isoformat(),
            "redis_info_at": second.at.isoformat(),
        },
    )
    return FillingUp(intake, (clock() - second.time) / 60)
