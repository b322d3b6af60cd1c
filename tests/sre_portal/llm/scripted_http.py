"""A local HTTP server that plays prepared responses, for protocols other than OpenAI's."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Played:
    """One response. Pieces go out as they stand; a number among them is a pause in seconds."""

    pieces: Sequence[str | float] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class ScriptedHttp:
    """Plays its responses in turn; the last one stays. Records what was asked."""

    def __init__(self, *script: Played) -> None:
        self.script = list(script)
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._http.owner = self  # type: ignore[attr-defined]
        self._http.handle_error = lambda request, address: None  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        owner: ScriptedHttp = self.server.owner  # type: ignore[attr-defined]
        owner.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        owner.headers.append({name.lower(): value for name, value in self.headers.items()})
        owner.paths.append(self.path)
        played = owner.script.pop(0) if len(owner.script) > 1 else owner.script[0]
        self.send_response(played.status)
        kind = "text/event-stream" if played.status == 200 else "application/json"
        for name, value in {"Content-Type": kind, "Transfer-Encoding": "chunked", **played.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in played.pieces:
            if isinstance(piece, str):
                data = piece.encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            else:
                time.sleep(piece)
        self.wfile.write(b"0\r\n\r\n")
