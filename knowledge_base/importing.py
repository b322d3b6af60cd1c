"""Import many documents: each row gets a verdict, the same rows twice change nothing, memory holds one batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from knowledge_base.document_fields import InvalidDocument, clean_fields
from knowledge_base.document_format import UnreadableDocument, read_markdown
from knowledge_base.glossary_cache import current_glossary
from knowledge_base.models import CONTENT_FIELDS, KnowledgeDocument, content_hash
from knowledge_base.stored_chunks import refresh_chunks

BATCH = 200
KEPT_FIELDS = ("status", "owner", "review_by")  # an import changes them only when it names them


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands in the place of a row that could not be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    row: int  # from 1
    id: str
    outcome: Outcome
    reasons: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportReport:
    verdicts: list[Verdict]
    applied: bool  # False: nothing was changed (a dry run, or all-or-nothing with a refused row)

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(verdict.outcome.value for verdict in self.verdicts)
        return {outcome.value: found[outcome.value] for outcome in Outcome}


Row = Mapping[str, Any] | Unreadable


def markdown_rows(texts: Iterable[str]) -> Iterator[Row]:
    """One row per Markdown file."""
    for text in texts:
        try:
            yield read_markdown(text)
        except UnreadableDocument as exc:
            yield Unreadable(str(exc))


def import_rows(
    rows: Iterable[Row],
    *,
    all_or_nothing: bool = False,
    dry_run: bool = False,
    author: Any = None,
    origin: str = KnowledgeDocument.Origin.IMPORTED,
) -> ImportReport:
    """Create and update documents by their identifiers. A row is the whole document: what it leaves out is emptied."""
    run = _Import(author=author, origin=origin)
    if not (all_or_nothing or dry_run):
        for batch in _batches(rows):
            with transaction.atomic():
                run.take(batch)
        return ImportReport(run.verdicts, applied=True)
    with transaction.atomic():
        for batch in _batches(rows):
            run.take(batch)
        applied = not dry_run and all(verdict.outcome is not Outcome.REFUSED for verdict in run.verdicts)
        if not applied:
            transaction.set_rollback(True)
    return ImportReport(run.verdicts, applied=applied)


def _batches(rows: Iterable[Row]) -> Iterator[list[tuple[int, Row]]]:
    numbered = enumerate(rows, start=1)
    while batch := list(islice(numbered, BATCH)):
        yield batch


class _Import:
    """One import on its way through the batches."""

    def __init__(self, *, author: Any, origin: str) -> None:
        self.verdicts: list[Verdict] = []
        self._author = author
        self._origin = origin
        self._seen: dict[str, tuple[int, str]] = {}  # identifier → the row it stood in, and its content

    def take(self, batch: Sequence[tuple[int, Row]]) -> None:
        readable = [(number, fields) for number, row in batch if (fields := self._clean(number, row)) is not None]
        known = KnowledgeDocument.objects.in_bulk([fields["id"] for _, fields in readable])
        created: list[KnowledgeDocument] = []
        updated: list[KnowledgeDocument] = []
        for number, fields in readable:
            if not self._is_first(number, fields):
                continue
            document = known.get(fields["id"])
            if document is None:
                created.append(KnowledgeDocument(**fields, author=self._author, origin=self._origin))
                self._say(number, fields["id"], Outcome.CREATED)
            elif _apply(document, fields):
                updated.append(document)
                self._say(number, fields["id"], Outcome.UPDATED)
            else:
                self._say(number, fields["id"], Outcome.UNCHANGED)
        _store(created, updated)

    def _clean(self, number: int, row: Row) -> dict[str, Any] | None:
        if isinstance(row, Unreadable):
            self._say(number, "", Outcome.REFUSED, {"file": [row.reason]})
            return None
        if not isinstance(row, Mapping):
            self._say(number, "", Outcome.REFUSED, {"row": [_("This is no object.")]})
            return None
        try:
            return clean_fields(row)
        except InvalidDocument as exc:
            self._say(number, str(row.get("id") or ""), Outcome.REFUSED, exc.errors)
            return None

    def _is_first(self, number: int, fields: Mapping[str, Any]) -> bool:
        content = _hash(fields)
        first, known = self._seen.setdefault(fields["id"], (number, content))
        if first == number:
            return True
        if known == content:
            self._say(number, fields["id"], Outcome.UNCHANGED)
        else:
            reason = _("This identifier stands in row %(row)d already, with other content.") % {"row": first}
            self._say(number, fields["id"], Outcome.REFUSED, {"id": [reason]})
        return False

    def _say(self, number: int, pk: str, outcome: Outcome, reasons: Mapping[str, list[str]] | None = None) -> None:
        self.verdicts.append(Verdict(number, pk, outcome, reasons or {}))


def _hash(fields: Mapping[str, Any]) -> str:
    return content_hash(KnowledgeDocument(**fields).content())


def _apply(document: KnowledgeDocument, fields: Mapping[str, Any]) -> bool:
    """Make a document what the row says. Return whether that changed it."""
    incoming = KnowledgeDocument(**fields)
    before = (document.content(), *(getattr(document, name) for name in KEPT_FIELDS))
    for name in CONTENT_FIELDS:
        setattr(document, name, getattr(incoming, name))
    for name in KEPT_FIELDS:
        if name in fields:
            setattr(document, name, fields[name])
    return before != (document.content(), *(getattr(document, name) for name in KEPT_FIELDS))


def _store(created: Sequence[KnowledgeDocument], updated: Sequence[KnowledgeDocument]) -> None:
    """Write a batch. Bulk writes send no signals, so the chunks are made here; the outbox is told by the queryset."""
    if created:
        KnowledgeDocument.objects.bulk_create(created)
    if updated:
        for document in updated:
            document.updated_at = timezone.now()
        KnowledgeDocument.objects.bulk_update(updated, [*CONTENT_FIELDS, *KEPT_FIELDS, "updated_at"])
    if created or updated:
        refresh_chunks([*created, *updated], current_glossary())
