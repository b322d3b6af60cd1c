"""The portal on a real port for tests: in this process, or as a process of its own that can be killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Any, *, seconds: float = 10.0, what: str = "it") -> Any:
    """Return what the condition gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.02)
    return value


def within(seconds: float) -> float:
    """A limit for this machine right now: other work on its cores must not look like a slow portal."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class QuietServer(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """Signals are for the main thread."""

    async def shutdown(self, sockets: Any = None) -> None:
        from incidents.runs.tails import close_streams

        close_streams()  # a page follows its incident for as long as it is open
        await super().shutdown(sockets)


@contextmanager
def serving(*, analyse: Any = None, threads: int = 2) -> Iterator[str]:
    """Serve the test database from a thread of this process, with a worker. Yield the address."""
    from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
    from django.core.asgi import get_asgi_application
    from django.db import connections

    from incidents.runs.tasks import RunWorker

    port = free_port()
    config = uvicorn.Config(
        ASGIStaticFilesHandler(get_asgi_application()), host="127.0.0.1", port=port, lifespan="off", log_config=None,
        access_log=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = QuietServer(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    worker = RunWorker(threads=threads, analyse=analyse)
    worker.start()
    worker_wake = _forward_wake(worker)
    try:
        wait_for(lambda: server.started, what="the start of the server")
        yield f"http://127.0.0.1:{port}"
    finally:
        worker_wake.undo()
        worker.stop()
        server.should_exit = True
        thread.join(5)
        connections.close_all()


class _forward_wake:
    """Have `tasks.wake` wake the test's worker, as it does with the process' own."""

    def __init__(self, worker: Any) -> None:
        from incidents.runs import tasks

        self._before, tasks._worker = tasks._worker, worker

    def undo(self) -> None:
        from incidents.runs import tasks

        tasks._worker = self._before


class PortalProcess:
    """A portal of its own: process, data directory and port. `module` is what `python -m` runs."""

    def __init__(self, *, args: tuple[str, ...] = ("manage.py", "serve"), data: Path | None = None) -> None:
        self.args = args
        self.data = data or Path(tempfile.mkdtemp(prefix="portal-process-"))
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None
        self.output = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, seconds: float = 60.0, **env: str) -> float:
        """Start and wait until it answers. Return how long that took."""
        started = time.monotonic()
        environment = {
            **os.environ,
            "APP_ENV": "development",
            "DATA_DIR": str(self.data),
            "LOG_LEVEL": "WARNING",
            **env,
        }
        self.log = (self.data / "output.log").open("a+")
        self.process = subprocess.Popen(
            [sys.executable, *self.args, "--port", str(self.port)], cwd=ROOT, env=environment, text=True,
            stdout=self.log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        wait_for(self._answers, seconds=seconds, what=f"an answer on port {self.port}")
        return time.monotonic() - started

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the portal ended:\n{self.said()}"
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def said(self) -> str:
        return (self.data / "output.log").read_text()

    def end(self, sign: int, *, seconds: float = 10.0) -> float:
        """Send a signal and wait for the end. Return how long that took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(sign)
        try:
            self.process.wait(seconds)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(5)
        return time.monotonic() - started
