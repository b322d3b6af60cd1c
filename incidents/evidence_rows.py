"""Between what an operator hands in and the rows that keep it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.evidence import Piece, recognise
from incidents.diagnostics.intake import IncidentInput, UploadedText
from incidents.models import EvidenceItem, Incident
from incidents.texts import storable_json, storable_text

Origin = EvidenceItem.Origin
GLANCE = 200_000  # characters; enough to say what a text is, without reading 10 MB twice
QUOTE_LENGTH = 600  # characters of a line that a report quotes at most


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """One text to be kept. `is_json` marks a list or object that a program sent."""

    origin: str
    text: str
    name: str = ""
    is_json: bool = False


def evidence_of(intake: IncidentInput) -> Iterator[NewEvidence]:
    """Every text of an intake, in the order of the form. The description stays with the incident."""
    if intake.error_logs:
        yield NewEvidence(Origin.ERROR_LOGS, "\n".join(intake.error_logs))
    if intake.metrics:
        yield NewEvidence(Origin.METRICS, _as_json(dict(intake.metrics)), is_json=True)
    if intake.redis_info.strip():
        yield NewEvidence(Origin.REDIS_INFO, intake.redis_info)
    for name, value in intake.artifacts.items():
        if isinstance(value, str):
            yield NewEvidence(Origin.ARTIFACT, value, name=name)
        elif value is not None:
            yield NewEvidence(Origin.ARTIFACT, _as_json(value), name=name, is_json=True)
    for file in intake.files:
        text = file.text if isinstance(file, UploadedText) else file.excerpt
        yield NewEvidence(Origin.FILE, text, name=file.name)
    yield from (NewEvidence(Origin.PASTED, text) for text in intake.pasted if text.strip())


def rows_of(new: Iterable[NewEvidence], *, incident: Incident, first: int, added_by: Any) -> list[EvidenceItem]:
    """Unsaved rows, numbered from `first`, with what each was recognised as."""
    rows = []
    for sequence, item in enumerate(new, start=first):
        pieces, text = glance(item), storable_text(item.text)
        rows.append(EvidenceItem(
            incident=incident, sequence=sequence, origin=item.origin, text=storable_text(item.text),
            lines=text.count("\n") + 1, size=len(text),
            name=storable_text(item.name)[:200], is_json=item.is_json, added_by=added_by,
            kind=",".join(dict.fromkeys(piece.kind.value for piece in pieces))[:120],
            node=next((piece.node for piece in pieces if piece.node), "")[:120],
        ))  # fmt: skip
    return rows


def glance(item: NewEvidence) -> tuple[Piece, ...]:
    """What the beginning of a text looks like. Structured captures are named by their sender instead."""
    return () if item.is_json else recognise(item.text[:GLANCE], name=item.name)


def intake_of(incident: Incident, *, until: int) -> IncidentInput:
    """Put the intake together again from the rows up to one number."""
    rows = list(incident.evidence.filter(sequence__lte=until).order_by("sequence"))
    infos = [row.text for row in rows if row.origin == Origin.REDIS_INFO]
    artifacts, displaced = _artifacts(row for row in rows if row.origin == Origin.ARTIFACT)
    if len(infos) > 1:  # a second INFO makes two samples, which give rates
        artifacts.setdefault("redis_info_earlier", infos[0])
    return IncidentInput(
        timestamp=incident.timestamp,
        error_logs=tuple(line for row in rows if row.origin == Origin.ERROR_LOGS for line in row.text.splitlines()),
        metrics=_merged(row.text for row in rows if row.origin == Origin.METRICS),
        redis_info=infos[-1] if infos else "",
        redis_version=incident.redis_version,
        deployment_type=incident.deployment_type,
        description=incident.description,
        artifacts=artifacts,
        files=tuple(UploadedText(row.name, row.text) for row in rows if row.origin == Origin.FILE),
        pasted=(*displaced, *(row.text for row in rows if row.origin == Origin.PASTED)),
    )


def _artifacts(rows: Iterable[EvidenceItem]) -> tuple[dict[str, Any], list[str]]:
    """Captures by name; when a name comes again the later one wins it and the earlier is read as pasted text."""
    artifacts: dict[str, Any] = {}
    displaced: list[str] = []
    for row in rows:
        earlier = artifacts.get(row.name)
        if isinstance(earlier, str):
            displaced.append(earlier)
        artifacts[row.name] = json.loads(row.text) if row.is_json else row.text
    return artifacts, displaced


def _merged(texts: Iterable[str]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for text in texts:
        merged |= json.loads(text)
    return merged


def _as_json(value: Any) -> str:
    return json.dumps(storable_json(value), ensure_ascii=False, indent=1, default=str)
