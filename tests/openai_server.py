"""A local server that speaks the OpenAI protocol over real HTTP, and misbehaves on demand.

    def test_shows_the_answer(openai_server):
        openai_server.reply_with("Memory is full.")            # or Reply(...), a dict (sent as JSON), several in turn,
        openai_server.reply_with(lambda request: request.body["messages"][-1]["content"])   # or a function
        chat = build_chat(ModelConfig(model="any", base_url=openai_server.url, api_key="k"))
        ...
        assert openai_server.requests[0].body["model"] == "any"

Asking for a model named in `MISBEHAVIOURS` ("stall", "cut", "endless", …) misbehaves without a script; one named in
`PLAYERS` ("honest", "liar", "mediocre") reads the prompt and answers as such a model would. By hand:
`python -m tests.openai_server 8099`, then OPENAI_BASE_URL=http://127.0.0.1:8099/v1 and OPENAI_MODEL=stall.
"""

from __future__ import annotations

import base64
import contextlib
import json
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import pytest

from tests.openai_players import PLAYERS, played
from tests.openai_replies import MISBEHAVIOURS, Reply, failure, honest, vector_of


@dataclass
class Recorded:
    """A request as it arrived. `hung_up` is set when the client leaves before the answer is complete."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    at: float
    hung_up: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)

    @property
    def text(self) -> str:
        """Everything that left the machine with this request, for asking what leaked."""
        return json.dumps(self.body, ensure_ascii=False)


Answer = Reply | str | Mapping[str, Any]
Script = Answer | Callable[[Recorded], Answer]


def as_reply(answer: Answer) -> Reply:
    if isinstance(answer, Reply):
        return answer
    return Reply(answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False))


class OpenAIServer:
    """A server on a free port of the loopback, gone when the block ends."""

    def __init__(self, *, port: int = 0, api_key: str = "", dimensions: int = 64, largest_batch: int = 2048) -> None:
        self.api_key = api_key  # empty: any key will do
        self.dimensions = dimensions
        self.largest_batch = largest_batch
        self.streams = True  # False: answers whole, whatever is asked for
        self.failures = 0  # this many requests of any kind get a 500 first
        self.models = ["local-model", *PLAYERS, *MISBEHAVIOURS]
        self.requests: list[Recorded] = []
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._script: list[Script] = []
        self._http = _QuietServer(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.address}/v1"

    def reply_with(self, *script: Script) -> None:
        """Answer the next requests with these in turn; the last one stays. Chat requests only."""
        with self._lock:
            self._script = list(script)

    def chat_requests(self) -> list[Recorded]:
        return [request for request in self.requests if request.path.endswith("/chat/completions")]

    def reply_to(self, request: Recorded) -> Reply:
        with self._lock:
            script = self._next_script()
        if script is None:
            name = str(request.body.get("model"))
            return played(request.body) or MISBEHAVIOURS.get(name, honest)(request.body)
        return as_reply(script(request) if callable(script) else script)

    def _next_script(self) -> Script | None:
        if len(self._script) > 1:
            return self._script.pop(0)
        return self._script[0] if self._script else None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256  # a hundred runs may connect at once
    owner: OpenAIServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # Clients that hang up are what many tests are about.


class _HungUp(Exception):
    """The client left."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _QuietServer

    def log_message(self, format: str, *args: object) -> None:
        pass

    # --- Routes --------------------------------------------------------------------------------------------------

    def do_GET(self) -> None:
        request = self._record({})
        if self._refuses_key() or not self.path.endswith("/models"):
            return self._send_reply_error(failure(401 if self._refuses_key() else 404, "No."))
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "test"} for name in self._owner.models]
        self._send_json(200, {"object": "list", "data": models})
        request.answered.set()
        return None

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        request = self._record(body)
        if self._refuses_key():
            return self._send_reply_error(failure(401, "Incorrect API key provided.", code="invalid_api_key"))
        if self._owner.failures > 0:
            self._owner.failures -= 1
            return self._send_reply_error(failure(500, "Not yet."))
        routes = {"/chat/completions": self._chat, "/embeddings": self._embed}
        route = next((routes[end] for end in routes if self.path.split("?")[0].endswith(end)), None)
        if route is None:
            return self._send_reply_error(failure(404, "No such path."))
        try:
            route(request)
            request.answered.set()
        except (_HungUp, ConnectionError, TimeoutError):
            request.hung_up.set()
            self.close_connection = True
        return None

    @property
    def _owner(self) -> OpenAIServer:
        return self.server.owner

    def _record(self, body: dict[str, Any]) -> Recorded:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Recorded(self.path, headers, body, time.monotonic())
        self._owner.requests.append(request)
        return request

    def _refuses_key(self) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return bool(self._owner.api_key) and given != self._owner.api_key

    # --- Embeddings ----------------------------------------------------------------------------------------------

    def _embed(self, request: Recorded) -> None:
        texts = request.body["input"]
        texts = [texts] if isinstance(texts, str) else texts
        if len(texts) > self._owner.largest_batch:
            return self._send_reply_error(failure(400, "The batch is too large.", param="input"))
        dimensions = int(request.body.get("dimensions") or self._owner.dimensions)
        vectors = [vector_of(text, dimensions) for text in texts]
        as_base64 = request.body.get("encoding_format") == "base64"
        data = [
            {"object": "embedding", "index": index, "embedding": _packed(vector) if as_base64 else vector}
            for index, vector in enumerate(vectors)
        ]
        tokens = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return self._send_json(200, {"object": "list", "model": request.body["model"], "data": data, "usage": usage})

    # --- Chat ----------------------------------------------------------------------------------------------------

    def _chat(self, request: Recorded) -> None:
        reply = self._owner.reply_to(request)
        self._sleep(reply.wait)
        if reply.status != 200 or reply.error:
            return self._send_reply_error(reply)
        if request.body.get("stream") and self._owner.streams:
            return self._stream(request, reply)
        return self._send_json(200, _whole_completion(request, reply), reply.headers)

    def _stream(self, request: Recorded, reply: Reply) -> None:
        self.send_response(200)
        for name, value in {
            "Content-Type": "text/event-stream",
            "Transfer-Encoding": "chunked",
            **reply.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self._send_event(_chunk(request, {"role": "assistant", "content": ""}))
        self._sleep(reply.wait_body)
        pieces = self._send_text(request, reply)
        self._send_tool_calls(request, reply)
        if reply.refusal:
            self._send_event(_chunk(request, {"refusal": reply.refusal}))
        if reply.finish_reason:
            self._send_event(_chunk(request, {}, finish_reason=reply.finish_reason))
        if reply.usage and (request.body.get("stream_options") or {}).get("include_usage"):
            self._send_event(_chunk(request, None, usage=_usage(request, pieces)))
        self._send_line("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _send_text(self, request: Recorded, reply: Reply) -> int:
        for thought in reply.reasoning:
            self._send_event(_chunk(request, {"reasoning_content": thought}))
        waiting: list[str] = []
        count = 0
        for count, piece in enumerate(reply.deltas(), start=1):
            self._misbehave(reply, sent=count - 1)
            waiting.append("data: " + json.dumps(_chunk(request, {"content": piece})) + "\n\n")
            if len(waiting) >= reply.batch:
                self._send_line("".join(waiting))
                waiting.clear()
            self._sleep(reply.pace)
        if waiting:
            self._send_line("".join(waiting))
        return count

    def _misbehave(self, reply: Reply, *, sent: int) -> None:
        if sent == reply.stall_after:
            self._stall(reply.pings)
        elif sent == reply.garbage_after:
            self._send_line('data: {"choices": [{"delta": \n\n')
        elif sent == reply.error_after:
            self._send_event({"error": {"message": "The engine died.", "type": "server_error", "code": None}})
        elif sent == reply.cut_after:
            self._sleep(0.02)  # let the client read what was sent; a reset throws away what it has not
            # No linger: the client sees a reset, as from a crashed process or a firewall.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            raise _HungUp

    def _send_tool_calls(self, request: Recorded, reply: Reply) -> None:
        for index, (name, arguments) in enumerate(reply.tool_calls):
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            function = {"name": name, "arguments": ""}
            head = {"index": index, "id": f"call_{len(self._owner.requests)}_{index}", "type": "function"}
            self._send_event(_chunk(request, {"tool_calls": [{**head, "function": function}]}))
            for start in range(0, len(text), 8):
                piece = {"index": index, "function": {"arguments": text[start : start + 8]}}
                self._send_event(_chunk(request, {"tool_calls": [piece]}))

    # --- Wire ----------------------------------------------------------------------------------------------------

    def _stall(self, pings: float) -> None:
        while not self._owner.stopping.is_set():
            self._sleep(pings or 60.0)
            if pings:
                self._send_line(": ping\n\n")
        raise _HungUp

    def _sleep(self, seconds: float) -> None:
        """Wait, unless the client hangs up or the server stops before."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], min(left, 0.05))
            if self._owner.stopping.is_set() or (readable and not self.connection.recv(1, socket.MSG_PEEK)):
                raise _HungUp

    def _send_event(self, event: Mapping[str, Any]) -> None:
        self._send_line("data: " + json.dumps(event, ensure_ascii=False) + "\n\n")

    def _send_line(self, line: str) -> None:
        data = line.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _send_reply_error(self, reply: Reply) -> None:
        if isinstance(reply.error, str):
            return self._send_json(reply.status, reply.error, reply.headers)
        return self._send_json(reply.status, {"error": dict(reply.error)}, reply.headers)

    def _send_json(self, status: int, body: Mapping[str, Any] | str, headers: Mapping[str, str] | None = None) -> None:
        data = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _usage(request: Recorded, pieces: int) -> dict[str, int]:
    words = sum(len(str(message.get("content", "")).split()) for message in request.body.get("messages", []))
    return {"prompt_tokens": words, "completion_tokens": pieces, "total_tokens": words + pieces}


def _chunk(
    request: Recorded,
    delta: Mapping[str, Any] | None,
    *,
    finish_reason: str | None = None,
    usage: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """One chunk of a stream. Without a delta it has no choice, as the last one with the usage has."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": request.body.get("model")}
    return {**head, "choices": choices, "usage": usage}


def _whole_completion(request: Recorded, reply: Reply) -> dict[str, Any]:
    pieces = list(reply.deltas())
    calls = [
        {
            "id": f"call_{n}",
            "type": "function",
            "function": {"name": name, "arguments": args if isinstance(args, str) else json.dumps(args)},
        }
        for n, (name, args) in enumerate(reply.tool_calls)
    ]
    message = {
        "role": "assistant",
        "content": "".join(pieces),
        "refusal": reply.refusal or None,
        **({"tool_calls": calls} if calls else {}),
    }
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": request.body.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason}],
    }
    return {**whole, "usage": _usage(request, len(pieces))} if reply.usage else whole


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


if __name__ == "__main__":
    with OpenAIServer(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8099) as running:
        print(f"OPENAI_BASE_URL={running.url}\nOPENAI_MODEL= one of: {', '.join(running.models)}")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
