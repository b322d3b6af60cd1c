"""The steps of a document between draft and archive. One service per step; each is permitted, recorded and whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from knowledge_base.contracts.checking import ContractReport
from knowledge_base.contracts.measuring import request_measurement
from knowledge_base.contracts.models import RetrievalMeasurement
from knowledge_base.contracts.services import candidate_of, check_contracts
from knowledge_base.lifecycle.editing import locked_situation, put_content
from knowledge_base.lifecycle.models import DocumentRevision, DocumentTransition, WorkingDraft
from knowledge_base.lifecycle.states import Situation, Step, StepRefused
from knowledge_base.linting import LintNote, errors_of, lint_document
from knowledge_base.linting.presenting import shown_language
from knowledge_base.models import KnowledgeDocument

Status = KnowledgeDocument.Status
DIRECT_SECONDS = 3.0  # for contracts, where somebody waits for an answer and sees no page about them
BULK_SECONDS = 20.0


class TextHasErrors(StepRefused):
    """The linter found what must not be published. Holds its notes."""

    code = "text_has_errors"

    def __init__(self, notes: list[LintNote]) -> None:
        self.notes = notes
        first = notes[0].text.say(shown_language())
        super().__init__(_("The text has errors that must be put right first: %(first)s") % {"first": first})


class ContractsBroken(StepRefused):
    """Publishing would make retrieval worse. Holds the report."""

    code = "contracts_broken"

    def __init__(self, report: ContractReport) -> None:
        self.report = report
        super().__init__(
            _("Publishing this would make the search worse: %(count)d questions would lose their document.")
            % {"count": len(report.lost)}
            if report.lost
            else _("Publishing this would make the search worse: documents would stand further behind.")
        )


class DraftOutdated(StepRefused):
    """Readers got another text since the draft was begun."""

    code = "draft_outdated"


@transaction.atomic
def submit(*, document: KnowledgeDocument, by: Any, reason: str = "") -> Situation:
    """Ask for a review. The text is locked until somebody answers."""
    return _move(document, Step.SUBMIT, Status.IN_REVIEW, by=by, reason=reason)


@transaction.atomic
def withdraw(*, document: KnowledgeDocument, by: Any, reason: str = "") -> Situation:
    """Take a text back from review, to go on writing."""
    return _move(document, Step.WITHDRAW, Status.DRAFT, by=by, reason=reason)


@transaction.atomic
def send_back(*, document: KnowledgeDocument, by: Any, reason: str = "") -> Situation:
    """Return a text to its author with what is wanted."""
    return _move(document, Step.SEND_BACK, Status.DRAFT, by=by, reason=reason)


def _move(document: KnowledgeDocument, step: str, state: str, *, by: Any, reason: str) -> Situation:
    now = locked_situation(document)
    now.require(step, by=by, reason=reason)
    if now.draft is not None:
        WorkingDraft.objects.filter(pk=now.draft.pk).update(state=state, updated_at=timezone.now())
    else:
        _set_status(now.document, state)
    record(now, step, by=by, reason=reason)
    return locked_situation(document)


@transaction.atomic
def publish(
    *,
    document: KnowledgeDocument,
    by: Any,
    reason: str = "",
    override: str = "",
    rebased: bool = False,
    report: ContractReport | None = None,
) -> Situation:
    """Let readers have the text that is worked on.

    `override` is the written reason to publish in spite of broken contracts; `rebased` says that the person has seen
    what was published since the draft was begun. `report` is the outcome of a check of this very text.
    Raises StepRefused: ReviewNeeded, DraftOutdated, TextHasErrors, ContractsBroken and others.
    """
    now = locked_situation(document)
    now.require(Step.PUBLISH, by=by, reason=reason)
    if now.draft is not None and now.draft.is_outdated and not rebased:
        raise DraftOutdated(_("Another text was published since this draft was begun. Compare them first."))
    checked = require_publishable(now.document, now.content, by=by, report=report, override=override)
    _take_draft(now)
    _set_status(now.document, Status.PUBLISHED)
    record_publishing(now.document, by=by, reason=reason, override=override, report=checked)
    return locked_situation(document)


def require_publishable(
    document: KnowledgeDocument,
    content: Mapping[str, Any],
    *,
    by: Any,
    report: ContractReport | None = None,
    override: str = "",
) -> ContractReport:
    """Raises TextHasErrors, or ContractsBroken unless there is a written reason to go on. Returns what was checked."""
    if by is None:
        return ContractReport.unchecked()
    if errors := errors_of(lint_notes(document, content)):
        raise TextHasErrors(errors)
    report = report or check_contracts(document=document, content=content, seconds=DIRECT_SECONDS)
    if report.is_regression and not override.strip():
        raise ContractsBroken(report)
    return report


def lint_notes(document: KnowledgeDocument, content: Mapping[str, Any]) -> list[LintNote]:
    """What the linter says of a text that is to be published."""
    return lint_document(candidate_of(document, content))


def record_publishing(
    document: KnowledgeDocument, *, by: Any, reason: str, override: str, report: ContractReport
) -> None:
    """Note that readers have the document's text from now on, and on what grounds."""
    revision = DocumentRevision.objects.filter(document=document, number=document.revision, published_at=None)
    revision.update(published_at=timezone.now())
    record(Situation(document, None), Step.PUBLISH, by=by, reason=reason,
           override=override if report.is_regression else "", contracts=report.as_json())  # fmt: skip
    request_measurement(RetrievalMeasurement.Trigger.PUBLISH, about=document.pk)


def _take_draft(now: Situation) -> None:
    """Make the draft the document's text, under the number it has had all along."""
    if now.draft is None:
        return
    revision = now.draft.revision
    put_content(now.document, revision.content)
    now.document.revision, now.document.content_hash = revision.number, revision.content_hash
    now.document.save()
    now.draft.delete()


@transaction.atomic
def unpublish(*, document: KnowledgeDocument, by: Any, reason: str = "") -> Situation:
    """Take a document out of every search. What was being written on it is kept."""
    now = locked_situation(document)
    now.require(Step.UNPUBLISH, by=by, reason=reason)
    _take_draft(now)
    _set_status(now.document, Status.DRAFT)
    record(now, Step.UNPUBLISH, by=by, reason=reason)
    return locked_situation(document)


@transaction.atomic
def archive(*, document: KnowledgeDocument, by: Any, reason: str = "") -> Situation:
    """Put a document away. A draft beside it is dropped; its revisions stay in the history."""
    now = locked_situation(document)
    now.require(Step.ARCHIVE, by=by, reason=reason)
    if now.draft is not None:
        now.draft.delete()
    _set_status(now.document, Status.ARCHIVED)
    record(now, Step.ARCHIVE, by=by, reason=reason)
    return locked_situation(document)


@transaction.atomic
def restore(*, document: KnowledgeDocument, by: Any, reason: str = "") -> Situation:
    """Fetch a document from the archive, as a draft."""
    now = locked_situation(document)
    now.require(Step.RESTORE, by=by, reason=reason)
    _set_status(now.document, Status.DRAFT)
    record(now, Step.RESTORE, by=by, reason=reason)
    return locked_situation(document)


@transaction.atomic
def discard_draft(*, document: KnowledgeDocument, by: Any, reason: str = "") -> Situation:
    """Drop the draft beside the published text. Its revisions stay in the history."""
    now = locked_situation(document)
    now.require(Step.DISCARD, by=by, reason=reason)
    assert now.draft is not None  # noqa: S101  (`require` has seen to it)
    record(now, Step.DISCARD, by=by, reason=reason)
    now.draft.delete()
    return locked_situation(document)


SERVICES = {
    Step.SUBMIT: submit, Step.WITHDRAW: withdraw, Step.SEND_BACK: send_back, Step.PUBLISH: publish,
    Step.UNPUBLISH: unpublish, Step.ARCHIVE: archive, Step.RESTORE: restore, Step.DISCARD: discard_draft,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusal:
    document: KnowledgeDocument
    why: str


def take_step(
    step: str, *, documents: Iterable[KnowledgeDocument], by: Any, reason: str = ""
) -> tuple[int, list[Refusal]]:
    """Take one step with each document that allows it. Return how many did, and why the others did not."""
    done, refused, chosen = 0, [], list(documents)
    for document in chosen:
        try:
            if step == Step.PUBLISH:
                with transaction.atomic():
                    report = _checked_in_bulk(document, by=by, of=len(chosen))
                publish(document=document, by=by, reason=reason, report=report)
            else:
                SERVICES[Step(step)](document=document, by=by, reason=reason)
            done += 1
        except StepRefused as exc:
            refused.append(Refusal(document, str(exc)))
    return done, refused


def _checked_in_bulk(document: KnowledgeDocument, *, by: Any, of: int) -> ContractReport | None:
    """Contracts with a share of the time that one person waits."""
    if by is None:
        return None
    now = locked_situation(document)
    return check_contracts(document=document, content=now.content, seconds=min(DIRECT_SECONDS, BULK_SECONDS / of))


def _set_status(document: KnowledgeDocument, status: str) -> None:
    if document.status != status:
        document.status = status
        document.save(update_fields=["status", "updated_at"])


def record(
    now: Situation, step: str, *, by: Any, reason: str, override: str = "", contracts: dict[str, Any] | None = None
) -> None:
    DocumentTransition.objects.create(
        document=now.document, step=step, revision=now.latest, actor=by, reason=reason.strip()[:1_000],
        override=override.strip()[:1_000], contracts=contracts or {},
    )  # fmt: skip
