"""Seal what a run is made of, make it again with something changed, and hand it over as an evaluation case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings

from incidents import language_models
from incidents.analysis.chat.prompts import all_prompts
from incidents.analysis.house_rules import HouseRuling
from incidents.analysis.pipeline import RetrievedKnowledge, Retriever
from incidents.analysis.report import Reference, RelatedCase
from incidents.capsules import Capsule
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.models import AnalysisRun
from incidents.texts import storable_json


def sealing(retriever: Retriever, run: AnalysisRun) -> Retriever:
    """A retriever that keeps what it found with the run."""

    def retrieve(diagnosis: Diagnosis, *, language: str) -> RetrievedKnowledge:
        knowledge = retriever(diagnosis, language=language)
        seal(run, knowledge)
        return knowledge

    return retrieve


def seal(run: AnalysisRun, knowledge: RetrievedKnowledge) -> Capsule:
    """Keep what a run has before it. Done again when a run is taken up again."""
    capsule, _ = Capsule.objects.update_or_create(
        run=run, defaults={"knowledge": storable_json(asdict(knowledge)), "parameters": parameters()}
    )
    return capsule


def parameters() -> dict[str, Any]:
    """What else decides how a report comes out."""
    return {
        "model": language_models.model_for(language_models.EXPLAIN) if language_models.is_configured() else "rules",
        "fallbacks": list(settings.MODEL_FALLBACKS),
        "masked": sorted(kind.value for kind in language_models.masked_kinds()),
        "weighing": settings.MODEL_WEIGHING,
        "tool_calls": settings.MODEL_TOOL_CALLS,
        "seconds": settings.MODEL_TIMEOUT_SECONDS,
        "evidence_characters": settings.MODEL_EVIDENCE_CHARACTERS,
        "prompts": [prompt.id for prompt in all_prompts()],
    }


def frozen_knowledge(capsule: Capsule) -> RetrievedKnowledge:
    """The knowledge of a capsule, as the analysis had it."""
    data: Mapping[str, Any] = capsule.knowledge
    return RetrievedKnowledge(
        references=[Reference(**item) for item in data.get("references", [])],
        related_cases=[RelatedCase(**item) for item in data.get("related_cases", [])],
        excerpts=dict(data.get("excerpts", {})),
        notice=str(data.get("notice", "")),
        rulings=[_ruling(item) for item in data.get("rulings", [])],
    )


def _ruling(data: Mapping[str, Any]) -> HouseRuling:
    lists = {name: tuple(data.get(name, ())) for name in ("forbids", "requires", "sentences")}
    return HouseRuling(**{**data, **lists})
