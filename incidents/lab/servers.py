"""Private, throwaway Redis servers: for the fault lab, and for tests that want the real thing."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType

START_TIMEOUT = 10.0  # seconds
ConfigValue = str | int | list[str]  # a list repeats the directive, as in several `user` lines


class ServerDidNotStart(RuntimeError):
    """The server ended or stayed silent; the message holds its log."""


@cache
def server_version(binary: str = "redis-server") -> tuple[int, ...]:
    """Ask a server binary for its version, as (7, 0, 15)."""
    printed = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v=(\d+)\.(\d+)\.(\d+)", printed)
    if found is None:
        raise ServerDidNotStart(f"{binary} --version says {printed!r}")
    return tuple(int(part) for part in found.groups())


def free_port() -> int:
    """Return a free port whose cluster bus port (+10000) is free too."""
    while True:
        with socket.socket() as probe, socket.socket() as bus:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
            if port + 10000 > 65535:
                continue
            try:
                bus.bind(("127.0.0.1", port + 10000))
            except OSError:
                continue
            return port


class RedisServer:
    """A redis-server (or Sentinel) of its own directory and port, gone when the block ends.

    `config` holds directives of redis.conf. Without `save` in it nothing is persisted.
    """

    def __init__(
        self,
        config: Mapping[str, ConfigValue] | None = None,
        *,
        sentinel: bool = False,
        binary: str = "redis-server",
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self.sentinel = sentinel
        self.binary = binary
        self.config = dict(config or {})
        self.directory = Path(tempfile.mkdtemp(prefix="redis-lab-"))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def log_path(self) -> Path:
        return self.directory / "server.log"

    @property
    def pid(self) -> int:
        if self.process is None:
            raise ServerDidNotStart("the server is not running")
        return self.process.pid

    def start(self) -> None:
        """Start, or start again after `stop()`, and wait for the first PONG."""
        conf = self.directory / "redis.conf"
        if not conf.exists():  # a Sentinel rewrites its own file; a restart must keep that
            conf.write_text(self._directives(), encoding="utf-8")
        command = [self.binary, str(conf), *(["--sentinel"] if self.sentinel else [])]
        self.process = subprocess.Popen(
            command, cwd=self.directory, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        self._await_pong()

    def stop(self, *, sign: int = signal.SIGTERM, timeout: float = 5.0) -> None:
        """End the process with a signal (SIGKILL is a crash); a stuck one is killed."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)  # a paused process cannot answer SIGTERM
            self.process.send_signal(sign)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout)
        self.process = None

    def pause(self) -> None:
        """Freeze the process, as a hung host or a partition looks from outside."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def cli(self, *args: str | int, timeout: float = 10.0, stdin: str | None = None) -> str:
        """Run redis-cli against this server and return what it printed, errors included."""
        command = ["redis-cli", "-h", self.host, "-p", str(self.port), *(str(arg) for arg in args)]
        done = subprocess.run(
            command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout,
            errors="replace", stdin=None if stdin is not None else subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout.rstrip("\n")

    def log_text(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def _directives(self) -> str:
        base: dict[str, ConfigValue] = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": str(self.directory),
            "logfile": str(self.log_path),
            "daemonize": "no",
        }
        if not self.sentinel:
            base["save"] = '""'
            if server_version(self.binary) >= (7,):  # older servers refuse to start on the unknown directive
                base["enable-debug-command"] = "local"
        lines = []
        for name, value in (base | self.config).items():
            lines += [f"{name} {one}" for one in (value if isinstance(value, list) else [value])]
        return "\n".join(lines) + "\n"

    def _await_pong(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise ServerDidNotStart(self.log_text()[-2000:] or "no log was written")
            if self._answers():
                return
            time.sleep(0.02)
        self.stop()
        raise ServerDidNotStart(f"no answer within {START_TIMEOUT:.0f} s: {self.log_text()[-2000:]}")

    def _answers(self) -> bool:
        """Say whether the port speaks RESP: any reply will do, NOAUTH and LOADING included."""
        try:
            with socket.create_connection((self.host, self.port), timeout=0.5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(1) in (b"+", b"-")
        except OSError:
            return False
