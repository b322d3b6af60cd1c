"""A new index is filled beside the old one; damage and a change of the embedder heal the same way."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from knowledge_base import rebuilding, retrieval, vector_index
from knowledge_base.indexer import index_round
from knowledge_base.models import IndexCollection, IndexTask, KnowledgeDocument
from knowledge_base.rebuilding import request_rebuild
from knowledge_base.reconciling import differences
from knowledge_base.vector_store import chroma as chroma_store
from knowledge_base.vector_store.base import VectorStoreUnavailable
from tests.knowledge_base.conftest import active_vectors, indexed_documents, settle, vector_ids
from tests.openai_server import openai_server as openai_server

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def filled(chroma: Path, make_document: Any) -> Path:
    for number in range(30):
        make_document(f"doc-{number}", title=f"Trouble {number} with word{number}", notes=f"unique{number} " * 5)
    settle()
    return chroma


def works() -> bool:
    return retrieval.search("Trouble 7 with word7 unique7", threshold=0.0).vector_available


class RebuildingTests:
    def test_switches_in_one_step_and_drops_the_old_collection(self, filled):
        before = vector_index.active_collection()
        request_rebuild()

        settle()

        after = vector_index.active_collection()
        assert after.pk != before.pk
        assert IndexCollection.objects.count() == 1
        assert vector_index.own_store().names() == [after.name]
        assert len(indexed_documents()) == 30

    def test_the_old_collection_answers_while_the_new_one_is_filled(self, filled, monkeypatch):
        row = request_rebuild()
        seen: list[bool] = []

        rebuilding.rebuild(row, progress=lambda done, total: seen.append(works()))

        assert seen
        assert all(seen)

    def test_a_rebuild_that_was_cut_off_goes_on(self, filled):
        row = request_rebuild()

        def cut(done: int, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            rebuilding.rebuild(row, progress=cut)
        assert works()
        settle()

        assert vector_index.active_collection().pk == row.pk
        assert differences(active_vectors()).documents == []

    def test_changes_made_meanwhile_are_in_the_new_collection(self, filled, make_document):
        row = request_rebuild()

        def change(done: int, total: int) -> None:
            KnowledgeDocument.objects.get(pk="doc-1").delete()
            make_document("late")

        rebuilding.rebuild(row, progress=change)
        settle()

        assert "late" in indexed_documents()
        assert "doc-1" not in indexed_documents()

    def test_a_new_collection_that_fails_its_check_is_not_activated(self, filled, monkeypatch):
        before = vector_index.active_collection()
        monkeypatch.setattr(rebuilding, "LEAST_FOUND", 1.1)

        with pytest.raises(rebuilding.RebuildFailed):
            rebuilding.rebuild(request_rebuild())

        assert vector_index.active_collection().pk == before.pk
        assert works()


class DamageTests:
    @pytest.mark.parametrize("damage", ["folder deleted", "files cut short"])
    def test_of_the_search_structure_is_noticed_and_healed(self, chroma, make_document, monkeypatch, damage):
        """Chroma gives no error for a lost folder: it lists the vectors and answers with wrong neighbours."""
        monkeypatch.setitem(chroma_store.HNSW, "batch_size", 10)  # written to its files early
        monkeypatch.setitem(chroma_store.HNSW, "sync_threshold", 20)
        for number in range(60):
            make_document(f"doc-{number}", title=f"Trouble {number}", notes=f"unique{number} " * 5)
        settle()
        before = vector_index.active_collection()
        vector_index.release_store()
        (structure,) = [path for path in chroma.iterdir() if path.is_dir()]
        if damage == "folder deleted":
            shutil.rmtree(structure)
        else:
            for file in structure.iterdir():
                file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

        IndexCollection.objects.update(checked_at=None)
        settle()

        row = vector_index.active_collection()
        assert row.pk != before.pk, "the damage was not noticed"
        assert row.sample_found == row.sample_asked > 0
        assert differences(active_vectors()).documents == []

    def test_a_directory_that_cannot_be_opened_is_set_aside_and_filled_anew(self, filled):
        vector_index.release_store()
        (filled / "chroma.sqlite3").write_bytes(b"this is no database" * 100)

        settle()

        assert len(indexed_documents()) == 30
        assert [path.name for path in filled.parent.iterdir() if "damaged" in path.name]

    def test_a_deleted_directory_is_filled_anew(self, filled):
        vector_index.release_store()
        shutil.rmtree(filled)

        settle()

        assert len(indexed_documents()) == 30

    def test_a_collection_that_somebody_dropped_is_filled_anew(self, filled):
        vector_index.own_store().drop(vector_index.active_collection().name)
        vector_index.forget_collections()

        settle()

        assert len(indexed_documents()) == 30

    def test_meanwhile_words_answer_and_say_so(self, filled):
        vector_index.own_store().drop(vector_index.active_collection().name)
        vector_index.forget_collections()

        found = retrieval.search("Trouble 7 with word7 unique7", threshold=0.0)

        assert found.passages[0].document_id == "doc-7"
        assert not found.vector_available


class ChangingTheEmbedderTests:
    def test_costs_no_downtime(self, filled, settings, openai_server, monkeypatch):
        settings.OPENAI_BASE_URL = openai_server.url
        settings.OPENAI_EMBEDDING_MODEL = "embedder"
        assert works(), "the old collection answers with the embedder that filled it"
        states: list[bool] = []
        original = rebuilding.write_vectors
        monkeypatch.setattr(rebuilding, "write_vectors", lambda *a: (original(*a), states.append(works()))[0])

        settle()

        row = vector_index.active_collection()
        assert row.stamp == "openai:embedder"
        assert all(states)
        assert works()
        assert IndexCollection.objects.count() == 1

    def test_that_cannot_be_reached_leaves_the_old_index_in_place(self, filled, settings):
        settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
        settings.OPENAI_EMBEDDING_MODEL = "embedder"
        monkeypatched = pytest.MonkeyPatch()
        monkeypatched.setattr("time.sleep", lambda seconds: None)

        from knowledge_base.embedders.base import EmbedderUnavailable

        with pytest.raises(EmbedderUnavailable):
            index_round()
        monkeypatched.undo()

        assert works()
        assert IndexCollection.objects.get(state="active").stamp.startswith("hashed")


class CommandTests:
    def test_reindex_builds_what_is_missing_and_says_so(self, chroma, make_document):
        make_document("a")
        said = io.StringIO()

        call_command("reindex", stdout=said)

        assert "The index is in step." in said.getvalue()
        assert not IndexTask.objects.exclude(state="done").exists()

    def test_reconcile_mends_and_counts(self, filled):
        active_vectors().delete(vector_ids("doc-3")[:1])
        said = io.StringIO()

        call_command("reconcile", stdout=said)

        assert "1 missing" in said.getvalue()
        vector_index.own_store()
        assert differences(active_vectors()).missing == 0

    def test_releases_the_directory_at_the_end(self, filled):
        call_command("reconcile", stdout=io.StringIO())

        assert vector_index.attached_store() is None


class StoreFailureTests:
    def test_is_one_sentence_for_the_operator(self, filled):
        (filled / "x").touch()
        collection, first = active_vectors(), vector_ids("doc-1")[0]
        too_short = collection.vectors([first])[first][:10]

        with pytest.raises(VectorStoreUnavailable) as caught:
            collection.query(too_short, limit=1, where={})

        assert "\n" not in str(caught.value)
