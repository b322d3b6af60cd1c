"""Where runs are executed: a few threads of the serving process, which take up whatever waits in the database."""

from __future__ import annotations

import logging
import os
import queue
import secrets
import socket
import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from incidents.models import AnalysisRun
from incidents.replaying import resume_replays
from incidents.runs import run_log
from incidents.runs.execution import Analyse, execute_run

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = run_log.LEASE.total_seconds() / 4
IDLE_SECONDS = 5.0  # how soon a lapsed run, or one queued by another process, is noticed
LONGEST_RUN = timedelta(minutes=15)  # a thread that hangs longer loses its lease, and the run ends elsewhere


class RunWorker:
    """Threads that execute waiting runs, and one that renews their leases. `name` tells the process."""

    def __init__(self, *, threads: int, analyse: Analyse | None = None) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._analyse = analyse
        self._wakeups: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        loops = [self._work] * threads + [self._beat]
        # Daemons: Ctrl-C must not wait for a slow model. What they leave is taken up at the next start.
        self._threads = [threading.Thread(target=loop, daemon=True, name=f"run-worker-{i}") for i, loop in
                         enumerate(loops)]  # fmt: skip

    def start(self) -> None:
        take_over_from_the_dead(at=timezone.now())
        resume_replays(at=timezone.now())
        for thread in self._threads:
            thread.start()

    def stop(self, *, timeout: float = 1.0) -> None:
        """Ask the threads to end and give up the leases, so that the next start goes on at once."""
        self._stopping.set()
        for _thread in self._threads:
            self.wake()
        for thread in self._threads:
            thread.join(timeout / len(self._threads))
        held = AnalysisRun.objects.filter(worker__startswith=self.name, status=AnalysisRun.Status.RUNNING)
        held.update(lease_until=timezone.now())

    def wake(self) -> None:
        self._wakeups.put(None)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and self._execute_one():
                    pass
            except Exception:  # isolation point: a locked or vanished database must not end the thread
                logger.exception("the run worker stumbled")
            finally:
                connection.close()
            self._rest()

    def _execute_one(self) -> bool:
        run = AnalysisRun.objects.waiting(at=timezone.now()).order_by("id").first()
        if run is None:
            return False
        for _row in execute_run(run=run, worker=self.name, analyse=self._analyse):
            if self._stopping.is_set():
                break
        return True

    def _rest(self) -> None:
        try:
            self._wakeups.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return

    def _beat(self) -> None:
        while not self._stopping.wait(HEARTBEAT_SECONDS):
            try:
                renew_leases(worker=self.name, at=timezone.now())
            except Exception:  # isolation point: the next beat may find the database again
                logger.exception("could not renew the leases")
            finally:
                connection.close()


def renew_leases(*, worker: str, at: datetime) -> int:
    held = AnalysisRun.objects.filter(worker__startswith=worker, status=AnalysisRun.Status.RUNNING)
    return held.filter(started_at__gt=at - LONGEST_RUN).update(lease_until=at + run_log.LEASE)


def take_over_from_the_dead(*, at: datetime) -> None:
    """Let leases lapse whose process on this machine is gone, so that a restart need not wait for them."""
    for run in AnalysisRun.objects.filter(status=AnalysisRun.Status.RUNNING, lease_until__gte=at):
        if is_gone(run.worker):
            run_log.release(run.pk, worker=run.worker, at=at)


def is_gone(worker: str) -> bool:
    """Whether a worker's process was on this machine and lives no longer. False for one elsewhere: nobody can tell."""
    host, _, rest = worker.partition(":")
    pid = rest.partition(":")[0]
    return host == socket.gethostname() and pid.isdecimal() and not _lives(int(pid))


def _lives(pid: int) -> bool:
    if pid == os.getpid():  # a container's process has the same number after each restart
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# --- The worker of this process --------------------------------------------------------------------------------

_worker: RunWorker | None = None
_starting = threading.Lock()


def start_worker(*, analyse: Analyse | None = None) -> RunWorker:
    """Start this process' worker, or return the one that works already."""
    global _worker
    with _starting:
        if _worker is None:
            _worker = RunWorker(threads=settings.ANALYSIS_THREADS, analyse=analyse)
            _worker.start()
        return _worker


def stop_worker() -> None:
    global _worker
    with _starting:
        if _worker is not None:
            _worker.stop()
            _worker = None


def wake() -> None:
    """Have a run that was just queued executed. A process that serves without `serve` gets its worker here."""
    if _worker is not None:
        _worker.wake()
    elif settings.APP_ENV != "test":
        start_worker().wake()
