"""`manage.py demo`: the portal in a data directory of its own, with a fault on a real server while you watch."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from incidents.management.commands.serve import Command as Serve


class Command(Serve):
    help = "Serve the portal and let a real redis-server run into a fault while you watch."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--language", choices=("ko", "en"), default="en", help="of the demonstration's report")

    def handle(self, *args: Any, language: str = "en", **options: Any) -> None:
        if not shutil.which("redis-server"):
            raise CommandError("The demonstration needs redis-server. On Debian: apt-get install redis-server")
        self.language = language
        super().handle(*args, **options)

    def _serve(self, host: str, port: int) -> None:
        from incidents.lab.demonstration import start_demonstration  # late: needs the database of `setup`

        stop = start_demonstration(say=lambda line: self.stdout.write(line), language=self.language)
        try:
            super()._serve(host, port)
        finally:
            stop.set()
