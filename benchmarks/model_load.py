"""A hundred model runs at once in one serving process, wave after wave: is every event there, and is memory flat?"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks import portal
from benchmarks.bench import Bench, memory_mb, percentile
from benchmarks.model import body_of, events, model_server, post, scenario, token_of_administrator

RUNS = 100
WAVES = 6
MODEL = "honest/600/5"
SETTLE_SECONDS = 3.0


def run(bench: Bench) -> None:
    portal.set_up()
    runs = bench.size or RUNS
    settings = {"ANALYSIS_THREADS": str(min(runs, 200)), "MODEL_TIMEOUT_SECONDS": "120"}
    token = token_of_administrator()
    rows: list[tuple[str, ...]] = []
    with (
        model_server() as address,
        portal.serving(OPENAI_BASE_URL=address, OPENAI_MODEL=MODEL, OPENAI_API_KEY="bench", **settings) as (url, pid),
    ):
        rows.append(("before", "", "", "", "", f"{memory_mb(pid):.0f} MB"))
        for wave in range(1, WAVES + 1):
            with bench.working(f"wave {wave} of {WAVES}"):
                started = time.perf_counter()
                seen = _wave(url, token, runs, wave)
                seconds = time.perf_counter() - started
                time.sleep(SETTLE_SECONDS)
            rows.append(_row(str(wave), seen, seconds, memory_mb(pid)))
    bench.table(("wave", "by the model", "events", "lost", "first words p95", "memory after"), rows)


def _row(wave: str, seen: list[dict[str, Any]], seconds: float, memory: float) -> tuple[str, ...]:
    return (
        f"{wave} ({seconds:.0f} s)",
        f"{sum(one['analyst'] != 'rules' for one in seen)} of {len(seen)}",
        f"{sum(one['events'] for one in seen):,}",
        str(sum(one["lost"] for one in seen)),
        f"{percentile([one['first'] for one in seen], 0.95):.1f} s",
        f"{memory:.0f} MB",
    )


def _wave(url: str, token: str, runs: int, wave: int) -> list[dict[str, Any]]:
    """Submit incidents at one moment and follow each to its end."""
    at_once = threading.Barrier(runs)

    def one(number: int) -> dict[str, Any]:
        at_once.wait()
        return _followed(url, token, wave * 1000 + number)

    with ThreadPoolExecutor(runs) as pool:
        return list(pool.map(one, range(runs)))


def _followed(url: str, token: str, number: int) -> dict[str, Any]:
    started = time.perf_counter()
    answer = post(f"{url}/api/v1/analyze?wait=0", token, body_of(scenario(), number))
    first, kinds = 0.0, []
    for kind, data in events(answer["events_url"], token):
        kinds.append(kind)
        first = first or (time.perf_counter() - started if kind == "text" and data.get("delta") else 0.0)
    stored = _get(answer["run_url"], token)
    # What was streamed must be what is stored, one for one, to the end.
    lost = len(stored["events"]) - len(kinds) + (kinds[-1:] != ["done"])
    return {"analyst": stored["analyst"], "events": len(kinds), "lost": lost, "first": first}


def _get(url: str, token: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Token {token}"})  # noqa: S310  (of our own)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return dict(json.load(answer))
