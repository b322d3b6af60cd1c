"""Build the chat analyst for a run, with this installation's models, masking, budget, record and searches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from django.conf import settings
from django.db.models import Q

from incidents.analysis.chat.analyst import ChatAnalyst, Limits
from incidents.analysis.chat.brief import Document
from incidents.analysis.chat.masking import Masking
from incidents.analysis.chat.tools import Lookups
from incidents.analysis.pipeline import Analyst
from incidents.diagnostics.redaction import Kind
from incidents.language_model import language_models
from incidents.language_model.auditing import CallLog
from incidents.models import AnalysisRun, Incident
from sre_portal.llm.base import LLMError

LOOKED_AT = 400  # resolved incidents that a search for past ones reads
LONGEST_INCIDENT = 1_200  # characters of one past incident


def analyst_for_run(run: AnalysisRun | None) -> Analyst | None:
    """The analyst of one run. None when the model can't even be built; `manage.py check_model` says why."""
    log = CallLog(
        incident_id=run.incident_id if run else None,
        run_id=run.pk if run else None,
        requested_by_id=run.requested_by_id if run else None,
    )
    try:
        return build_analyst(log if run else None, incident_id=run.incident_id if run else None)
    except LLMError:
        return None


def build_analyst(
    log: CallLog | None,
    *,
    model: str = "",
    incident_id: int | None = None,
    lookups: Lookups | None = None,
    verifies: bool = True,
    prompt_version: int | None = None,
) -> ChatAnalyst:
    """A chat analyst. Raise LLMError(MISCONFIGURED or NOT_INSTALLED) for a model that can't be built."""

    return ChatAnalyst(
        chat=language_models.chat_for(language_models.EXPLAIN, log, model=model),
        masked=masked_kinds(),
        lookups=lookups or lookups_for(incident_id),
        limits=limits(),
        weighs=settings.MODEL_WEIGHING,
        verifies=verifies,
        prompt_version=prompt_version,
        on_purpose=noting(log),
    )


def noting(log: CallLog | None) -> Callable[[str, Masking], None]:
    """Tell the record what the next call is for, and what was masked in it."""

    def note(purpose: str, masking: Masking) -> None:
        if log is not None:
            log.purpose = purpose
            log.masked = {kind.value: count for kind, count in masking.counts.items()}

    return note


def masked_kinds() -> Collection[Kind]:
    return language_models.masked_kinds()


def limits() -> Limits:
    return Limits(
        seconds=settings.MODEL_TIMEOUT_SECONDS,
        tool_calls=settings.MODEL_TOOL_CALLS,
        evidence_characters=settings.MODEL_EVIDENCE_CHARACTERS,
    )


# --- What a model may search -----------------------------------------------------------------------------------


def lookups_for(incident_id: int | None) -> Lookups:
    return Lookups(knowledge=search_knowledge, incidents=lambda query: past_incidents(query, but=incident_id))


def search_knowledge(query: str) -> Sequence[Document]:
    """Published documents that answer a question. Nothing when the index is down: the model goes on without."""
    from knowledge_base import retrieval  # late: loads the indexes

    found = retrieval.search(query, limit=4).passages
    return [Document(passage.document_id, passage.title, passage.text) for passage in found]


def past_incidents(query: str, *, but: int | None = None) -> list[Document]:
    """Resolved incidents that share most words with a query, with what fixed them."""
    words = [word for word in dict.fromkeys(query.lower().split()) if len(word) > 1][:12]
    if not words:
        return []
    wanted = Q()
    for word in words:
        wanted |= Q(title__icontains=word) | Q(summary__icontains=word) | Q(description__icontains=word)
    resolved = Incident.objects.filter(wanted, status=Incident.Status.RESOLVED).exclude(resolution="")
    if but is not None:
        resolved = resolved.exclude(pk=but)
    ranked: Counter[int] = Counter()
    rows = {row.pk: row for row in resolved.order_by("-id")[:LOOKED_AT]}
    for pk, row in rows.items():
        text = f"{row.title} {row.summary} {row.description[:2000]}".lower()
        ranked[pk] = sum(word in text for word in words)
    return [_document(rows[pk]) for pk, _ in ranked.most_common(3)]


def _document(incident: Incident) -> Document:
    parts = [
        f"category: {incident.category}, severity: {incident.severity}", incident.summary,
        f"What fixed it: {incident.resolution}", f"Was the diagnosis right? {incident.diagnosis_right or 'not told'}",
    ]  # fmt: skip
    return Document(incident.public_id, incident.title, "\n".join(parts)[:LONGEST_INCIDENT])
