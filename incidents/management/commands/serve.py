"""`manage.py serve`: set up what is missing, then serve, execute runs and keep the index, all in one process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError

from incidents import setting_up
from incidents.runs import tasks
from incidents.runs.warming import warm_up

STOP_SECONDS = 2  # what open requests get after Ctrl-C; streams are closed at once


class Server(uvicorn.Server):
    """Uvicorn that says when it is ready and lets its streams go when it is told to stop."""

    def __init__(self, config: uvicorn.Config, *, on_ready: str) -> None:
        super().__init__(config)
        self.on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self.on_ready, flush=True)
            warm_up()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        from incidents.runs.tails import close_streams

        # Without this a browser that follows a run would keep the server from stopping.
        asyncio.get_running_loop().call_soon_threadsafe(close_streams)
        super().handle_exit(sig, frame)


class Command(BaseCommand):
    help = "Set up what is missing, then serve the portal."
    requires_system_checks = []  # the database may not be there yet; `setup` runs them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        self._need_a_free_port(host, port)
        if setting_up.set_up(say=self.stdout.write).static_collected:
            # The names of static files are read when the settings load, so start again with the new ones.
            os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606
        tasks.start_worker()
        start_index()
        try:
            self._serve(host, port)
        finally:
            tasks.stop_worker()
            stop_index()
        leave()

    def _need_a_free_port(self, host: str, port: int) -> None:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as exc:
                raise CommandError(f"Port {port} of {host} can't be used: {exc.strerror}. Try PORT=8001.") from None

    def _serve(self, host: str, port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(
            "sre_portal.asgi:application", host=host, port=port, lifespan="off", log_config=None, access_log=False,
            log_level="warning", timeout_graceful_shutdown=STOP_SECONDS, server_header=False,
        )  # fmt: skip
        # Uvicorn raises the signal again when it is done, and SIGTERM would end the process before the worker stops.
        signal.signal(signal.SIGTERM, _as_interrupt)
        with contextlib.suppress(KeyboardInterrupt):
            Server(config, on_ready=f"Redis SRE Assistant is ready: http://{shown}:{port}  (Ctrl-C stops it)").run()


def _as_interrupt(sign: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def start_index() -> None:
    from knowledge_base.services import start_background_indexer

    start_background_indexer()


def stop_index() -> None:
    """Ask the indexer to end. One that is in the middle of something is left: its outbox says what is not done."""
    from knowledge_base.services import stop_background_indexer

    stopping = threading.Thread(target=stop_background_indexer, daemon=True)
    stopping.start()
    stopping.join(STOP_SECONDS / 2)


def leave() -> None:
    """End at once: threads that are still inside the index's native code would crash an orderly end."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
