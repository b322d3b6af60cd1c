"""Incidents that were really analysed, to be closed."""

from __future__ import annotations

from typing import Any

import pytest

from incidents import services
from incidents.diagnostics.intake import IncidentInput
from incidents.models import Incident
from incidents.runs.execution import execute_run

FULL = """# Server
redis_version:7.2.4
redis_mode:standalone
# Memory
used_memory:1073741824
used_memory_human:1.00G
maxmemory:1073741824
maxmemory_human:1.00G
maxmemory_policy:noeviction
# Stats
total_error_replies:5000
# Errorstats
errorstat_OOM:count=5000
"""


@pytest.fixture
def analysed(bob: Any) -> Any:
    """Report an incident and have it analysed by the whole pipeline."""

    def make(
        description: str = "Writes fail with OOM", *, language: str = "en", pasted: str = FULL, title: str = ""
    ) -> Incident:
        intake = IncidentInput(description=description, pasted=(pasted,) if pasted else ())
        incident = services.create_incident(intake=intake, reporter=bob, language=language, title=title)
        run = services.start_analysis(incident=incident, actor=bob)
        list(execute_run(run=run, worker="test"))
        incident.refresh_from_db()
        return incident

    return make
