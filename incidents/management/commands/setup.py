"""`manage.py setup`: everything of `serve` but the serving. Safe to repeat: it does only what is missing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from incidents import setting_up


class Command(BaseCommand):
    help = "Prepare the database, the shipped knowledge, the static files, the roles and the first administrator."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        done = setting_up.set_up(say=self.stdout.write)
        if not done.anything:
            self.stdout.write("Everything is set up.")
