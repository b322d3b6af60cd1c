"""Feed the engine generated inputs until there were enough: `python -m tests.fuzz --inputs 100000`.

Exceptions (those that an isolation point swallowed too) and inputs that take far longer than their length warrants are
counted by place, and one input of each is kept. Exit status 1 if there was any.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import pickle
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.evidence import recognise
from incidents.diagnostics.intake import IncidentInput, UploadedText
from tests.incidents.diagnostics.generated import intakes

ROUND = 1_000  # inputs of one run of hypothesis, which remembers all of them
HANG_SECONDS = 60.0
SLOW_SECONDS, SLOW_PER_CHARACTER = 0.25, 10e-6  # of processor time; the usual is 0.01 s and 0.3 µs


@dataclass
class Tally:
    """What went wrong, by place."""

    kept: Path
    inputs: int = 0
    characters: int = 0
    seconds: float = 0.0
    slowest: float = 0.0  # seconds per thousand characters, of inputs above that size
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, place: str, intake: IncidentInput, detail: str) -> None:
        self.faults[place] += 1
        if self.faults[place] == 1:
            number = len(self.faults)
            self.kept.mkdir(parents=True, exist_ok=True)
            (self.kept / f"{number:03d}.pickle").write_bytes(pickle.dumps(intake))
            (self.kept / f"{number:03d}.txt").write_text(f"{place}\n{detail}\n{intake!r}"[:200_000])


class Complaints(logging.Handler):
    """Exceptions that an isolation point swallowed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.errors.append(error or RuntimeError(record.getMessage()))


def size_of(intake: IncidentInput) -> int:
    texts = [intake.description, intake.redis_info, *intake.error_logs, *intake.pasted]
    files = sum(len(file.text) for file in intake.files if isinstance(file, UploadedText))
    return sum(map(len, texts)) + files + sum(len(str(v)) for v in (*intake.artifacts.values(), intake.metrics))


def place_of(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/incidents/" in frame.filename]
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "elsewhere"
    return f"{type(error).__name__} at {where}"


def work_through(intake: IncidentInput, *, language: str) -> float:
    """Do all that the engine does with an input. Return the seconds of processor time that it took."""
    started = time.process_time()
    for text in intake.pasted:
        recognise(text)
    report = write_report(diagnose(intake), incident_id="fuzz", language=language)
    json.dumps(report.as_json(), allow_nan=False)
    return time.process_time() - started


def feed(intake: IncidentInput, tally: Tally, complaints: Complaints) -> None:
    complaints.errors.clear()
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)  # a regex can't be interrupted from Python
    language, took = "en" if tally.inputs % 2 else "ko", 0.0
    try:
        took = work_through(intake, language=language)
        if took > SLOW_SECONDS:  # a collection of garbage is slow once, a slow input each time
            took = min(took, work_through(intake, language=language))
    except Exception as error:  # noqa: BLE001  (what we are here for)
        complaints.errors.append(error)
    faulthandler.cancel_dump_traceback_later()
    size = size_of(intake)
    for error in complaints.errors:
        tally.add(place_of(error), intake, "".join(traceback.format_exception(error)))
    if took > SLOW_SECONDS + SLOW_PER_CHARACTER * size:
        tally.add(f"slow, of {size // 1000 * 1000} characters or more", intake, f"{took:.2f} s for {size} characters")
    tally.inputs, tally.characters, tally.seconds = tally.inputs + 1, tally.characters + size, tally.seconds + took
    if size > 1_000:
        tally.slowest = max(tally.slowest, took * 1000 / size)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each round takes the next one")
    parser.add_argument(
        "--keep", type=Path, default=Path("artefacts/fuzz"), help="where an input of each fault is kept"
    )
    options = parser.parse_args()
    for language in ("ko", "en"):  # the tables of rules, commands and words are read once, at no input's cost
        write_report(diagnose(IncidentInput(description="nothing")), incident_id="fuzz", language=language)
    tally, complaints = Tally(options.keep), Complaints()
    logger = logging.getLogger("incidents")
    logger.addHandler(complaints)
    logger.propagate = False
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("no fault", total=options.inputs)
        for number in range(options.seed, sys.maxsize):
            if tally.inputs >= options.inputs:
                break
            one_round(number, min(ROUND, options.inputs - tally.inputs), tally, complaints)
            said = f"{len(tally.faults)} faults" if tally.faults else "no fault"
            progress.update(task, completed=tally.inputs, description=said)
            if not progress.console.is_terminal:
                print(f"{tally.inputs:,} inputs, {said}", flush=True)
    print(f"{tally.inputs:,} inputs, {tally.characters / 1e6:,.0f} M characters, {tally.seconds:,.0f} s in the engine, "
          f"slowest {tally.slowest * 1000:.0f} ms per 1,000 characters; {len(tally.faults)} faults")  # fmt: skip
    for place, count in tally.faults.most_common():
        print(f"{count:6} × {place}")
    sys.exit(1 if tally.faults else 0)


def one_round(number: int, count: int, tally: Tally, complaints: Complaints) -> None:
    @seed(number)
    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(intakes)
    def feed_one(intake: IncidentInput) -> None:
        feed(intake, tally, complaints)

    feed_one()


if __name__ == "__main__":
    main()
