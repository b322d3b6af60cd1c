"""Import many documents: each row gets a verdict, the same rows twice change nothing, memory holds one batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from knowledge_base.document_fields import InvalidDocument, clean_fields
from knowledge_base.document_format import UnreadableDocument, read_markdown
from knowledge_base.glossary_cache import current_glossary
from knowledge_base.importing.memory import remember, remembered_hashes
from knowledge_base.importing.verdicts import (
    AS_STATED,
    ImportReport,
    Outcome,
    Policy,
    Row,
    Sourced,
    Unchanged,
    Unreadable,
    Verdict,
)
from knowledge_base.lifecycle.models import DocumentRevision
from knowledge_base.lifecycle.recording import signed
from knowledge_base.linting.service import lint_alone
from knowledge_base.models import CONTENT_FIELDS, KnowledgeDocument, content_hash
from knowledge_base.stored_chunks import refresh_chunks

BATCH = 200
KEPT_FIELDS = ("status", "owner", "review_by")  # an import changes them only when it names them
Status = KnowledgeDocument.Status


def markdown_rows(texts: Iterable[str]) -> Iterator[Row]:
    """One row per Markdown file."""
    for text in texts:
        try:
            yield read_markdown(text)
        except UnreadableDocument:
            yield Unreadable(_("The file is empty."))


def import_rows(
    rows: Iterable[Row | Sourced],
    *,
    all_or_nothing: bool = False,
    dry_run: bool = False,
    author: Any = None,
    origin: str = KnowledgeDocument.Origin.IMPORTED,
    policy: Policy = AS_STATED,
) -> ImportReport:
    """Create and update documents by their identifiers. A row is the whole document: what it leaves out is emptied."""
    taken = take_rows(rows, dry_run=dry_run, author=author, origin=origin, policy=policy)
    if not all_or_nothing or dry_run:
        return ImportReport(list(taken), applied=not dry_run)
    with transaction.atomic():
        verdicts = list(taken)
        applied = all(verdict.outcome is not Outcome.REFUSED for verdict in verdicts)
        if not applied:
            transaction.set_rollback(True)
    return ImportReport(verdicts, applied=applied)


def take_rows(
    rows: Iterable[Row | Sourced],
    *,
    dry_run: bool = False,
    author: Any = None,
    origin: str = KnowledgeDocument.Origin.IMPORTED,
    policy: Policy = AS_STATED,
    start: int = 1,
    seen: Mapping[str, int] | None = None,
) -> Iterator[Verdict]:
    """Import batch by batch, each in a transaction of its own, and yield the verdicts of what is done.

    An import that is cut off has done whole batches; the same rows again pass over those. `seen` are the identifiers
    of rows before `start`, with their numbers.
    """
    run = _Import(author, origin, policy, dry_run, seen or {})
    numbered = enumerate(rows, start=start)
    while batch := list(islice(numbered, BATCH)):
        if dry_run:
            run.take(batch)
        else:
            with transaction.atomic():
                run.take(batch)
        yield from run.finished()


@dataclass(slots=True)
class _Batch:
    """What is to be written, with the row each document came from."""

    created: list[KnowledgeDocument] = field(default_factory=list)
    updated: list[KnowledgeDocument] = field(default_factory=list)
    origins: dict[str, Sourced] = field(default_factory=dict)


class _Import:
    """One import on its way through the batches."""

    def __init__(self, author: Any, origin: str, policy: Policy, dry_run: bool, seen: Mapping[str, int]) -> None:
        self._author = author
        self._origin = origin
        self._policy = policy
        self._dry_run = dry_run
        self._verdicts: list[Verdict] = []
        # identifier → the row it stood in, and its content where this run has read it
        self._seen: dict[str, tuple[int, str]] = {pk: (number, "") for pk, number in seen.items()}

    def finished(self) -> list[Verdict]:
        """The verdicts since the last call, in the order of the rows."""
        done, self._verdicts = sorted(self._verdicts, key=lambda verdict: verdict.row), []
        return done

    def take(self, numbered: Sequence[tuple[int, Row | Sourced]]) -> None:
        rows = [(number, row if isinstance(row, Sourced) else Sourced(row)) for number, row in numbered]
        readable = [(number, row, fields) for number, row in rows if (fields := self._clean(number, row)) is not None]
        ids = [fields["id"] for _number, _row, fields in readable]
        known = KnowledgeDocument.objects.in_bulk(ids)
        before = remembered_hashes(ids) if self._policy.keep_conflicts else {}
        batch = _Batch()
        for number, row, fields in readable:
            if self._is_first(number, row, fields):
                document = known.get(fields["id"])
                if document is None:
                    self._create(number, row, fields, batch)
                else:
                    self._update(number, row, fields, document, before.get(document.pk), batch)
        if not self._dry_run:
            with signed(by=self._author, source=DocumentRevision.Source.IMPORTED):
                _store(batch)
            if self._policy.remembers:
                remember(self._policy.label, [*batch.created, *batch.updated], batch.origins)

    def _create(self, number: int, row: Sourced, fields: dict[str, Any], batch: _Batch) -> None:
        status, remarks = self._status(row, fields)
        document = KnowledgeDocument(**{**fields, "status": status}, author=self._author, origin=self._origin)
        batch.created.append(document)
        batch.origins[document.pk] = row
        self._say(number, row, fields["id"], Outcome.CREATED, title=document.title, remarks=remarks)

    def _status(self, row: Sourced, fields: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
        """The status of a new document, and why it is none better."""
        stated = str(fields.get("status") or Status.PUBLISHED)
        if self._policy.status == "stated":
            return (Status.DRAFT if row.draft_only else stated), ()
        if self._policy.status != Status.PUBLISHED or stated != Status.PUBLISHED:
            return (Status.ARCHIVED if stated == Status.ARCHIVED else Status.DRAFT), ()
        if row.draft_only:
            return Status.DRAFT, (_("It becomes a draft: its structure was guessed."),)
        if not self._policy.may_publish:
            return Status.DRAFT, (_("It becomes a draft: you may not publish."),)
        if lint_alone(fields):
            return Status.DRAFT, (_("It becomes a draft: the linter finds errors in it."),)
        return Status.PUBLISHED, ()

    def _update(
        self, number: int, row: Sourced, fields: dict[str, Any], document: KnowledgeDocument, before: str | None,
        batch: _Batch,
    ) -> None:  # fmt: skip
        if self._policy.status != "stated":
            fields.pop("status", None)  # what is there keeps its place in its life
        stored = document.content_hash
        if not _apply(document, fields):
            # Remembered too, so that a file that has come to say what stands here is no conflict the next time.
            batch.origins[document.pk] = row
            if self._policy.remembers and not self._dry_run:
                remember(self._policy.label, [document], batch.origins)
            self._say(number, row, document.pk, Outcome.UNCHANGED, title=document.title)
            return
        conflict = self._conflict(document, stored, before)
        if conflict:
            self._say(number, row, document.pk, Outcome.CONFLICT, {"id": [conflict]}, title=document.title)
            return
        batch.updated.append(document)
        batch.origins[document.pk] = row
        self._say(number, row, document.pk, Outcome.UPDATED, title=document.title)

    def _conflict(self, document: KnowledgeDocument, stored: str, before: str | None) -> str:
        """Why a document must not be overwritten; empty when it may."""
        if not self._policy.may_publish and document.is_published:
            return _("The document is published, and you may not change published documents.")
        if not self._policy.keep_conflicts or stored == before:
            return ""
        if before is None:
            return _("There is a document with this identifier that did not come from an import.")
        return _("The document was changed here since the last import.")

    def _clean(self, number: int, sourced: Sourced) -> dict[str, Any] | None:
        row = sourced.row
        if isinstance(row, Unchanged):
            self._say(number, sourced, row.id, Outcome.UNCHANGED)
            return None
        if isinstance(row, Unreadable):
            self._say(number, sourced, "", Outcome.REFUSED, {"file": [row.reason]})
            return None
        if not isinstance(row, Mapping):
            self._say(number, sourced, "", Outcome.REFUSED, {"row": [_("This is no object.")]})
            return None
        try:
            return clean_fields(row)
        except InvalidDocument as exc:
            title = str(row.get("title") or "")
            self._say(number, sourced, str(row.get("id") or ""), Outcome.REFUSED, exc.errors, title=title)
            return None

    def _is_first(self, number: int, row: Sourced, fields: Mapping[str, Any]) -> bool:
        content = _hash(fields)
        first, known = self._seen.setdefault(fields["id"], (number, content))
        if first == number:
            return True
        if known == content:
            self._say(number, row, fields["id"], Outcome.UNCHANGED)
        else:
            text = _("This identifier stands in row %(row)d already, with other content.")
            reason = (text if known else _("This identifier stands in row %(row)d already.")) % {"row": first}
            self._say(number, row, fields["id"], Outcome.REFUSED, {"id": [reason]})
        return False

    def _say(
        self, number: int, row: Sourced, pk: str, outcome: Outcome, reasons: Mapping[str, list[str]] | None = None,
        *, title: str = "", remarks: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        verdict = Verdict(number, pk, outcome, reasons or {}, row.source, (*row.remarks, *remarks), title)
        self._verdicts.append(verdict)


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


def _store(batch: _Batch) -> None:
    """Write a batch. Bulk writes send no signals, so the chunks are made here; the outbox is told by the queryset."""
    if batch.created:
        KnowledgeDocument.objects.bulk_create(batch.created)
    if batch.updated:
        for document in batch.updated:
            document.updated_at = timezone.now()
        KnowledgeDocument.objects.bulk_update(batch.updated, [*CONTENT_FIELDS, *KEPT_FIELDS, "updated_at"])
    if batch.created or batch.updated:
        refresh_chunks([*batch.created, *batch.updated], current_glossary())
