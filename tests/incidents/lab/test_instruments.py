"""The memory ledger held against real servers: its parts add up, and each is what the server itself says of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise

import pytest

from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput
from incidents.diagnostics.memory_ledger import Ledger, ledger_of
from incidents.lab.connections import Pool, encode, pipeline
from incidents.lab.faults import sets, wait_until
from incidents.lab.servers import RedisServer
from tests.servers import require_redis_server

pytestmark = pytest.mark.real_redis


@contextmanager
def with_data() -> Iterator[RedisServer]:
    with RedisServer() as server:
        pipeline(server.port, sets(20_000, 500))
        yield server


@contextmanager
def with_client_buffers() -> Iterator[RedisServer]:
    with RedisServer() as server, Pool(server.port, size=6, name="export") as readers:
        pipeline(server.port, sets(20, 100_000, "doc"))
        for connection in readers.sockets:
            _never_read(connection)
        time.sleep(0.5)
        yield server


def _never_read(connection: socket.socket) -> None:
    connection.setblocking(False)
    with suppress(BlockingIOError):
        for _ in range(90):
            connection.send(encode("GET", "doc:1"))


@contextmanager
def with_a_replica() -> Iterator[RedisServer]:
    with ExitStack() as stack:
        master = stack.enter_context(RedisServer({"repl-diskless-sync-delay": 0}))
        replica = stack.enter_context(RedisServer({"replicaof": f"127.0.0.1 {master.port}"}))
        wait_until(lambda: "master_link_status:up" in replica.cli("INFO", "replication"))
        pipeline(master.port, sets(10_000, 500))
        yield master


@contextmanager
def with_aof() -> Iterator[RedisServer]:
    with RedisServer({"appendonly": "yes"}) as server:
        pipeline(server.port, sets(20_000, 500))
        yield server


STATES = {
    "data": (with_data, "data"),
    "client buffers": (with_client_buffers, "clients"),
    "replica": (with_a_replica, "replicas"),
    "AOF": (with_aof, "data"),
}


def ledger_and_stats(server: RedisServer) -> tuple[Ledger, dict[str, float]]:
    # In one connection and right after another: an idle server does not change between the two.
    printed = server.cli(stdin="INFO memory\nMEMORY STATS\n")
    info, _, stats = printed.partition("peak.allocated")
    ledger = ledger_of(diagnose(IncidentInput(redis_info=info)).dossier.main)
    words = ["peak.allocated", *stats.split()]
    numbers = {name: _number(value) for name, value in pairwise(words)}
    assert ledger is not None
    return ledger, numbers


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@pytest.mark.parametrize(("state", "largest"), STATES.values(), ids=STATES)
def test_the_ledger_adds_up_to_used_memory_within_two_per_cent(
    state: Callable[..., Iterator[RedisServer]], largest: str
):
    require_redis_server()

    with state() as server:  # type: ignore[attr-defined]
        ledger, stats = ledger_and_stats(server)

    parts = {part.name: part.bytes for part in ledger.parts}
    room = 0.02 * ledger.used
    assert sum(parts.values()) == pytest.approx(ledger.used, abs=room)
    assert largest in parts
    for name, said in (
        ("data", stats["dataset.bytes"]),
        ("clients", stats["clients.normal"]),
        ("startup", stats["startup.allocated"]),
        ("keyspace", stats.get("overhead.hashtable.main", 0) + stats.get("overhead.hashtable.expires", 0)),
        ("aof", stats["aof.buffer"]),
    ):
        assert parts.get(name, 0) == pytest.approx(said, abs=room), name
