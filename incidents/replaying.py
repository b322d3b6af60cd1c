"""Make a run again from its capsule with something changed, and lay what came out beside the run."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, override

from incidents.analysis.pipeline import Retriever, analyze, result_of
from incidents.evidence_rows import intake_of
from incidents.language_model import background
from incidents.language_model.auditing import CallLog
from incidents.language_model.capsules import Capsule, Replay
from incidents.language_model.model_calls import ModelCall
from incidents.models import AnalysisRun
from incidents.texts import storable_json
from sre_portal.llm.base import LLMError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

RULES = "rules"
MOST_ATTEMPTS = 2  # a replay that was cut off twice is told as such instead of being billed a third time
LONGEST = timedelta(minutes=15)  # after which a worker on another machine counts as gone
COMPARED = ("analyst", "severity", "category", "confidence_score", "summary", "root_cause_analysis")
Status = Replay.Status


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
    if not _claim(replay):
        return replay
    try:
        replay.result = storable_json(_made_again(replay))
        replay.status = Status.DONE
    except LLMError as failure:  # a model that can't even be built
        replay.status, replay.error = Status.FAILED, failure.reason(replay.run.language)
    finally:
        if replay.status == Status.WAITING:
            replay.status, replay.error = Status.FAILED, "internal error"
        replay.finished_at = timezone.now()
        replay.save()
    return replay


def _claim(replay: Replay) -> bool:
    """Take a replay for this process. False if another one has it."""
    worker, attempts = f"{socket.gethostname()}:{os.getpid()}", replay.attempts + 1
    waiting = Replay.objects.filter(pk=replay.pk, status=Status.WAITING, attempts=replay.attempts)
    if waiting.update(worker=worker, attempts=attempts) == 0:
        return False
    replay.worker, replay.attempts = worker, attempts
    return True


def resume_replays(*, at: datetime) -> int:
    """Take up what a stopped process left, at the start of the next one. Return how many."""
    from incidents.runs.tasks import is_gone

    left = [
        one
        for one in Replay.objects.filter(status=Status.WAITING)
        if not one.worker or is_gone(one.worker) or at - one.at > LONGEST
    ]
    for replay in left:
        if replay.attempts >= MOST_ATTEMPTS:
            _give_up(replay, at)
        else:
            background.start(make_replay, replay.pk)
    return len(left)


def _give_up(replay: Replay, at: datetime) -> None:
    with override(replay.run.language):
        error = gettext("The portal was restarted while this was being made again; start it once more.")
    Replay.objects.filter(pk=replay.pk).update(status=Status.FAILED, error=error, finished_at=at)


def _made_again(replay: Replay) -> dict[str, Any]:
    from incidents.language_model.chat_wiring import build_analyst

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
    from incidents.language_model.capsule_services import frozen_knowledge
    from incidents.runs.wiring import retrieve_knowledge

    if replay.knowledge == Replay.Knowledge.NONE:
        return None
    if replay.knowledge == Replay.Knowledge.CURRENT:
        return retrieve_knowledge
    knowledge = frozen_knowledge(replay.run.capsule)
    return lambda diagnosis, *, language: knowledge


# --- Side by side ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    is_same: bool  # as in the run itself


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    before: str
    cells: Sequence[Cell]

    @property
    def is_same(self) -> bool:
        return all(cell.is_same for cell in self.cells)


def side_by_side(run: AnalysisRun, replays: Sequence[Replay]) -> list[Row]:
    """What the run and its replays say, field by field, and where they differ."""
    before, after = _told(run.result or {}), [_told(one.result or {}) for one in replays]
    return [
        Row(name, text, [Cell(one[name], one[name] == text or not one["analyst"]) for one in after])
        for name, text in before.items()
    ]


def _told(report: Mapping[str, Any]) -> dict[str, str]:
    """A report as texts to compare. What it cost stands at the end."""
    usage, facts = report.get("usage") or {}, report.get("facts") or {}
    told = {name: str(report.get(name, "")) for name in COMPARED}
    for name, key in (("immediate_actions", "title"), ("references", "id")):
        told[name] = "\n".join(str(item.get(key, "")) for item in report.get(name, []))
    told["prompts"] = ", ".join((facts.get("model") or {}).get("prompts") or [])
    told["struck"] = "\n".join(f"{one['text']} ({one['reason']})" for one in facts.get("struck") or [])
    tokens = int(usage.get("input_tokens") or 0) + int(usage.get("output_tokens") or 0)
    told["usage"] = (
        f"{tokens:,} tokens, {usage.get('cost_usd') or 0:.4f} USD, {(usage.get('elapsed_ms') or 0) / 1000:.1f} s"
        if report
        else ""
    )
    return told
