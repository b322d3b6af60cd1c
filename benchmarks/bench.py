"""What every bench leans on: a console, progress, tables, percentiles, and processes whose peak of memory is known."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")

LOOK_EVERY = 0.01  # seconds between two looks at a process' memory


@dataclass(frozen=True)
class Bench:
    """Where a bench shows itself. `full` asks for the sizes that take minutes, `size` for another than the usual."""

    console: Console
    full: bool = False
    size: int | None = None

    def track(self, items: Iterable[T], what: str, *, total: int | None = None) -> Iterator[T]:
        with self._progress() as progress:
            yield from progress.track(items, total=total, description=what)

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        with self.console.status(what):
            yield

    @contextmanager
    def counting(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Yield a function that is told how much is done."""
        with self._progress() as progress:
            task = progress.add_task(what, total=total)
            yield lambda done: progress.update(task, completed=done)

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self.console, transient=True)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        table = Table()
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print(table)


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    peak_mb: float
    output: str


def run_process(arguments: Sequence[str]) -> Measured:
    """Run a process to its end, looking at its peak of memory all along.

    Not `ru_maxrss`: that of a child begins at what its parent had in memory.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(arguments, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, peak_mb(process.pid))
            time.sleep(LOOK_EVERY)
        seconds = time.perf_counter() - started
        said.seek(0)
        return Measured(seconds, peak, said.read())


def peak_mb(pid: int | str = "self") -> float:
    """The most memory that a process has had. 0 when it has gone."""
    return _status(pid, "VmHWM:")


def memory_mb(pid: int | str = "self") -> float:
    """The memory that a process has now."""
    return _status(pid, "VmRSS:")


def _status(pid: int | str, name: str) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    return 0.0


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def milliseconds(value: float) -> str:
    return f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"
