"""Give the pure pipeline what it needs from this installation: knowledge, a model, changed thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from incidents.analysis.correction import Correction, correct
from incidents.analysis.events import EventKind, RunEvent
from incidents.analysis.pipeline import Analyst, RetrievedKnowledge, analyze
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.diagnostics.intake import IncidentInput

if TYPE_CHECKING:
    from incidents.models import AnalysisRun


def analyse(intake: IncidentInput, *, incident_id: str, language: str) -> Iterator[RunEvent]:
    """Analyse with everything this installation has."""
    from incidents.closing.outcomes import corrections_in_force
    from incidents.language_model.capsule_services import sealing
    from incidents.queries import active_run_of
    from incidents.rule_catalogue.rule_thresholds import thresholds_in_force

    run = active_run_of(incident_id)
    events = analyze(
        intake,
        incident_id=incident_id,
        language=language,
        retriever=sealing(retrieve_knowledge, run) if run else retrieve_knowledge,
        analyst=configured_analyst(run),
        thresholds=thresholds_in_force(),
    )
    return corrected(events, corrections_in_force())


def corrected(events: Iterator[RunEvent], corrections: Mapping[str, Correction]) -> Iterator[RunEvent]:
    """The events with the confidence of every report as confirmed outcomes would have it."""
    for event in events:
        if event.kind is EventKind.REPORT and corrections:
            event = RunEvent(event.kind, correct(event.payload, corrections))
        yield event


def configured_analyst(run: AnalysisRun | None = None) -> Analyst | None:
    """The chat analyst where a model is configured. None: the rules write the report alone."""
    from incidents.language_model import language_models

    if not language_models.is_configured():
        return None
    from incidents.language_model.chat_wiring import (
        analyst_for_run,  # late: loads the truth gate's tables and the masking patterns
    )

    return analyst_for_run(run)


def retrieve_knowledge(diagnosis: Diagnosis, *, language: str) -> RetrievedKnowledge:
    """What this installation's knowledge base offers for a diagnosis."""
    from incidents.closing.cases import incidents_of_cases
    from incidents.runs.citing import Librarian, published_house_documents
    from knowledge_base import retrieval  # late: loads the indexes

    librarian = Librarian(retrieval.passages_for_analysis, published_house_documents, incidents_of_cases)
    return librarian(diagnosis, language=language)
