"""Seal what a run is made of, and hand it over as an evaluation case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.conf import settings

from incidents.analysis.chat.prompts import all_prompts
from incidents.analysis.house_rules import HouseRuling
from incidents.analysis.pipeline import RetrievedKnowledge, Retriever
from incidents.analysis.report import Reference, RelatedCase
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.evidence_rows import intake_of
from incidents.language_model import language_models
from incidents.language_model.capsules import Capsule
from incidents.language_model.evaluation_rows import EvaluationCase
from incidents.models import AnalysisRun
from incidents.texts import storable_json

if TYPE_CHECKING:
    from django.contrib.auth.models import User


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
    lists = {name: tuple(data.get(name, ())) for name in ("forbids", "requires", "sentences", "advice")}
    return HouseRuling(**{**data, **lists})


# --- A capsule as an evaluation case ---------------------------------------------------------------------------


def as_case(run: AnalysisRun) -> dict[str, Any]:
    """A run as a case for `manage.py evaluate`: its evidence, and what is expected by what its people confirmed.

    Where nobody has confirmed the diagnosis, the report itself is expected: the case then guards against change.
    """
    intake = intake_of(run.incident, until=run.evidence_until)
    report = run.result or {}
    roots = [one for one in report.get("hypotheses", []) if one.get("is_root_cause")]
    artifacts = dict(intake.artifacts) | {f"pasted_{n}": text for n, text in enumerate(intake.pasted, start=1)}
    artifacts |= {file.name or f"file_{n}": getattr(file, "text", "") for n, file in enumerate(intake.files, start=1)}
    return {
        "slug": run.incident.public_id.lower(),
        "timestamp": intake.timestamp, "error_logs": list(intake.error_logs), "metrics": dict(intake.metrics),
        "redis_info": intake.redis_info, "redis_version": intake.redis_version,
        "deployment_type": intake.deployment_type, "description": intake.description, "artifacts": artifacts,
        "expected": {
            "incident": report.get("incident_detected", True),
            "category": report.get("category", "none"), "severity": report.get("severity", "low"),
            "must_mention": [[str(one.get("title", ""))] for one in roots[:1]],
            "scenario": None,
        },
        "confirmed": run.incident.diagnosis_right == "yes",
    }  # fmt: skip


def keep_case(*, run: AnalysisRun, keeper: User | None) -> EvaluationCase:
    """Keep a run as a case of this installation; one that was kept before is renewed."""
    case = as_case(run)
    kept, _ = EvaluationCase.objects.update_or_create(
        run=run,
        defaults={
            "slug": f"{case['slug']}-{run.pk}", "case": storable_json(case), "is_confirmed": case["confirmed"],
            "kept_by": keeper,
        },
    )  # fmt: skip
    return kept
