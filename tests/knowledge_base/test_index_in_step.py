"""The index stays in step with the documents, whatever happens to them. On real embedded Chroma.

Where each known fault of such an index is tried (embedded Chroma unless a server is named):
stale reader, two writers: test_ownership.py, test_chroma_server.py (a server); a killed owner: test_ownership.py;
truncated or deleted search structure, damaged or deleted directory, dropped collection, vectors away:
test_rebuilding.py DamageTests; a server away: test_chroma_server.py; never empty while replaced, re-index that fails
half-way, atomic switch: test_rebuilding.py RebuildingTests; another embedder or dimension: ChangingTheEmbedderTests;
unpublished, deleted, uploaded again, bulk writes and raw changes, leftovers, crashes between steps: this file.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from knowledge_base import indexing, retrieval, services, vector_index
from knowledge_base.models import IndexCollection, IndexTask, KnowledgeDocument, StoredChunk
from knowledge_base.reconciling import differences
from knowledge_base.vector_store.base import VectorStoreUnavailable
from tests.knowledge_base.conftest import active_vectors, indexed_documents, settle, vector_ids, waiting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("chroma")]

QUESTION = "writes are refused because maxmemory is reached"


def found(question: str = QUESTION) -> list[str]:
    result = retrieval.search(question, threshold=0.0)
    assert result.vector_available, result.problem
    return [passage.document_id for passage in result.passages]


class SavingADocumentTests:
    def test_makes_it_findable_by_words_and_by_vectors(self, make_document):
        make_document("a")

        settle()

        assert found() == ["a"]
        assert indexed_documents() == {"a"}

    def test_is_found_by_words_before_its_vectors_are_there(self, make_document):
        make_document("a")

        result = retrieval.search(QUESTION)

        assert [passage.document_id for passage in result.passages] == ["a"]
        assert not result.vector_available
        assert result.problem

    def test_replaces_the_old_text_everywhere(self, make_document):
        document = make_document("a")
        settle()

        services.update_document(document=document, fields={"title": "Sentinel", "symptoms": ["quorum is lost"],
                                                            "root_causes": [], "diagnosis_steps": []})  # fmt: skip
        settle()

        (record,) = active_vectors().scan()
        assert record.revision == 2
        assert retrieval.search("OOM command not allowed").abstained
        assert found("the quorum is lost") == ["a"]

    def test_leaves_no_surplus_vector_when_the_text_gets_shorter(self, make_document):
        document = make_document("a", notes="\n\n".join(f"Paragraph {n} " + "word " * 200 for n in range(12)))
        settle()
        before = active_vectors().count()

        services.update_document(document=document, fields={"notes": ""})
        settle()

        assert active_vectors().count() < before
        assert active_vectors().count() == StoredChunk.objects.count()

    def test_keeps_the_vector_when_only_the_severity_changed(self, make_document, monkeypatch):
        document = make_document("a")
        settle()
        monkeypatch.setattr("knowledge_base.indexing.embedder_for", _never_embed)

        services.update_document(document=document, fields={"severity": "critical"})
        settle()

        assert {record.revision for record in active_vectors().scan()} == {2}


def _never_embed(*args: object) -> None:
    raise AssertionError("nothing had to be embedded")


class TakingADocumentAwayTests:
    @pytest.mark.parametrize("take", ["delete", "unpublish", "archive", "queryset_delete", "queryset_update", "raw"])
    def test_leaves_no_stray_vector(self, make_document, take):
        document = make_document("a")
        make_document("b")
        settle()

        _take_away(document, take)
        assert "a" not in found(), "stale vectors must never show a document that is gone"
        if take == "raw":
            IndexCollection.objects.update(checked_at=None)  # nobody is told; the periodic comparison finds it
        settle()

        assert indexed_documents() == {"b"}
        assert set(StoredChunk.objects.values_list("document_id", flat=True)) == {"b"}


def _take_away(document: KnowledgeDocument, how: str) -> None:
    match how:
        case "delete":
            services.delete_document(document=document)
        case "unpublish":
            services.unpublish_documents(documents=[document])
        case "archive":
            services.archive_documents(documents=[document])
        case "queryset_delete":
            KnowledgeDocument.objects.filter(pk="a").delete()
        case "queryset_update":
            KnowledgeDocument.objects.filter(pk="a").update(status="draft")
        case "raw":
            with connection.cursor() as cursor:
                cursor.execute("UPDATE knowledge_base_knowledgedocument SET status = 'draft' WHERE id = 'a'")


class BringingADocumentBackTests:
    def test_publishing_again_makes_it_findable_again(self, make_document):
        document = make_document("a")
        settle()
        services.unpublish_documents(documents=[document])
        settle()

        services.publish_documents(documents=[document])
        settle()

        assert found() == ["a"]
        assert indexed_documents() == {"a"}

    def test_the_same_identifier_can_be_used_again_after_a_deletion(self, make_document):
        make_document("a").delete()
        make_document("a", title="Cluster slots", symptoms=["CLUSTERDOWN hash slot not served"], root_causes=[])

        settle()

        assert found("hash slot not served") == ["a"]
        assert differences(active_vectors()).documents == []


class BulkChangesTests:
    def test_reach_the_index_although_they_send_no_signals(self, make_document):
        make_document("a")
        settle()

        KnowledgeDocument.objects.bulk_create(
            [KnowledgeDocument(pk=f"bulk-{n}", title=f"Bulk {n}", category="cluster", notes="slots") for n in range(30)]
        )
        documents = list(KnowledgeDocument.objects.filter(pk__startswith="bulk"))
        for document in documents[:5]:
            document.notes = "replication backlog"
        KnowledgeDocument.objects.bulk_update(documents[:5], ["notes"])
        settle()

        assert len(indexed_documents()) == 31
        assert differences(active_vectors()).documents == []

    def test_update_of_a_text_reaches_the_index(self, make_document):
        make_document("a")
        settle()

        KnowledgeDocument.objects.update(title="Lua script runs for ever")
        settle()

        assert found("lua script")[0] == "a"
        assert differences(active_vectors()).documents == []


class ACrashBetweenStepsTests:
    def test_rolled_back_changes_leave_nothing_to_do(self, make_document):
        make_document("a")
        settle()

        with transaction.atomic():
            make_document("b")
            transaction.set_rollback(True)

        assert waiting() == 0
        assert not StoredChunk.objects.filter(document_id="b").exists()

    def test_a_task_whose_holder_died_is_taken_up_after_its_lease(self, make_document):
        make_document("a")
        settle()
        make_document("b")
        IndexTask.objects.claim(limit=10, lease=timedelta(seconds=-1), at=timezone.now())  # and then: kill -9

        settle()

        assert indexed_documents() == {"a", "b"}
        assert waiting() == 0

    def test_a_task_that_is_held_is_left_alone(self, make_document):
        make_document("a")
        IndexTask.objects.claim(limit=10, lease=timedelta(minutes=5), at=timezone.now())

        assert IndexTask.objects.claim(limit=10, lease=timedelta(minutes=5), at=timezone.now()) == []

    def test_a_change_during_the_indexing_is_not_lost(self, make_document, monkeypatch):
        document = make_document("a")
        settle()
        services.update_document(document=document, fields={"title": "First change"})
        original = indexing.index_documents

        def change_meanwhile(document_ids):
            revisions = original(document_ids)
            monkeypatch.setattr(indexing, "index_documents", original)
            services.update_document(document=document, fields={"title": "Second change"})
            return revisions

        monkeypatch.setattr(indexing, "index_documents", change_meanwhile)
        settle()

        assert {record.revision for record in active_vectors().scan()} == {3}
        assert waiting() == 0

    def test_vectors_written_without_their_task_being_closed_are_harmless(self, make_document):
        make_document("a")
        settle()
        IndexTask.objects.update(state=IndexTask.State.PENDING)  # died between writing and closing

        settle()

        assert active_vectors().count() == StoredChunk.objects.count()

    def test_a_failure_is_kept_where_an_operator_looks_and_tried_again_later(self, make_document, monkeypatch):
        make_document("a")
        settle()
        make_document("b")
        monkeypatch.setattr(indexing, "write_vectors", _fail)

        indexing.process_due_tasks()

        task = IndexTask.objects.get(document_id="b")
        assert task.state == IndexTask.State.FAILED
        assert "the disk is full" in task.last_error
        assert task.due_at > timezone.now()
        assert indexing.process_due_tasks() == 0
        monkeypatch.undo()
        assert indexing.process_due_tasks(at=task.due_at) == 1
        assert IndexTask.objects.get(document_id="b").state == IndexTask.State.DONE


def _fail(*args: object) -> int:
    raise VectorStoreUnavailable("Chroma can't answer: the disk is full")


class ReconcilingTests:
    def test_finds_missing_outdated_and_stray_vectors(self, make_document):
        for pk in ("a", "b", "c"):
            make_document(pk)
        settle()
        vectors = active_vectors()
        record = vectors.of_documents(["a"])[0]
        vector = vectors.vectors([record.id])[record.id]
        vectors.delete(vector_ids("b"))
        vectors.upsert([_altered(record, digest="old")], vector[None, :])
        vectors.upsert([_altered(record, key="ghost#0", document_id="ghost")], vector[None, :])

        report = differences(vectors)

        assert (report.missing, report.outdated, report.stray) == (2, 1, 1)
        IndexCollection.objects.update(checked_at=None)
        settle()
        assert differences(active_vectors()).documents == []
        assert indexed_documents() == {"a", "b", "c"}

    def test_remakes_full_text_that_was_lost(self, make_document):
        make_document("a")
        settle()
        StoredChunk.objects.all().delete()

        IndexCollection.objects.update(checked_at=None)
        settle()

        assert StoredChunk.objects.filter(document_id="a").exists()
        assert vector_index.active_collection().sample_found == 2


def _altered(record, **changes):
    return replace(record, **changes)
