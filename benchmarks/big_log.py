"""A log of a million lines through the command an operator types, beside reading the same file line by line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks import material
from benchmarks.bench import ROOT, Bench, Measured, run_process

LINES = 1_000_000
GOAL = "< 30 s, < 300 MB"
_READ = "import sys\nfor line in open(sys.argv[1], encoding='utf-8'): pass"


def run(bench: Bench) -> None:
    count = bench.size or LINES
    file = Path(os.environ["DATA_DIR"]) / "redis.log"
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in bench.track(material.log_lines(count), "writing", total=count))
    megabytes = file.stat().st_size / 1e6
    with bench.working("for line in file …"):
        plain = run_process((sys.executable, "-c", _READ, str(file)))
    with bench.working("manage.py diagnose …"):
        small = _diagnose(_short(file))
        whole = _diagnose(file)
    file.unlink()
    rows = [("for line in file", plain, ""), ("diagnose, its first 1,000 lines", small, ""), ("diagnose", whole, GOAL)]
    bench.table(
        (f"{megabytes:.0f} MB, {count:,} lines", "seconds", "lines/s", "peak RSS", "goal"),
        [(name, f"{m.seconds:.1f}", f"{count / m.seconds:,.0f}" if m is not small else "", f"{m.peak_mb:.0f} MB", goal)
         for name, m, goal in rows],
    )  # fmt: skip
    bench.console.print(f"beside plain reading: {whole.seconds / plain.seconds:.1f} × the time, "
                        f"{whole.peak_mb - small.peak_mb:+.0f} MB over a small log")  # fmt: skip


def _short(file: Path) -> Path:
    short = file.with_name("short.log")
    with file.open(encoding="utf-8") as stream:
        short.write_text("".join(line for line, _ in zip(stream, range(1000), strict=False)), encoding="utf-8")
    return short


def _diagnose(file: Path) -> Measured:
    return run_process((sys.executable, str(ROOT / "manage.py"), "diagnose", str(file), "--json"))
