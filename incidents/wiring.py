"""Give the pure pipeline what it needs from this installation: knowledge, a model, changed thresholds."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.urls import NoReverseMatch, reverse

from incidents.analysis.events import RunEvent
from incidents.analysis.pipeline import Analyst, RetrievedKnowledge, analyze
from incidents.analysis.report import Reference, RelatedCase
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.diagnostics.intake import IncidentInput
from knowledge_base.knowledge import ForAnalysis

logger = logging.getLogger(__name__)

QUERY_LENGTH = 600


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
    """Knowledge whose preconditions the findings meet. A failing index costs passages, never the report."""
    from knowledge_base import retrieval  # late: loads the indexes

    root = diagnosis.conclusion.root
    active = [finding.id for finding in diagnosis.examination.findings if finding.is_trouble]
    if root is None:
        return RetrievedKnowledge()
    try:
        found = retrieval.passages_for_analysis(
            query_of(diagnosis), active, category=root.hypothesis.category.value, language=language
        )
    except Exception:  # isolation point: an analysis must not fail because an index did
        logger.exception("retrieving knowledge failed")
        return RetrievedKnowledge(notice="The knowledge base could not be searched.")
    return to_retrieved(found)


def query_of(diagnosis: Diagnosis) -> str:
    """What to search for: what people wrote, the cause, and the worst findings."""
    root = diagnosis.conclusion.root
    parts = [diagnosis.dossier.prose[:200]]
    if root is not None:
        parts += [root.hypothesis.title.ko, root.hypothesis.title.en]
        parts += [finding.title.en for finding in root.active[:3]]
    return " ".join(parts)[:QUERY_LENGTH]


def to_retrieved(found: ForAnalysis) -> RetrievedKnowledge:
    """Split what was admitted into references and past cases, with the passage that fits."""
    references: list[Reference] = []
    cases: list[RelatedCase] = []
    excerpts: dict[str, str] = {}
    for admitted in found.admitted:
        passage = admitted.passage
        excerpts[passage.document_id] = passage.text
        url = _url_of(passage.document_id)
        if passage.kind == "case":
            cases.append(
                RelatedCase(
                    passage.document_id, passage.title, round(passage.score, 3), url=url, excerpt=passage.text[:400]
                )
            )
        else:
            references.append(
                Reference(
                    id=passage.document_id, title=passage.title, score=round(passage.score, 3), url=url,
                    excerpt=passage.text[:400], why=", ".join(admitted.met),
                )
            )  # fmt: skip
    notice = "" if found.vector_available else (found.problem or "Vector search is unavailable.")
    return RetrievedKnowledge(references=references, related_cases=cases, excerpts=excerpts, notice=notice)


def _url_of(document_id: str) -> str:
    try:
        return reverse("knowledge-detail", args=[document_id])
    except NoReverseMatch:
        return ""
