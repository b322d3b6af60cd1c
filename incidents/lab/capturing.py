"""Capture a server as an operator would: INFO, log, SLOWLOG, CLIENT LIST, LATENCY and what fits the topology."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.diagnostics.intake import IncidentInput
from incidents.lab.servers import RedisServer

SETTINGS = (
    "maxmemory", "maxmemory-policy", "maxclients", "timeout", "save", "appendonly", "dir", "dbfilename",
    "min-replicas-to-write", "client-output-buffer-limit", "repl-backlog-size", "cluster-node-timeout",
)  # fmt: skip


def capture(
    server: RedisServer,
    *,
    description: str = "",
    deployment: str = "standalone",
    artifacts: Mapping[str, Any] | None = None,
    errors: list[str] | None = None,
    clock: datetime | None = None,
) -> IncidentInput:
    """What an operator would hand in of this server. A server that is down gives its log alone."""
    alive = server.process is not None and server.process.poll() is None
    info = server.cli("INFO", "all") if alive else ""
    captured: dict[str, Any] = {"client_errors": errors or []}
    if alive:
        captured |= {
            "slowlog": server.cli("SLOWLOG", "GET", "25"),
            "client_list": server.cli("CLIENT", "LIST"),
            "latency_latest": server.cli("LATENCY", "LATEST"),
            "config": _settings(server),
        }
    return IncidentInput(
        timestamp=(clock or datetime.now()).isoformat(timespec="seconds"),
        error_logs=tuple(server.log_text().splitlines()),
        redis_info=info,
        deployment_type=deployment,
        description=description,
        artifacts={**captured, **(artifacts or {})},
    )


def _settings(server: RedisServer) -> dict[str, str]:
    values: dict[str, str] = {}
    for name in SETTINGS:
        lines = server.cli("CONFIG", "GET", name).splitlines()
        if lines:
            values[lines[0]] = lines[1] if len(lines) > 1 else ""
    return values
