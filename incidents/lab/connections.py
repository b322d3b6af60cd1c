"""Plain sockets that speak just enough RESP to provoke faults: pools, slow readers, bulk writes, a proxy to cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterable, Sequence
from types import TracebackType


def encode(*words: str) -> bytes:
    """One command as RESP."""
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        raw = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(raw), raw))
    return b"".join(parts)


class Pool:
    """Connections held open until the block ends, as a leaking application holds them."""

    def __init__(self, port: int, *, size: int, name: str = "") -> None:
        self.sockets: list[socket.socket] = []
        self.refused = 0
        for _ in range(size):
            connection = socket.create_connection(("127.0.0.1", port), timeout=2)
            self.sockets.append(connection)
            if name:
                connection.sendall(encode("CLIENT", "SETNAME", name))
                if not connection.recv(64).startswith(b"+"):
                    self.refused += 1

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, *words: str) -> None:
        for connection in self.sockets:
            with contextlib.suppress(OSError):
                connection.sendall(encode(*words))

    def close(self) -> None:
        for connection in self.sockets:
            connection.close()


def pipeline(port: int, commands: Iterable[Sequence[str]], *, batch: int = 500) -> list[str]:
    """Send commands in batches; return the distinct error replies."""
    errors: dict[str, None] = {}
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        reader = connection.makefile("rb")
        waiting: list[bytes] = []
        for words in commands:
            waiting.append(encode(*words))
            if len(waiting) == batch:
                _exchange(connection, reader, waiting, errors)
                waiting = []
        _exchange(connection, reader, waiting, errors)
    return list(errors)


def _exchange(connection: socket.socket, reader: object, waiting: list[bytes], errors: dict[str, None]) -> None:
    connection.sendall(b"".join(waiting))
    for _ in waiting:
        line = reader.readline().decode(errors="replace").rstrip()  # type: ignore[attr-defined]
        if line.startswith("-"):
            errors[line[1:]] = None


class Proxy:
    """A TCP proxy in front of a server. Cutting it is a partition: those behind it lose the server, others do not."""

    def __init__(self, target: int, port: int) -> None:
        self.target = target
        self.port = port
        self.is_cut = False
        self.pairs: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Drop what flows and refuse what comes."""
        self.is_cut = True
        self.listener.close()
        for end in self.pairs:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while not self.is_cut:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target), timeout=2)
            except OSError:
                continue
            self.pairs += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            source.settimeout(None)
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
