"""Compare the words of incidents with the incidents and remake what differs."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from incidents.finding.indexing import reindex, stale_incidents
from incidents.models import Incident


class Command(BaseCommand):
    help = "Remake the full-text index of incidents where it differs from them; --all remakes everything."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="remake the words of every incident")

    def handle(self, *args: Any, **options: Any) -> None:
        numbers = (
            list(Incident.objects.order_by("pk").values_list("pk", flat=True)) if options["all"] else stale_incidents()
        )
        for number in numbers:
            reindex(number)
        self.stdout.write(f"{len(numbers)} incidents indexed.")
