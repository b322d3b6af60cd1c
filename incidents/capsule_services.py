"""Seal what a run is made of, make it again with something changed, and hand it over as an evaluation case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from incidents import background, language_models
from incidents.analysis.chat.prompts import all_prompts
from incidents.analysis.house_rules import HouseRuling
from incidents.analysis.pipeline import RetrievedKnowledge, Retriever, analyze, result_of
from incidents.analysis.report import Reference, RelatedCase
from incidents.auditing import CallLog
from incidents.capsules import Capsule, Replay
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.evidence_rows import intake_of
from incidents.model_calls import ModelCall
from incidents.models import AnalysisRun
from incidents.texts import storable_json
from sre_portal.llm.base import LLMError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

RULES = "rules"
COMPARED = ("severity", "category", "confidence_score", "summary", "root_cause_analysis")


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


# --- Replaying -------------------------------------------------------------------------------------------------


class NotSealed(LookupError):
    """The run has no capsule: it is older than capsules are, or never got as far as its knowledge."""


def start_replay(
    *, run: AnalysisRun, analyst: str, knowledge: str, requested_by: User | None, prompt_version: int | None = None
) -> Replay:
    """Queue a run to be made again. Raise NotSealed."""
    if not Capsule.objects.filter(run=run).exists():
        raise NotSealed
    replay = Replay.objects.create(
        run=run, analyst=analyst or RULES, knowledge=Replay.Knowledge(knowledge), requested_by=requested_by,
        prompt_version=prompt_version,
    )  # fmt: skip
    transaction.on_commit(lambda: background.start(make_replay, replay.pk))
    return replay


def make_replay(replay_id: int) -> Replay:
    """Make a run again and keep the result. The incident and its run stay as they are."""
    replay = Replay.objects.select_related("run__incident", "run__capsule").get(pk=replay_id)
    try:
        replay.result = storable_json(_made_again(replay))
        replay.status = Replay.Status.DONE
    except LLMError as failure:  # a model that can't even be built
        replay.status, replay.error = Replay.Status.FAILED, failure.reason(replay.run.language)
    finally:
        if replay.status == Replay.Status.WAITING:
            replay.status, replay.error = Replay.Status.FAILED, "internal error"
        replay.finished_at = timezone.now()
        replay.save()
    return replay


def _made_again(replay: Replay) -> dict[str, Any]:
    from incidents.chat_wiring import build_analyst

    run = replay.run
    analyst = None
    if replay.analyst != RULES:
        log = CallLog(
            incident_id=run.incident_id, requested_by_id=replay.requested_by_id, fixed_purpose=ModelCall.Purpose.REPLAY
        )
        analyst = build_analyst(
            log, model=replay.analyst, incident_id=run.incident_id, prompt_version=replay.prompt_version
        )
    return result_of(
        analyze(
            intake_of(run.incident, until=run.evidence_until), incident_id=run.incident.public_id,
            language=run.language, retriever=_retriever_of(replay), analyst=analyst,
        )
    )  # fmt: skip


def _retriever_of(replay: Replay) -> Retriever | None:
    from incidents.wiring import retrieve_knowledge

    if replay.knowledge == Replay.Knowledge.NONE:
        return None
    if replay.knowledge == Replay.Knowledge.CURRENT:
        return retrieve_knowledge
    knowledge = frozen_knowledge(replay.run.capsule)
    return lambda diagnosis, *, language: knowledge


def side_by_side(replay: Replay) -> list[dict[str, Any]]:
    """What the run and its replay say, field by field, and whether it is the same."""
    before, after = replay.run.result or {}, replay.result or {}
    rows = [{"name": name, "before": before.get(name, ""), "after": after.get(name, "")} for name in COMPARED]
    for name, key in (("immediate_actions", "title"), ("references", "id")):
        rows.append({"name": name, **{
            side: "\n".join(str(item.get(key, "")) for item in report.get(name, []))
            for side, report in (("before", before), ("after", after))
        }})  # fmt: skip
    return [{**row, "is_same": row["before"] == row["after"]} for row in rows]


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
