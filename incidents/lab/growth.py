"""Two samples of a real server that fills up, and when it really was full: what forecasts are held against."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from incidents.diagnostics.intake import IncidentInput
from incidents.lab.connections import pipeline
from incidents.lab.faults import sets
from incidents.lab.servers import RedisServer


@dataclass(frozen=True, slots=True)
class FillingUp:
    """An intake with two samples, and the minutes that the server then took to reach its limit."""

    intake: IncidentInput
    minutes_it_took: float


def fill_up(*, limit: str = "48mb", pause: float = 0.25, clock: Callable[[], float] = time.monotonic) -> FillingUp:
    """Write at a steady pace until writes are refused; sample twice on the way."""
    with RedisServer({"maxmemory": limit, "maxmemory-policy": "noeviction"}) as server:
        start = clock()
        samples: list[tuple[float, str, datetime]] = []
        batch = 0
        while True:
            due = start + batch * pause
            time.sleep(max(0.0, due - clock()))
            if batch in (8, 32):
                samples.append((clock(), server.cli("INFO", "all"), datetime.now(UTC)))
            if pipeline(server.port, sets(350, 1000, f"audit:{batch}")):
                break
            batch += 1
        full = clock()
        (_, first, first_at), (second_time, second, second_at) = samples
        intake = IncidentInput(
            redis_info=second,
            description="메모리가 계속 늘고 있습니다. 몇 분 남았나요?",
            artifacts={
                "redis_info_earlier": first,
                "redis_info_earlier_at": _iso(first_at),
                "redis_info_at": _iso(second_at),
            },
        )
        return FillingUp(replace(intake), (full - second_time) / 60)


def _iso(moment: datetime) -> str:
    return moment.isoformat()
