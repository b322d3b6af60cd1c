"""Ask about an incident, and have texts about it drafted. Everything is kept with the incident."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from incidents.analysis.chat.analyst import opening
from incidents.analysis.chat.drafting import Circumstances, DraftKind, draft
from incidents.analysis.chat.replying import Earlier, Material, Replying
from incidents.analysis.chat.wording import say
from incidents.analysis.events import EventKind, RunEvent
from incidents.analysis.pipeline import RetrievedKnowledge, analyze
from incidents.analysis.report import AnalysisResult, from_json
from incidents.collaboration.timeline import timeline_of
from incidents.collaboration.wording import sentence
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.evidence_rows import intake_of
from incidents.language_model import background, language_models
from incidents.language_model.auditing import CallLog
from incidents.language_model.chat_wiring import limits, lookups_for, masked_kinds, noting
from incidents.language_model.conversations import Turn
from incidents.models import AnalysisRun, Category, Incident, Severity
from incidents.runs.run_view import first_sign
from incidents.runs.wiring import retrieve_knowledge
from incidents.texts import storable_text
from sre_portal.llm.base import LLMError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LONGEST_QUESTION = 4_000
SAVE_EVERY = 0.1  # seconds between two states of a growing answer
Status = Turn.Status


class NothingToAskAbout(ValueError):
    """The question is empty, or the incident has no report yet."""


def ask(*, incident: Incident, question: str, asker: User | None, language: str) -> Turn:
    """Keep a question and have it answered. Raise NothingToAskAbout."""
    question = storable_text(question.strip())[:LONGEST_QUESTION]
    if not question:
        raise NothingToAskAbout
    return _begin(incident, Turn.Kind.QUESTION, asker, language, question)


def ask_for_draft(*, incident: Incident, kind: str, asker: User | None, language: str) -> Turn:
    """Have a text for others written, in the language of its readers. Raise NothingToAskAbout."""
    return _begin(incident, Turn.Kind(DraftKind(kind).value), asker, language, "")


def _begin(incident: Incident, kind: str, asker: User | None, language: str, question: str) -> Turn:
    if _reported_run(incident) is None:
        raise NothingToAskAbout
    turn = Turn.objects.create(incident=incident, kind=kind, asked_by=asker, language=language, question=question)
    transaction.on_commit(lambda: background.start(write_turn, turn.pk))
    return turn


def _reported_run(incident: Incident) -> AnalysisRun | None:
    return incident.runs.filter(result__isnull=False).order_by("-id").first()


def _run_of(turn: Turn) -> AnalysisRun:
    run = _reported_run(turn.incident)
    if run is None:  # deleted since the question was asked
        raise NothingToAskAbout
    return run


# --- Writing ---------------------------------------------------------------------------------------------------


def write_turn(turn_id: int) -> Turn | None:
    """Write the answer of a turn, keeping it as it grows. None if another process has taken it."""
    taken = Turn.objects.filter(pk=turn_id, status=Status.WAITING)
    if taken.update(status=Status.WRITING, updated_at=timezone.now()) == 0:
        return None
    turn = Turn.objects.select_related("incident").get(pk=turn_id)
    try:
        _write(turn)
    finally:
        if turn.status == Status.WRITING:  # something unforeseen: the page must not wait for ever
            turn.status, turn.notice = Status.FAILED, say("internal", turn.language)
        turn.save()
    return turn


def _write(turn: Turn) -> None:
    if not language_models.is_configured():
        _without_model(turn, say("no_model", turn.language))
        return
    run = _run_of(turn)
    task = language_models.DRAFT if turn.is_draft else language_models.FOLLOW_UP
    log = CallLog(incident_id=turn.incident_id, requested_by_id=turn.asked_by_id, purpose=task)
    try:
        chat = language_models.chat_for(task, log)
    except LLMError as failure:
        _without_model(turn, failure.reason(turn.language))
        return
    replying = Replying(
        chat, task, masked=masked_kinds(), lookups=lookups_for(turn.incident_id), limits=limits(),
        public=turn.kind == Turn.Kind.STATUS_PAGE, on_purpose=noting(log),
    )  # fmt: skip
    material = material_of(run, turn.language)
    _listen(turn, replying.events(material, turn.question or turn.kind, _earlier(turn)))
    reply = replying.reply
    turn.usage = {"input_tokens": reply.usage.tokens_in, "output_tokens": reply.usage.tokens_out,
                  "cost_usd": reply.usage.cost, "model": reply.model}  # fmt: skip
    turn.struck = reply.struck
    if reply.failure:
        _without_model(turn, reply.failure)
    else:
        turn.answer, turn.analyst, turn.status = storable_text(reply.text), reply.model, Status.DONE


def _listen(turn: Turn, events: Iterator[RunEvent]) -> None:
    """Keep the growing answer. Parts that are struck leave it again."""
    parts: dict[int, str] = {}
    saved_at = 0.0
    for event in events:
        if event.kind is not EventKind.TEXT:
            continue
        part = int(event.payload["part"])
        parts[part] = "" if event.payload.get("struck") else parts.get(part, "") + event.payload["delta"]
        if time.monotonic() - saved_at >= SAVE_EVERY:
            turn.answer = storable_text("".join(parts.values()))
            turn.save(update_fields=["answer", "updated_at"])
            saved_at = time.monotonic()


def _without_model(turn: Turn, reason: str) -> None:
    """A draft comes from its template; a question gets the reason why there is no answer."""
    if not turn.is_draft:
        turn.answer, turn.status = "", Status.FAILED
        turn.notice = say("no_answer", turn.language, reason=reason)
        return
    run = _run_of(turn)
    report = _report_in(run, turn.language)
    turn.answer = storable_text(draft(DraftKind(turn.kind), report, _circumstances(turn.incident, report)))
    turn.analyst, turn.status = "rules", Status.DONE
    if language_models.is_configured():
        turn.notice = say("draft_instead", turn.language, reason=reason)


# --- Material --------------------------------------------------------------------------------------------------


class _Capture:
    """An analyst that says nothing and remembers what it was given."""

    given: tuple[Diagnosis, AnalysisResult, RetrievedKnowledge]

    def __call__(self, diagnosis: Diagnosis, base: AnalysisResult, knowledge: RetrievedKnowledge) -> Iterator[RunEvent]:
        self.given = (diagnosis, base, knowledge)
        return iter(())


def material_of(run: AnalysisRun, language: str) -> Material:
    """What the analysis of a run had, in a language, and the report as it stands."""
    capture = _Capture()
    intake = intake_of(run.incident, until=run.evidence_until)
    for _event in analyze(
        intake, incident_id=run.incident.public_id, language=language, retriever=retrieve_knowledge, analyst=capture
    ):
        pass
    diagnosis, base, knowledge = capture.given
    report = from_json(run.result) if run.result and run.language == language else base
    return Material(diagnosis, base, knowledge, report)


def _report_in(run: AnalysisRun, language: str) -> AnalysisResult:
    if run.result and run.language == language:
        return from_json(run.result)
    return material_of(run, language).base


def _earlier(turn: Turn) -> list[Earlier]:
    asked = turn.incident.turns.filter(pk__lt=turn.pk, kind=Turn.Kind.QUESTION, status=Status.DONE).order_by("id")
    return [Earlier(one.question, one.answer) for one in asked]


def _circumstances(incident: Incident, report: AnalysisResult) -> Circumstances:
    with translation.override(report.language):
        words = {**dict(Severity.choices), **dict(Category.choices)}
        timeline = [
            f"{timezone.localtime(entry.at):%Y-%m-%d %H:%M} {sentence(entry)}"
            for entry in timeline_of(incident)
            if entry.comment is None  # what people say to each other does not go to a model
        ]
        spoken = {str(name): str(word) for name, word in words.items()}
    since = first_sign(report) or incident.timestamp or f"{timezone.localtime(incident.created_at):%Y-%m-%d %H:%M}"
    sign = first_sign(report)
    return Circumstances(
        incident_id=incident.public_id, title=incident.title, since=since, resolution=incident.resolution,
        timeline=[*([f"{sign} {report.summary}"] if sign else []), *timeline], words=spoken,
    )  # fmt: skip


def preview_of(run: AnalysisRun) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Exactly what would be sent first if this run were analysed now, and what each placeholder in it stands for."""
    material = material_of(run, run.language)
    messages, masking = opening(
        material.diagnosis, material.base, material.knowledge, masked=masked_kinds(),
        characters=settings.MODEL_EVIDENCE_CHARACTERS,
    )  # fmt: skip
    sent = "\n".join(message.content for message in messages)
    mapping = {placeholder: original for placeholder, original in masking.mapping.items() if placeholder in sent}
    return [{"role": message.role, "content": message.content} for message in messages], mapping
