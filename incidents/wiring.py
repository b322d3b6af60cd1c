"""Give the pure pipeline what it needs from this installation."""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.events import RunEvent
from incidents.diagnostics.intake import IncidentInput


def analyse(intake: IncidentInput, *, incident_id: str, language: str) -> Iterator[RunEvent]:
    from incidents.analysis.pipeline import analyze

    return analyze(intake, incident_id=incident_id, language=language)
