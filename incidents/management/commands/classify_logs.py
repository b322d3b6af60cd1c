"""Classify log lines or error replies, one a line, as JSON objects."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from incidents.diagnostics.parsers.server_log import classify_line


class Command(BaseCommand):
    help = "Read one log line or error reply per line and print its category, severity and signal."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object per line")

    def handle(self, *args: Any, **options: Any) -> None:
        for raw in sys.stdin.buffer:
            line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
            verdict = classify_line(line)
            if options["json"]:
                row = {"category": verdict.category, "severity": verdict.severity, "signal": verdict.signal}
                self.stdout.write(json.dumps(row))
            else:
                self.stdout.write(f"{verdict.category:12} {verdict.severity:9} {verdict.signal or '-':32} {line[:160]}")
