"""Load the shipped knowledge and glossary into the database."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from knowledge_base.services import load_shipped_knowledge


class Command(BaseCommand):
    help = "Load or update the shipped knowledge. What was edited or deleted here stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--restore", action="store_true", help="bring back shipped documents that were deleted here"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        counts = load_shipped_knowledge(restore=options["restore"])
        self.stdout.write("Shipped knowledge: " + ", ".join(f"{count} {name}" for name, count in counts.items()) + ".")
