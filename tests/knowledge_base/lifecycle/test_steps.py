from __future__ import annotations

from typing import Any

import pytest

from knowledge_base import retrieval, services
from knowledge_base.lifecycle import editing, steps
from knowledge_base.lifecycle.models import DocumentRevision, DocumentTransition, WorkingDraft
from knowledge_base.lifecycle.states import NotPermitted, ReviewNeeded, StepRefused, situation_of
from knowledge_base.models import KnowledgeDocument
from tests.conftest import make_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]

DEAD = "redis-cli MEMORY DIAGNOSE"


def found(question: str) -> list[str]:
    return [passage.document_id for passage in retrieval.search(question).passages]


class ReworkTests:
    """A published document that is being rewritten."""

    def test_readers_keep_the_published_text_until_the_next_is_published(self, make_document, carol):
        document = make_document("oom", symptoms=["OOM command not allowed"])

        editing.edit_document(document=document, fields={"symptoms": ["sentinel quorum lost"]}, by=carol)

        document.refresh_from_db()
        assert document.symptoms == ["OOM command not allowed"]
        assert found("OOM command not allowed") == ["oom"]
        assert situation_of(document).content["symptoms"] == ["sentinel quorum lost"]

    def test_publishing_gives_them_the_new_text_under_the_drafts_number(self, make_document, carol):
        document = make_document("oom")
        editing.edit_document(document=document, fields={"notes": "First."}, by=carol)
        editing.edit_document(document=document, fields={"notes": "Second."}, by=carol)

        steps.publish(document=document, by=carol)

        document.refresh_from_db()
        assert (document.notes, document.revision, document.status) == ("Second.", 3, "published")
        assert not WorkingDraft.objects.exists()

    def test_a_draft_that_was_overtaken_is_published_only_knowingly(self, make_document, carol):
        document = make_document("oom")
        editing.edit_document(document=document, fields={"notes": "Draft."}, by=carol)
        services.update_document(document=document, fields={"title": "Fixed over the API"}, by=carol)

        with pytest.raises(steps.DraftOutdated):
            steps.publish(document=document, by=carol)
        steps.publish(document=document, by=carol, rebased=True)

        document.refresh_from_db()
        assert document.notes == "Draft."

    def test_unpublishing_keeps_what_was_being_written(self, make_document, carol):
        document = make_document("oom")
        editing.edit_document(document=document, fields={"notes": "Draft."}, by=carol)

        steps.unpublish(document=document, by=carol, reason="Its command harms.")

        document.refresh_from_db()
        assert (document.status, document.notes) == ("draft", "Draft.")
        assert found("OOM command not allowed") == []


class StepTests:
    def test_each_is_recorded_with_who_and_why(self, make_document, carol):
        document = make_document("oom", status="draft")

        steps.submit(document=document, by=carol, reason="Ready.")
        steps.send_back(document=document, by=carol, reason="The undo is missing.")

        rows = list(DocumentTransition.objects.values_list("step", "actor__username", "reason"))
        assert rows == [("send_back", "carol", "The undo is missing."), ("submit", "carol", "Ready.")]

    def test_a_text_in_review_is_locked(self, make_document, carol):
        document = make_document("oom", status="draft")
        steps.submit(document=document, by=carol)

        with pytest.raises(StepRefused):
            editing.edit_document(document=document, fields={"notes": "x"}, by=carol)

    @pytest.mark.parametrize(
        ("status", "step"),
        [
            ("published", "submit"), ("draft", "withdraw"), ("draft", "unpublish"), ("archived", "publish"),
            ("archived", "archive"), ("published", "restore"), ("draft", "discard"),
        ],
    )  # fmt: skip
    def test_leads_nowhere_from_the_wrong_state(self, make_document, carol, status, step):
        document = make_document("oom", status=status)

        with pytest.raises(StepRefused):
            steps.SERVICES[step](document=document, by=carol, reason="Because.")

        assert KnowledgeDocument.objects.get().status == status
        assert not DocumentTransition.objects.exists()

    def test_operators_may_take_none(self, make_document, bob):
        document = make_document("oom", status="draft")

        with pytest.raises(NotPermitted):
            steps.publish(document=document, by=bob)

    @pytest.mark.parametrize("step", ["unpublish", "archive"])
    def test_what_takes_a_runbook_off_the_air_needs_a_reason(self, make_document, carol, step):
        document = make_document("oom")

        with pytest.raises(StepRefused):
            steps.SERVICES[step](document=document, by=carol)

    def test_the_linter_stops_a_text_with_errors(self, make_document, carol):
        document = make_document("oom", status="draft", diagnosis_steps=[{"text": "Look.", "command": DEAD}])

        with pytest.raises(steps.TextHasErrors, match="MEMORY DIAGNOSE"):
            steps.publish(document=document, by=carol)


class ReviewTests:
    @pytest.fixture
    def dora(self, db: None) -> Any:
        return make_person("dora", role="curator")

    def written_by(self, author: Any) -> KnowledgeDocument:
        fields = {"id": "oom", "title": "Writes refused", "category": "memory", "status": "draft", "notes": "x"}
        return services.create_document(fields=fields, by=author)

    def test_one_curator_alone_publishes_what_she_wrote(self, carol):
        document = self.written_by(carol)

        assert steps.publish(document=document, by=carol).document.is_published

    def test_with_two_somebody_else_has_to(self, carol, dora):
        document = self.written_by(carol)

        with pytest.raises(ReviewNeeded):
            steps.publish(document=document, by=carol)

        assert steps.publish(document=document, by=dora).document.is_published

    def test_the_last_hand_counts(self, carol, dora):
        document = self.written_by(carol)
        editing.edit_document(document=document, fields={"notes": "Dora's."}, by=dora)

        with pytest.raises(ReviewNeeded):
            steps.publish(document=document, by=dora)

    def test_a_setting_asks_for_it_always_or_never(self, carol, dora, settings):
        document = self.written_by(carol)
        settings.KNOWLEDGE_REVIEW = "self"

        assert steps.publish(document=document, by=carol).document.is_published

        settings.KNOWLEDGE_REVIEW = "four-eyes"
        editing.edit_document(document=document, fields={"notes": "More."}, by=carol)
        with pytest.raises(ReviewNeeded):
            steps.publish(document=document, by=carol)

    def test_in_bulk_those_that_may_not_be_published_are_named(self, carol, dora, make_document):
        make_document("free", status="draft")
        self.written_by(carol)

        done, refused = steps.take_step("publish", documents=KnowledgeDocument.objects.all(), by=carol)

        assert done == 1
        assert [one.document.pk for one in refused] == ["oom"]


class RevisionTests:
    def test_every_change_leaves_one_with_author_time_and_reason(self, make_document, carol):
        document = make_document("oom", status="draft")

        editing.edit_document(document=document, fields={"notes": "x"}, by=carol, reason="Seen last night.")

        newest = DocumentRevision.objects.get(number=2)
        assert (newest.author, newest.reason, newest.content["notes"]) == (carol, "Seen last night.", "x")
        assert newest.created_at is not None

    def test_bulk_writes_leave_them_too(self, make_document):
        one, other = make_document("a"), make_document("b")
        one.title, other.tags = "Changed", ["new"]

        KnowledgeDocument.objects.bulk_update([one, other], ["title", "tags"])
        KnowledgeDocument.objects.filter(pk="a").update(severity="low")

        numbers = DocumentRevision.objects.order_by("document_id", "number").values_list("document_id", "number")
        assert list(numbers) == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2)]
        newest = DocumentRevision.objects.get(document_id="a", number=3)
        assert newest.content_hash == KnowledgeDocument.objects.get(pk="a").content_hash
        assert newest.content["severity"] == "low"

    def test_imports_leave_them_too(self, make_document, carol):
        make_document("oom")

        services.bulk_import(rows=[{"id": "oom", "title": "Imported", "category": "memory"}], by=carol)

        newest = DocumentRevision.objects.get(number=2)
        assert (newest.source, newest.content["title"], newest.author) == ("imported", "Imported", carol)

    def test_are_never_altered(self, make_document):
        make_document("oom")
        revision = DocumentRevision.objects.get()
        revision.reason = "rewritten"

        with pytest.raises(Exception, match="r1"):
            revision.save()

    def test_rolling_back_is_the_next_one(self, make_document, carol):
        document = make_document("oom", notes="good")
        services.update_document(document=document, fields={"notes": "bad"}, by=carol)

        editing.roll_back(document=document, number=1, by=carol, reason="It misled us.")
        steps.publish(document=document, by=carol)

        document.refresh_from_db()
        assert (document.notes, document.revision) == ("good", 3)
        assert DocumentRevision.objects.get(number=3).source == "rolled_back"


class TwoPeopleTests:
    def test_changes_of_different_fields_are_both_kept(self, make_document, carol, alice):
        document = make_document("oom", status="draft")
        editing.edit_document(document=document, fields={"title": "Hers"}, by=alice, base=1)

        edited = editing.edit_document(
            document=document, fields={"title": document.title, "notes": "Mine."}, by=carol, base=1
        )

        document.refresh_from_db()
        assert (document.title, document.notes) == ("Hers", "Mine.")
        assert edited.taken_over == ("title",)

    def test_changes_of_the_same_field_are_a_conflict_and_both_are_stored(self, make_document, carol, alice):
        document = make_document("oom", status="draft")
        editing.edit_document(document=document, fields={"title": "Hers"}, by=alice, base=1)

        with pytest.raises(editing.EditConflict) as conflict:
            editing.edit_document(document=document, fields={"title": "Mine"}, by=carol, base=1)
        editing.edit_document(
            document=document, fields={"title": "Mine"}, by=carol, base=1, overrule=conflict.value.latest
        )

        document.refresh_from_db()
        assert document.title == "Mine"
        assert DocumentRevision.objects.get(number=2).content["title"] == "Hers"
