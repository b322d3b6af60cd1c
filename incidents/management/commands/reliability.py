"""Hold the product's confidence against outcomes that were confirmed when incidents were closed."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from incidents.closing.outcomes import Reliability, reliability

WIDE = 30  # characters of a bar


class Command(BaseCommand):
    help = "Show how often reports of each confidence were right, as confirmed at closing, by category."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--category", default="", help="only this one")
        parser.add_argument("--json", action="store_true", help="as JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [row for row in reliability() if options["category"] in ("", row.category)]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
            return
        for row in rows:
            self._print(row)
        if not any(row.outcomes for row in rows):
            self.stdout.write("No incident was closed with an answer to “was the diagnosis right?” yet.")

    def _print(self, row: Reliability) -> None:
        self.stdout.write(
            f"{row.category or 'all':14}{row.outcomes:>5} outcomes  said {row.confidence:.2f}  right {row.right:.2f}"
            f"  ECE {row.ece:.3f}  Brier {row.brier:.3f}{self._verdict(row)}"
        )
        for bar in row.bars:
            filled = "█" * round(WIDE * bar.right)
            mark = min(round(WIDE * bar.confidence), WIDE - 1)
            line = "".join("│" if place == mark else char for place, char in enumerate(f"{filled:·<{WIDE}}"))
            self.stdout.write(f"  {bar.low:.1f}–{bar.high:.1f}  {line}  right {bar.right:.2f} of {bar.outcomes}")

    def _verdict(self, row: Reliability) -> str:
        if row.correction is None:
            return ""
        return f"  lowered by {-row.correction.shift:.2f} log-odds" if row.is_on else "  overconfident, switched off"
