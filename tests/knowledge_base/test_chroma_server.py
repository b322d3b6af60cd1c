"""The same promises on a real Chroma server, which several processes may use."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from knowledge_base import retrieval, services, vector_index
from knowledge_base.indexing import process_due_tasks
from knowledge_base.models import IndexTask, KnowledgeDocument
from knowledge_base.reconciling import differences
from knowledge_base.vector_store.base import VectorStoreUnavailable
from tests.knowledge_base.chroma_server import ChromaServer, require_chroma
from tests.knowledge_base.conftest import active_vectors, indexed_documents, settle

pytestmark = [pytest.mark.real_chroma, pytest.mark.django_db(transaction=True)]

QUESTION = "OOM command not allowed when used memory"


@pytest.fixture
def server(tmp_path: Path, settings: Any) -> Iterator[ChromaServer]:
    require_chroma()
    with ChromaServer(tmp_path / "server") as server:
        settings.CHROMA_URL = server.url
        yield server


@pytest.mark.usefixtures("server")
class InStepTests:
    def test_follows_creation_change_and_removal(self, make_document):
        document = make_document("a")
        make_document("b")
        settle()
        assert retrieval.search(QUESTION).vector_available

        services.update_document(document=document, fields={"title": "Sentinel quorum", "symptoms": ["no quorum"]})
        KnowledgeDocument.objects.filter(pk="b").delete()
        settle()

        assert indexed_documents() == {"a"}
        assert differences(active_vectors()).documents == []
        assert {record.revision for record in active_vectors().scan()} == {2}

    def test_rebuilds_beside_the_old_collection(self, make_document):
        make_document("a")
        settle()
        before = vector_index.active_collection()

        call_command("reindex", "--rebuild", stdout=io.StringIO())

        assert vector_index.active_collection().pk != before.pk
        vector_index.release_store()
        assert vector_index.own_store().names() == [vector_index.active_collection().name]

    def test_another_process_reads_what_this_one_wrote(self, server, make_document):
        make_document("a")
        settle()
        name = vector_index.active_collection().name

        probe = (
            "import sys; from knowledge_base.vector_store.chroma import open_server; "
            "print(open_server(sys.argv[1]).open(sys.argv[2]).count())"
        )
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sre_portal.settings"}
        done = subprocess.run(
            [sys.executable, "-c", probe, server.url, name], capture_output=True, text=True, env=environment, check=True
        )

        assert done.stdout.strip() == "2"


class AServerThatIsAwayTests:
    def test_leaves_search_by_words_and_says_so(self, server, make_document):
        make_document("a")
        settle()
        server.stop()

        found = retrieval.search(QUESTION)

        assert [passage.document_id for passage in found.passages] == ["a"]
        assert not found.vector_available
        assert "Chroma" in found.problem

    def test_keeps_the_work_for_later_and_loses_none(self, server, make_document):
        make_document("a")
        settle()
        server.stop()
        make_document("b")

        process_due_tasks()

        task = IndexTask.objects.get(document_id="b")
        assert task.state == IndexTask.State.FAILED
        server.start()
        vector_index.release_store()
        IndexTask.objects.update(due_at="2020-01-01T00:00Z")
        settle()
        assert indexed_documents() == {"a", "b"}

    def test_that_never_was_there_is_a_clear_sentence(self, settings):
        settings.CHROMA_URL = "http://127.0.0.1:9"

        with pytest.raises(VectorStoreUnavailable) as caught:
            vector_index.own_store()

        assert "Chroma" in str(caught.value)
        assert "\n" not in str(caught.value)
