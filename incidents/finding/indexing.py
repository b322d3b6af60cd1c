"""Keep the words and traits of incidents in step: each in the transaction that changes what they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Coalesce, Length, Right, Substr
from django.utils import timezone

from incidents.collaboration.models import Comment
from incidents.finding.models import IncidentText, IncidentTrait
from incidents.models import AnalysisRun, EvidenceItem, Incident
from knowledge_base.tokens import terms_of

VERSION = 1  # of the way terms are made; reconciling remakes what an older one made
SAID = 20_000  # characters of a description that are indexed
HEAD_OF_EVIDENCE, TAIL_OF_EVIDENCE = 12_000, 4_000  # of each text: what a log is about stands at its ends
EVIDENCE_AT_ONCE = 96_000  # characters read for one incident at a time
TERMS = 4_000  # different ones that a column holds
COMMENTS = 500  # the newest of an incident
NAMED = 40  # traits of a kind that one report may leave
Kind = IncidentTrait.Kind


def terms_text(texts: Iterable[str], *, known: str = "") -> str:
    """Terms of texts, each once, in the order of their first occurrence; those known already stay in front."""
    terms = dict.fromkeys(known.split())
    for text in texts:
        for term in terms_of(text):
            terms[term] = None
            if len(terms) >= TERMS:
                return " ".join(terms)
    return " ".join(terms)


# --- One incident, as it changes -----------------------------------------------------------------------------------


def index_details(incident: Incident) -> None:
    """What people wrote of an incident, and its verdict's summary. Called by a signal after each save."""
    values = {
        "head": terms_text((incident.title, incident.summary, f"{incident.pk:06d}", incident.redis_version)),
        "said": terms_text((incident.description[:SAID], incident.resolution[:SAID])),
    }
    IncidentText.objects.update_or_create(
        incident=incident, defaults=values, create_defaults={**values, "version": VERSION}
    )


def index_evidence(incident: Incident) -> None:
    """Add the terms of evidence that came since the last time. Evidence never changes, so nothing is read twice."""
    text = IncidentText.objects.get(incident=incident)
    until, texts = text.evidence_until, []
    room = EVIDENCE_AT_ONCE
    for sequence, name, node, head, tail in _ends_of_evidence(incident, after=until):
        until = max(until, sequence)
        texts += [name, node, head[:room], tail[:room]]
        room -= min(room, len(head) + len(tail))
    text.evidence = terms_text(texts, known=text.evidence)
    text.evidence_until = until
    text.save(update_fields=["evidence", "evidence_until", "updated_at"])


def _ends_of_evidence(incident: Incident, *, after: int) -> Iterator[tuple[int, str, str, str, str]]:
    """Number, name, node, beginning and end of each text; long ones are cut by the database."""
    rows = EvidenceItem.objects.filter(incident=incident, sequence__gt=after).order_by("sequence")
    cut = rows.annotate(head=Substr("text", 1, HEAD_OF_EVIDENCE), tail=Right("text", TAIL_OF_EVIDENCE))
    yield from (
        (sequence, name, node, head, tail if size > HEAD_OF_EVIDENCE else "")
        for sequence, name, node, head, tail, size in cut.annotate(length=Length("text")).values_list(
            "sequence", "name", "node", "head", "tail", "length"
        )
    )


def index_comments(incident_id: int) -> None:
    """Replace the terms of an incident's comments by those of what stands there now."""
    standing = Comment.objects.filter(incident_id=incident_id, deleted_at=None).order_by("-id")[:COMMENTS]
    IncidentText.objects.filter(incident_id=incident_id).update(
        comments=terms_text(standing.values_list("text", flat=True)), updated_at=timezone.now()
    )


@transaction.atomic
def index_report(incident: Incident, report: Mapping[str, Any]) -> None:
    """Keep what the newest report says and names, in place of what an earlier one did."""
    values = {
        "head": terms_text((incident.title, incident.summary, f"{incident.pk:06d}", incident.redis_version)),
        "report": terms_text(_said_in(report)),
    }
    IncidentText.objects.update_or_create(
        incident=incident, defaults=values, create_defaults={**values, "version": VERSION}
    )
    IncidentTrait.objects.filter(incident=incident).delete()
    IncidentTrait.objects.bulk_create(
        IncidentTrait(incident=incident, kind=kind, name=name, at=incident.created_at)
        for kind, name in traits_of(report)
    )


def traits_of(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Findings, root causes and cited documents that a report names, each once."""
    parts: tuple[tuple[Kind, Iterable[Mapping[str, Any]]], ...] = (
        (Kind.FINDING, report.get("findings") or ()),
        (Kind.CAUSE, (one for one in report.get("hypotheses") or () if one.get("is_root_cause"))),
        (Kind.DOCUMENT, (*(report.get("references") or ()), *(report.get("related_cases") or ()))),
    )
    named: list[tuple[str, str]] = []
    for kind, entries in parts:
        names = dict.fromkeys(str(entry.get("id") or "")[:120] for entry in entries)
        named += [(str(kind), name) for name in names if name][:NAMED]
    return named


def _said_in(report: Mapping[str, Any]) -> Iterator[str]:
    yield str(report.get("root_cause_analysis") or "")[:SAID]
    for finding in (report.get("findings") or ())[:NAMED]:
        yield f"{finding.get('id')} {finding.get('title')} {finding.get('summary')}"
        yield from (str(quote.get("text") or "")[:400] for quote in (finding.get("evidence") or ())[:3])
    for hypothesis in report.get("hypotheses") or ():
        if hypothesis.get("is_root_cause"):
            yield f"{hypothesis.get('id')} {hypothesis.get('title')}"


# --- All of them ---------------------------------------------------------------------------------------------------


def stale_incidents() -> list[int]:
    """Incidents whose words are missing, were made in an older way, or lack what was changed since."""
    stale = (
        Q(indexed_text__isnull=True)
        | Q(indexed_text__version__lt=VERSION)
        | Q(indexed_text__updated_at__lt=F("updated_at"))
        | Q(indexed_text__evidence_until__lt=F("last_evidence"))
    )
    incidents = Incident.objects.annotate(last_evidence=Coalesce(Max("evidence__sequence"), 0))
    return list(incidents.filter(stale).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def reindex(incident_id: int) -> None:
    """Remake everything of one incident from what the database holds."""
    incident = Incident.objects.filter(pk=incident_id).first()
    if incident is None:
        return
    IncidentText.objects.filter(pk=incident_id).delete()
    index_details(incident)
    index_evidence(incident)
    index_comments(incident_id)
    reports = AnalysisRun.objects.filter(incident=incident, result__isnull=False)
    newest, first = reports.order_by("-id").first(), reports.order_by("id").defer("result").first()
    if newest is not None:
        index_report(incident, newest.result)
    if incident.diagnosed_at is None and first is not None:
        Incident.objects.filter(pk=incident_id).update(diagnosed_at=first.finished_at or first.started_at)
