"""One HTTP exchange with a model: bounded in time at every stage, and closable from any thread.

    exchange = Exchange(Timeouts(first_token=30))
    answer = exchange.open(lambda: sdk_client.start_streaming())   # waits for the response headers
    for chunk in answer:
        exchange.pause()                                           # a token has arrived
        ...
        exchange.progress()                                        # now the clock runs for the next one
    exchange.finish()

The SDK's client has to be built on `http_client()`, whose response hook hands the socket over. Read timeouts of the
HTTP library alone would not do: keep-alive comments reset them, and they can't be shorter after the first token.
"""

from __future__ import annotations

import contextlib
import functools
import math
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from sre_portal.llm.errors import ErrorKind, LLMError

if TYPE_CHECKING:
    import ssl

    import httpx2

LOOPBACK = ("localhost", "127.0.0.1", "::1")

T = TypeVar("T")


@dataclass(frozen=True)
class Timeouts:
    """Seconds. Reasoning models may think for a minute before their first token, hence the long default."""

    connect: float = 5.0
    first_token: float = 90.0
    between_tokens: float = 20.0
    total: float = 300.0

    def scaled(self, factor: float) -> Timeouts:
        return Timeouts(**{part.name: getattr(self, part.name) * factor for part in fields(self)})

    def within(self, seconds: float | None) -> Timeouts:
        """Return these timeouts with no more than `seconds` in all."""
        if seconds is None or seconds >= self.total:
            return self
        return Timeouts(self.connect, self.first_token, self.between_tokens, max(seconds, 0.0))


class Exchange:
    """A request and its streamed answer. `ended_by` says what cut it short, if anything did."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._opening: Future[Any] | None = None
        self._ends_at = math.inf
        self._finished = False
        self.expires_at = math.inf
        self.ended_by: ErrorKind | None = None
        self.has_headers = False

    def open(self, call: Callable[[], T]) -> T:
        """Run the call that sends the request and waits for headers.

        Raise LLMError when time runs out or `cancel()` is called, even if the call itself hangs (name resolution
        has no timeout of its own). The call then goes on in its thread and is closed as soon as it returns.
        """
        now = time.monotonic()
        if self._ends_at == math.inf:
            self._ends_at = now + self._timeouts.total
        self.expires_at = min(now + self._timeouts.first_token, self._ends_at)
        opening: Future[T] = Future()
        with self._lock:
            if self.ended_by:
                raise LLMError(self.ended_by)
            self._opening = opening
        _watchdog.watch(self)
        threading.Thread(target=self._run, args=(call, opening), daemon=True, name="llm-open").start()
        return opening.result()

    def _run(self, call: Callable[[], T], opening: Future[T]) -> None:
        _current.set(self)
        try:
            answer = call()
        except BaseException as exc:  # noqa: BLE001 - not handled here: handed to the thread that waits
            with contextlib.suppress(InvalidStateError):
                opening.set_exception(exc)
            return
        try:
            opening.set_result(answer)
        except InvalidStateError:  # nobody waits any more
            close = getattr(answer, "close", None)
            if close:
                close()

    def attach(self, response: httpx2.Response) -> None:
        """Take over the connection of an answer whose headers have arrived."""
        stream = response.extensions.get("network_stream")
        with self._lock:
            self.has_headers = True
            self._socket = stream.get_extra_info("socket") if stream else None
            if self.ended_by:
                self._shut_down()

    def pause(self) -> None:
        """Stop the clock for the next token, while the reader is busy with the last one."""
        self.expires_at = self._ends_at

    def progress(self) -> None:
        """Start the clock for the next token."""
        self.expires_at = min(time.monotonic() + self._timeouts.between_tokens, self._ends_at)
        _watchdog.hurry(self.expires_at)

    def cancel(self) -> None:
        self.end(ErrorKind.CANCELLED)

    def end(self, kind: ErrorKind) -> None:
        """End the exchange now, whatever it is waiting for. The first reason stands."""
        with self._lock:
            if self._finished or self.ended_by:
                return
            self.ended_by = kind
            if self._opening:
                with contextlib.suppress(InvalidStateError):
                    self._opening.set_exception(LLMError(kind))
            self._shut_down()

    def finish(self) -> None:
        """Let go of the connection, which may serve another exchange from here on."""
        with self._lock:
            self._finished = True
            self._socket = None
        _watchdog.forget(self)

    def _shut_down(self) -> None:
        """Wake the thread that reads from the socket; closing it would not."""
        if self._socket is not None:
            # The plain method, because SSLSocket's own one drops the TLS layer under the reader's feet.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Watchdog:
    """One daemon thread that ends every exchange whose time is up."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._exchanges: set[Exchange] = set()
        self._thread: threading.Thread | None = None
        self._wakes_at = math.inf

    def watch(self, exchange: Exchange) -> None:
        with self._changed:
            self._exchanges.add(exchange)
            if self._thread is None or not self._thread.is_alive():  # not alive: this process was forked
                self._thread = threading.Thread(target=self._run, daemon=True, name="llm-watchdog")
                self._thread.start()
            self._changed.notify()

    def forget(self, exchange: Exchange) -> None:
        with self._changed:
            self._exchanges.discard(exchange)

    def hurry(self, expires_at: float) -> None:
        """Look again if this deadline comes before the next planned look. Called for every token, so no lock first."""
        if expires_at < self._wakes_at:
            with self._changed:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                expired = [exchange for exchange in self._exchanges if exchange.expires_at <= now]
                self._exchanges.difference_update(expired)
                self._wakes_at = min((exchange.expires_at for exchange in self._exchanges), default=math.inf)
                if not expired:
                    self._changed.wait(None if self._wakes_at == math.inf else self._wakes_at - now)
            for exchange in expired:
                exchange.end(ErrorKind.TIMEOUT)


_watchdog = _Watchdog()
_current: ContextVar[Exchange | None] = ContextVar("llm_exchange", default=None)


def http_client(timeouts: Timeouts, base_url: str) -> httpx2.Client:
    """Return a client for an SDK whose answers can be ended by their exchange.

    Redirects are not followed: they would carry the prompt to an address that nobody configured. The proxy of the
    environment is used, but not for a model on this machine, which a proxy could not reach.
    """
    import httpx2

    return httpx2.Client(
        trust_env=urlsplit(base_url).hostname not in LOOPBACK,
        timeout=httpx2.Timeout(timeouts.first_token, connect=timeouts.connect, pool=timeouts.connect),
        limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=20),
        follow_redirects=False,
        verify=_ssl_context(),
        event_hooks={"response": [_attach]},
    )


def _attach(response: httpx2.Response) -> None:
    exchange = _current.get()
    if exchange is not None:
        exchange.attach(response)


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """Load the certificates once: it takes longer than the rest of a client together."""
    import httpx2

    return httpx2.create_ssl_context()
