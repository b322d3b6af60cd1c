"""Say what a document was worth, take it back, settle it, switch its effect off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from knowledge_base.feedback.models import Feedback, FeedbackQuerySet, FeedbackSwitch, FeedbackTally
from knowledge_base.feedback.weighing import Opinion, Vote, opinion_of, weights
from knowledge_base.models import KnowledgeDocument

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Clock = Callable[[], datetime]
LONGEST_WHY = 500


class NoReasonGiven(ValueError):
    """ "Wrong" alone tells a curator nothing."""


@transaction.atomic
def give_feedback(
    *, document: KnowledgeDocument, user: User, verdict: str, why: str = "", occasion: str = "",
    clock: Clock = timezone.now,
) -> Feedback:  # fmt: skip
    """Say that a document helped or is wrong. A second time on the same occasion replaces the first.

    Raises NoReasonGiven for "wrong" without a reason.
    """
    why = " ".join(why.replace("\x00", "").split())[:LONGEST_WHY]
    if Feedback.Verdict(verdict) is Feedback.Verdict.WRONG and not why:
        raise NoReasonGiven
    feedback, _created = Feedback.objects.update_or_create(
        document=document, user=user, occasion=occasion,
        defaults={
            "verdict": verdict, "why": why, "weight": 1.0, "revision": document.revision, "given_at": clock(),
            "withdrawn_at": None, "settled_at": None, "settled_by": None,
        },
    )  # fmt: skip
    _sum_up([document.pk])
    return feedback


@transaction.atomic
def withdraw_feedback(
    *, document: KnowledgeDocument, user: User, occasion: str = "", clock: Clock = timezone.now
) -> bool:
    """Take one's own words back. Return False if there were none."""
    own = Feedback.objects.filter(document=document, user=user, occasion=occasion, withdrawn_at__isnull=True)
    withdrawn = own.update(withdrawn_at=clock())
    _sum_up([document.pk])
    return bool(withdrawn)


@transaction.atomic
def pass_on(
    *, document_ids: Collection[str], user: User, verdict: str, why: str, occasion: str, clock: Clock = timezone.now
) -> None:
    """Count what was said of a whole report, a little, for the documents that it cites.

    What the person said of a document itself on that occasion stands.
    """
    own = Feedback.objects.filter(user=user, occasion=occasion, weight=1.0, withdrawn_at__isnull=True)
    said = set(own.filter(document__in=document_ids).values_list("document_id", flat=True))
    for document in KnowledgeDocument.objects.filter(pk__in=set(document_ids) - said):
        Feedback.objects.update_or_create(
            document=document, user=user, occasion=occasion,
            defaults={
                "verdict": verdict, "why": why[:LONGEST_WHY], "weight": weights().of_report,
                "revision": document.revision, "given_at": clock(), "withdrawn_at": None, "settled_at": None,
            },
        )  # fmt: skip
    _sum_up(document_ids)


@transaction.atomic
def withdraw_passed_on(*, user: User, occasion: str, clock: Clock = timezone.now) -> None:
    """Take back what a vote about a report had passed on."""
    passed = Feedback.objects.filter(user=user, occasion=occasion, weight__lt=1.0, withdrawn_at__isnull=True)
    ids = list(passed.values_list("document_id", flat=True))
    passed.update(withdrawn_at=clock())
    _sum_up(ids)


@transaction.atomic
def settle_feedback(*, feedback: FeedbackQuerySet, by: User | None, clock: Clock = timezone.now) -> int:
    """Mark feedback as dealt with: it stays readable and counts no longer. Return how much there was."""
    ids = list(feedback.values_list("document_id", flat=True))
    settled = feedback.counted().update(settled_at=clock(), settled_by=by)
    _sum_up(ids)
    return settled


@transaction.atomic
def switch_feedback(*, document: KnowledgeDocument | None, is_on: bool, reason: str, by: User | None) -> FeedbackSwitch:
    """Let feedback move the ranking of a document (None: of all documents), or not, from the next search on."""
    row = FeedbackSwitch(document=document, is_on=is_on, reason=reason.strip(), changed_by=by)
    row.full_clean()
    row.save()
    if document is not None:
        _sum_up([document.pk])
    return row


# --- Reading -----------------------------------------------------------------------------------------------------


def opinions_of(document_ids: Collection[str]) -> dict[str, Opinion]:
    """What feedback says about documents, for ranking. Two small queries; empty when it is switched off for all."""
    if not document_ids:
        return {}
    tallies = FeedbackTally.objects.filter(pk__in=document_ids).exclude(shift=0.0)
    found = {
        pk: Opinion(helped, wrong, shift)
        for pk, helped, wrong, shift in tallies.values_list("pk", "helped", "wrong", "shift")
    }
    return found if found and is_on_for_all() else {}


def is_on_for_all() -> bool:
    newest = FeedbackSwitch.objects.filter(document__isnull=True).order_by("-id").values_list("is_on", flat=True)
    return newest.first() is not False


def is_on_for(document: KnowledgeDocument) -> bool:
    newest = FeedbackSwitch.objects.filter(document=document).order_by("-id").values_list("is_on", flat=True)
    return newest.first() is not False


def own_feedback(*, user: Any, occasion: str, document_ids: Iterable[str]) -> Mapping[str, Feedback]:
    """What a person has said on an occasion, by document."""
    own = Feedback.objects.filter(
        user=user, occasion=occasion, document__in=list(document_ids), withdrawn_at__isnull=True
    )
    return {one.document_id: one for one in own}


def _sum_up(document_ids: Collection[str]) -> None:
    """Write the tallies of documents anew from their votes."""
    ids = set(document_ids)
    votes: dict[str, list[Vote]] = {pk: [] for pk in ids}
    rows = Feedback.objects.counted().filter(document__in=ids)
    for pk, person, verdict, weight in rows.values_list("document_id", "user_id", "verdict", "weight"):
        votes[pk].append(Vote(person, verdict == Feedback.Verdict.HELPED, weight))
    off = _switched_off(ids)
    for pk, cast in votes.items():
        opinion = opinion_of(cast)
        values = {"helped": opinion.helped, "wrong": opinion.wrong, "is_off": pk in off,
                  "shift": 0.0 if pk in off else opinion.shift}  # fmt: skip
        FeedbackTally.objects.update_or_create(document_id=pk, defaults=values)


def _switched_off(ids: Collection[str]) -> set[str]:
    newest: dict[str, bool] = {}
    rows = FeedbackSwitch.objects.filter(document__in=ids).order_by("id").values_list("document_id", "is_on")
    for pk, is_on in rows:
        newest[str(pk)] = is_on
    return {pk for pk, is_on in newest.items() if not is_on}
