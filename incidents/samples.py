"""Real incidents to try: captures of the shipped scenarios, offered while a portal is empty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.analysis.evaluation import read_input
from incidents.diagnostics.intake import IncidentInput


@dataclass(frozen=True, slots=True)
class Sample:
    """One scenario as the person on call would have told it. Its words are lazy translations."""

    file: str
    title: Promise
    description: Promise

    def intake(self) -> IncidentInput:
        path = Path(settings.BASE_DIR) / "fixtures" / "scenarios" / self.file
        data = json.loads(path.read_text(encoding="utf-8"))
        return replace(read_input(data), description=str(self.description))


SAMPLES: Mapping[str, Sample] = {
    "memory": Sample(
        "SC-001-maxmemory-reached.json",
        _("Writes fail with OOM"),
        _("Payment sessions can't be stored. The application logs “OOM command not allowed”."),
    ),
    "slow": Sample(
        "SC-005-slow-commands.json",
        _("Latency jumps every few seconds"),
        _("The 99th percentile of the API jumps every few seconds; the CPU looks fine on average."),
    ),
    "split": Sample(
        "SC-008-network-partition.json",
        _("Two masters after a network failure"),
        _("Since the network failure two servers say that they are the master."),
    ),
}
