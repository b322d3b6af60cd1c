"""From evidence to report by the rules alone, on incidents of about 60 KB."""

from __future__ import annotations

import time

from benchmarks import material
from benchmarks.bench import Bench, milliseconds, percentile

GOAL_MS = 50
ROUNDS = 60


def run(bench: Bench) -> None:
    from incidents.analysis.rules_analyst import write_report
    from incidents.diagnostics.diagnosis import diagnose

    rows, everything = [], []
    for name, intake in material.cases().items():
        write_report(diagnose(intake), incident_id="bench", language="en")  # the tables of rules are read once
        times = []
        for _ in bench.track(range(ROUNDS), name):
            started = time.perf_counter()
            write_report(diagnose(intake), incident_id="bench", language="en")
            times.append((time.perf_counter() - started) * 1000)
        everything += times
        rows.append(_row(name, f"{material.size_of(intake) / 1000:.0f} KB", times))
    bench.table(("incident", "size", "p50", "p95", "goal"), [*rows, _row("all", "", everything)])


def _row(name: str, size: str, times: list[float]) -> tuple[str, ...]:
    middle, high = (milliseconds(percentile(times, share)) for share in (0.5, 0.95))
    return name, size, middle, high, f"p95 < {GOAL_MS} ms"
