"""Give the pure pipeline what it needs from this installation: knowledge, a model, changed thresholds."""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.events import RunEvent
from incidents.analysis.pipeline import Analyst, RetrievedKnowledge, analyze
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.diagnostics.intake import IncidentInput


def analyse(intake: IncidentInput, *, incident_id: str, language: str) -> Iterator[RunEvent]:
    """Analyse with everything this installation has."""
    return analyze(
        intake,
        incident_id=incident_id,
        language=language,
        retriever=retrieve_knowledge,
        analyst=configured_analyst(),
    )


def configured_analyst() -> Analyst | None:
    """The chat analyst where a model is configured. None: the rules write the report alone."""
    return None


def retrieve_knowledge(diagnosis: Diagnosis, *, language: str) -> RetrievedKnowledge:
    """What this installation's knowledge base offers for a diagnosis."""
    from incidents.citing import Librarian, published_house_documents
    from knowledge_base import retrieval  # late: loads the indexes

    return Librarian(retrieval.passages_for_analysis, published_house_documents)(diagnosis, language=language)
